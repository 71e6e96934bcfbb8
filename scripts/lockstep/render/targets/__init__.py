"""Serving targets: each is a package with one module per component."""
