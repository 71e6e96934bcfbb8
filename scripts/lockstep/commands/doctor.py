"""``lockstep doctor``: what is missing on this machine, in this repository, and at its servers."""

from pathlib import Path

from lockstep.check.argocd_probes import argocd_probes
from lockstep.check.forge_probes import forge_probes
from lockstep.check.machine_probes import MACHINE
from lockstep.check.probing import probe_all
from lockstep.check.repository_probes import repository_probes
from lockstep.model.tool_results import Diagnosis


def run(root: Path) -> Diagnosis:
    """Look at every part. Raises nothing: what cannot be looked at is reported as such."""
    servers = (*forge_probes(root), *argocd_probes(root))
    return Diagnosis((*probe_all(MACHINE), *repository_probes(root), *servers))
