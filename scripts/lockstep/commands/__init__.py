"""One verb per file: read, call an engine (transactions or check), give its result."""
