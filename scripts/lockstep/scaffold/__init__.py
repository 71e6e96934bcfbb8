"""The texts of a new fleet's files: pure, from values that are checked before."""
