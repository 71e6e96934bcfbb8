"""Lockstep: a GitOps pipeline that rolls out model versions to all their clusters in lockstep."""

__version__ = "0.1.0"
