"""The gate source ``argocd``: whether what git says of a cluster is live, by content.

``source`` asks Argo CD's API; ``judging`` says what an Application means, held against git; and
``live_since`` when its content became live.
"""

from lockstep.gate_sources.argocd.facts import FolderFacts, WantedApplication
from lockstep.gate_sources.argocd.source import ArgocdContext, ArgocdGates

__all__ = ["ArgocdContext", "ArgocdGates", "FolderFacts", "WantedApplication"]
