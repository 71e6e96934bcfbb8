"""Names and hosts that two clusters of one environment have, in one family or in two.

A host that one cluster has twice is found, too.
"""

from collections.abc import Iterable, Iterator

from lockstep.model.document import Pointer, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Family
from lockstep.spec.assemble import cluster_name
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief

_NAME: Pointer = ("metadata", "name")
_HOST: Pointer = ("spec", "host")
_HOSTS: Pointer = ("spec", "hosts")


def taken_by(family: Family) -> Iterator[tuple[str, str]]:
    """What the clusters of a family take, each as ``name`` or ``host`` and the value."""
    for cluster in family.clusters:
        for what, _, value in _taken(cluster):
            yield what, value


def check_duplicates(families: Iterable[Family]) -> Iterator[Finding]:
    """A finding for each cluster that takes what an earlier one of the environment has.

    ``families`` are in name order. Those that share nothing with others may be left out.
    """
    known: dict[tuple[str, str], tuple[Cluster, Place]] = {}
    for cluster in (cluster for family in families for cluster in family.clusters):
        for what, pointer, value in _taken(cluster):
            place = Place.in_cluster(cluster, pointer)
            # One cluster owns a host: Istio does not define what two VirtualServices for it do.
            owner, first = known.setdefault((what, value), (cluster, place))
            if owner is not cluster:
                yield _duplicate(place, first, what, value)
            elif first is not place:
                yield _repeated(place, first, value)


def _taken(cluster: Cluster) -> Iterator[tuple[str, Pointer, str]]:
    stem = cluster.path.rsplit("/", 1)[-1].removesuffix(".yaml")
    name = value_at(cluster.effective, _NAME)
    # A wrong name is reported already, and may look like a duplicate because it is wrong.
    if isinstance(name, str) and name == cluster_name(cluster.family, stem):
        yield "name", _NAME, name
    further = [(*_HOSTS, index) for index, _ in enumerate(entries(cluster.effective, _HOSTS))]
    for pointer in (_HOST, *further):
        host = value_at(cluster.effective, pointer)
        if isinstance(host, str):
            yield "host", pointer, host


def _duplicate(place: Place, first: Place, what: str, value: str) -> Finding:
    return place.finding(
        f"structure.duplicate-{what}",
        f"the {what} {brief(value)} is already used by {first.document.path}",
        f"choose another {what}" if what == "host" else "rename one of the two files",
        others=[first.related_as("uses it already")],
    )


def _repeated(place: Place, first: Place, host: str) -> Finding:
    return place.finding(
        "structure.duplicate-host",
        f"duplicate entry: the host {brief(host)} is already {first.field} of this cluster",
        "remove it: a cluster has each host once",
        others=[first.related_as("the first of the two")],
    )
