"""The gate source ``prometheus``: any query, and counts of both versions in blocks of time."""
