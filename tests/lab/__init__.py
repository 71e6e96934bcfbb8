"""A lab on loopback: Kubernetes with nodes but without containers, Argo CD, and a git server."""

from tests.lab.lab import AlreadyRunning, Lab, running, start, stop

__all__ = ["AlreadyRunning", "Lab", "running", "start", "stop"]
