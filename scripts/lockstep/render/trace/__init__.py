"""From a rendered value back to the line that its author wrote."""
