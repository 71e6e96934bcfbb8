"""The schemas of all files: read, asked, explained, and shown to people and to OPA."""
