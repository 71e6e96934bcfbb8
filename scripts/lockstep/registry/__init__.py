"""Model registries: what one says about a version."""
