"""Lockstep: a GitOps pipeline that keeps clusters of model versions right."""

__version__ = "0.1.0"
