"""git, run as a program: what is checked out and published, and how a commit becomes visible."""

from lockstep.edges.git.repository import Git, Raced

__all__ = ["Git", "Raced"]
