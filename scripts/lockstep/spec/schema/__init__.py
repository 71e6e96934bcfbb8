"""The schemas of all files: read, compiled, explained, documented, and flattened for OPA."""
