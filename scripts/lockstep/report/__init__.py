"""Reporters: what a person or a machine reads of a result."""
