"""YAML files: read with the place of every value, written in one form."""
