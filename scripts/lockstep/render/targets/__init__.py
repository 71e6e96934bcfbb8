"""Serving targets: each is a package with one module per component, and what all of them share."""
