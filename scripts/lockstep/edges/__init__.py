"""Input and output: git, files, other programs, the cache, the clock."""
