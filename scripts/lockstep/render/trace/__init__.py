"""From a rendered value back to the line of the spec or of the template that caused it."""
