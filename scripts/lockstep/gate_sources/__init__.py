"""Where gates get their evidence: the interface, and one module per source."""
