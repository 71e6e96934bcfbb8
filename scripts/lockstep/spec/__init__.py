"""Pure stages: they take values and return values, and do no I/O."""
