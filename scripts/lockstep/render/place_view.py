"""A tenant in one Kubernetes cluster, as the components of its namespaces see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from lockstep.model.canonical import digest_json
from lockstep.model.document import Json
from lockstep.render.targets.origins import OriginTree
from lockstep.render.view import ArgoCd, environment_inputs


class NetworkRule(NamedTuple):
    """A rule of a NetworkPolicy, and where its values are written."""

    rule: Json
    origin: OriginTree


@dataclass(frozen=True, slots=True)
class TenantPlaceView:
    """The namespaces of a tenant in one Kubernetes cluster, which Argo CD knows as ``destination``.

    ``index`` is the tenant's place in the environment's list; ``regions`` are the indexes of the
    regions that have this cluster. ``quotas`` are hard limits by namespace, as Kubernetes names
    them, with the indexes of the tenant's quotas that they are the sum of. ``network`` holds the
    ``ingress`` and ``egress`` rules of every namespace, with where they are written; None where it
    is open.
    """

    environment: str
    tenant: str
    index: int
    destination: str
    regions: tuple[int, ...]
    namespaces: tuple[str, ...]
    quotas: Mapping[str, tuple[Mapping[str, str], tuple[int, ...]]]
    network: Mapping[str, list[NetworkRule]] | None
    pod_security: str | None
    kubernetes: str
    project: str
    confirmed: bool
    argocd: ArgoCd

    def inputs(self) -> dict[str, Json]:
        """Digests of what the output depends on in addition to the templates."""
        place = {
            "tenant": self.tenant,
            "destination": self.destination,
            "namespaces": list(self.namespaces),
            "project": self.project,
            "confirmed": self.confirmed,
            "quotas": {name: dict(hard) for name, (hard, _) in self.quotas.items()},
        }
        if self.network is not None:
            place["network"] = {
                name: [each.rule for each in rules] for name, rules in self.network.items()
            }
        if self.pod_security is not None:
            place["podSecurity"] = [self.pod_security, self.kubernetes]
        shared = environment_inputs(self.environment, self.argocd)
        return {"environment": digest_json({**shared, **place})}
