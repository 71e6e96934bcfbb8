"""Forges: the servers that hold pull requests beside git. One module for each kind."""
