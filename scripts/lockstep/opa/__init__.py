"""OPA: the program, its compiler, and sessions with a child process or a running server."""
