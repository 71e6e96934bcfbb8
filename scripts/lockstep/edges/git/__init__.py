"""git, run as a program: what is checked out and published, and how a commit becomes visible."""

from lockstep.edges.git.references import Raced
from lockstep.edges.git.remotes import PushRefused, Remote
from lockstep.edges.git.repository import Git

__all__ = ["Git", "PushRefused", "Raced", "Remote"]
