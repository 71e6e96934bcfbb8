"""Two folders that would write the same path, own the same object or the same host."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from lockstep.model.document import Document, Json, Pointer, value_at
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import Cluster
from lockstep.render.fields import finding_at
from lockstep.render.names import KEDA_PREFIX

_NAMED = 5
"""The other claimants that a message names."""

_PROJECT: Pointer = ("spec", "argocd", "project")

ARGOCD = "Argo CD"
"""Applications and their projects live where Argo CD does, wherever their own objects go."""


class Claim(NamedTuple):
    """One thing that only one folder may have: what it is, and the field that chose it."""

    what: str
    pointer: Pointer


Claims = tuple[Claim, ...]


Shared = Mapping[str, Document]
"""The AppProjects that environments use and Lockstep does not write, with the environment."""

NAME: Pointer = ("metadata", "name")


def claims_of(
    path: str, destination: str, manifests: Iterable[Json], name: Pointer = NAME
) -> Claims:
    """What a folder claims: its path, its objects in their cluster, and the hosts it routes.

    ``name`` is the field that its objects are named by.
    """
    # A folder can be claimed twice: two families may have a cluster of one name.
    claims = [Claim(f"the folder {path}", name)]
    for manifest in manifests:
        metadata, kind = manifest["metadata"], manifest["kind"]
        place = ARGOCD if kind in ("Application", "AppProject") else destination
        where = f"{metadata.get('namespace', '')}/{metadata['name']} in {place}"
        claims.append(Claim(f"the {kind} {where}", name))
        if kind == "ScaledObject":  # KEDA makes this object of it
            autoscaler = f"{metadata.get('namespace', '')}/{KEDA_PREFIX}{metadata['name']}"
            claims.append(Claim(f"the HorizontalPodAutoscaler {autoscaler} in {place}", name))
        # Of two VirtualServices for one host, Istio does not define whose routes apply.
        if kind == "VirtualService":
            claims += _hosts(place, manifest["spec"]["hosts"])
    return tuple(claims)


def _hosts(place: str, hosts: Sequence[str]) -> Iterator[Claim]:
    """The hosts of a VirtualService: that of the cluster, its further ones, and its Service's."""
    for index, host in enumerate(hosts):
        further = 0 < index < len(hosts) - 1
        pointer: Pointer = ("spec", "hosts", index - 1) if further else ("spec", "host")
        yield Claim(f"the host {host} in {place}", pointer)


def shared_projects(environments: Iterable[Document]) -> Shared:
    """The AppProject of ``spec.argocd`` of each environment, as it would be claimed."""
    projects: dict[str, Document] = {}
    for document in environments:
        namespace = value_at(document.value, ("spec", "argocd", "namespace"))
        project = value_at(document.value, _PROJECT)
        projects.setdefault(f"the AppProject {namespace}/{project} in {ARGOCD}", document)
    return projects


def find_collisions(
    folders: Iterable[tuple[Cluster | Document, Claims]], shared: Shared
) -> dict[int, list[Finding]]:
    """Findings by the index of the folder, for each that claims what another folder claims.

    Also for a tenant whose AppProject would replace one that is ``shared``.
    """
    origins: list[Cluster | Document] = []
    claimed: dict[str, list[tuple[int, Pointer]]] = {}
    for index, (origin, claims) in enumerate(folders):
        origins.append(origin)
        for claim in claims:
            claimed.setdefault(claim.what, []).append((index, claim.pointer))
    findings: dict[int, list[Finding]] = {}
    for what, document in shared.items():
        for index, pointer in claimed.get(what, ()):
            finding = _replaced(origins[index], pointer, what, document)
            findings.setdefault(index, []).append(finding)
    for what, claimants in claimed.items():
        if len(claimants) > 1:
            holders = Counter(origins[index].path for index in {index for index, _ in claimants})
            paths = sorted(holders)
            for index, pointer in claimants:
                own = origins[index].path
                others = (path for path in paths if path != own or holders[path] > 1)
                count = len(paths) - (holders[own] == 1)
                # Of many only the first: otherwise each of them would name all others.
                listed = ", ".join(islice(others, _NAMED))
                more = f" and {count - _NAMED} more" if count > _NAMED else ""
                finding = _finding(origins[index], pointer, what, listed + more)
                findings.setdefault(index, []).append(finding)
    return findings


def _replaced(
    origin: Cluster | Document, pointer: Pointer, what: str, document: Document
) -> Finding:
    # Every Application of the environment, and the one that brings them, would be held to what one
    # tenant may do; and who edits the tenant would edit what all others may.
    message = f"this tenant's AppProject would replace {what}, the spec.argocd.project of "
    fix = "give the tenant another name, or the shared project"
    finding = finding_at(origin, pointer, "render.collision", message + document.path, fix)
    place = Related(*document.locate(_PROJECT), "the shared project")
    return replace(finding, related=(*finding.related, place))


def _finding(origin: Cluster | Document, pointer: Pointer, what: str, others: str) -> Finding:
    # A cluster can claim a thing twice by itself, and then there is no other to name.
    message = f"{what} is also claimed by {others or 'this cluster'}"
    fix = "give one of them another name, namespace or host"
    return finding_at(origin, pointer, "render.collision", message, fix)
