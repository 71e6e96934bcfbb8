"""What judges a tree: validation, policy sets, the pipeline over all families, shards."""
