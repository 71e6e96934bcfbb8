"""Checks a tree: validation, policy sets, the pipeline over all families, shards, the cache."""
