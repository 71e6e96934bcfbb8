"""One verb per file: load, run the stages, write, report."""
