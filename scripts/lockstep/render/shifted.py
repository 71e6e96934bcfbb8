"""The manifests of a shift, made from the committed ones by changing scalars in place.

Where templates or fields have changed since the committed manifests were rendered, rendering the
shifted specs would bring that change to production together with the traffic. So only weights
and the floors of autoscalers change here, and every other byte stays.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace

from lockstep.model.document import Document, Json, Pointer, value_at
from lockstep.render.names import version_slug
from lockstep.render.parse import Unreadable, parse_manifest
from lockstep.render.provenance import FILE_NAME, digests, parse_provenance
from lockstep.spec.yaml.load import load_yaml

Files = Mapping[str, bytes]
"""The files of one folder by name."""

Edits = dict[Pointer, str | int]
"""New scalars by their place in a manifest."""

TRAFFIC = "virtualservice.yaml"
"""The file that routes the requests of a cluster."""

WEIGHTS = "prometheusrule-weights.yaml"
"""The file with the weights that an alert compares with the live ones; not every folder has it."""

_WORKLOAD = ("deployment", "destinationrule")
"""The components without which a version cannot get traffic."""


_SCALERS: dict[str, tuple[str, tuple[Pointer, ...]]] = {
    "horizontalpodautoscaler": ("maxReplicas", (("spec", "minReplicas"),)),
    "scaledobject": (
        "maxReplicaCount", (("spec", "minReplicaCount"), ("spec", "fallback", "replicas")),
    ),
}  # fmt: skip
"""The components that scale, with the field of their maximum and those that hold the floor."""


class CannotEdit(ValueError):
    """The committed files are not such that a shift can be written into them."""


def shifted_folder(folder: Files, bad: Collection[str], good: str) -> dict[str, bytes]:
    """A committed folder in which the traffic of the ``bad`` subsets goes to the ``good`` one.

    A version's subset is named by its slug. Raises CannotEdit where ``good`` has no workload in
    the folder, or its routes have another form than those that Lockstep renders.
    """
    missing = [name for kind in _WORKLOAD if (name := f"{kind}-{good}.yaml") not in folder]
    if missing:
        raise CannotEdit(f"the committed folder has no {missing[0]}")
    if TRAFFIC not in folder:
        raise CannotEdit(f"the committed folder has no {TRAFFIC}")
    data = folder[TRAFFIC]
    edited = {TRAFFIC: _edited(TRAFFIC, data, _route_edits(data, bad, good))}
    if WEIGHTS in folder:
        # What cannot be edited here stays: an alert too many must not keep traffic from moving.
        with suppress(CannotEdit):
            edits = _weight_edits(_parsed(folder[WEIGHTS]), bad, good)
            edited[WEIGHTS] = _edited(WEIGHTS, folder[WEIGHTS], edits)
    return _with_files(folder, edited)


def with_floors(folder: Files, floors: Mapping[str, int]) -> dict[str, bytes]:
    """A committed folder in which versions, by their slugs, have these floors.

    That is the minimum of the autoscaler, and the replicas that a new Deployment begins with; never
    more than the committed maximum, which Kubernetes would refuse. What cannot be edited stays as
    it is: it must not keep traffic from moving.
    """
    edited: dict[str, bytes] = {}
    for slug, floor in floors.items():
        for kind, (most, least) in _SCALERS.items():
            name, deployment = f"{kind}-{slug}.yaml", f"deployment-{slug}.yaml"
            if name not in folder or deployment not in folder:
                continue
            with suppress(CannotEdit):
                maximum = value_at(_parsed(folder[name]), ("spec", most))
                pods = min(floor, maximum) if type(maximum) is int else floor
                edited |= {
                    name: _edited(name, folder[name], dict.fromkeys(least, pods)),
                    deployment: _edited(
                        deployment, folder[deployment], {("spec", "replicas"): pods}
                    ),
                }
    return _with_files(folder, edited)


def with_traffic_of(folder: Files, after: Files) -> dict[str, bytes]:
    """A committed folder with the routes and weights of a rendering, and the files that it lacks.

    For a folder that cannot be edited: its workloads stay as they are, but the routes are
    rendered again.
    """
    moved = (TRAFFIC, WEIGHTS)
    return _with_files(folder, {n: d for n, d in after.items() if n in moved or n not in folder})


def _with_files(folder: Files, edited: Files) -> dict[str, bytes]:
    """The folder with new files, and a PROVENANCE that holds their digests.

    Inputs and templates stay those that the bytes were rendered from. The mark of a restore goes,
    because these are no longer the bytes of the commit that it names.
    """
    files = {**folder, **edited}
    try:
        old = parse_provenance(folder[FILE_NAME])
    except (KeyError, ValueError):
        return files  # as people left it: it is a finding of every check already
    if edited != {name: folder.get(name) for name in edited}:
        new = replace(old, outputs=digests(files), restored_from=None, restored_for=None)
        files[FILE_NAME] = new.to_bytes()
    return files


def _route_edits(data: bytes, bad: Collection[str], good: str) -> Edits:
    edits: Edits = {}
    for here, route in _routes(_parsed(data)):
        subsets = [destination["destination"]["subset"] for destination in route]
        weights = [destination["weight"] for destination in route]
        from_bad = [index for index, subset in enumerate(subsets) if subset in bad]
        if not from_bad:
            continue
        # A destination of the good version takes the weight; else one of the bad version's does.
        to = subsets.index(good) if good in subsets else from_bad[0]
        edits[*here, to, "destination", "subset"] = good
        edits[*here, to, "weight"] = weights[to] + sum(weights[i] for i in from_bad if i != to)
        edits |= {(*here, index, "weight"): 0 for index in from_bad if index != to}
    return edits


def _weight_edits(manifest: Json, bad: Collection[str], good: str) -> Edits:
    """The weights of the ``bad`` versions, by their slugs, to the ``good`` one."""
    found: dict[str, tuple[Pointer, int]] = {}
    for index, rule in enumerate(value_at(manifest, ("spec", "groups", 0, "rules"), [])):
        version, weight = value_at(rule, ("labels", "lockstep_version")), value_at(rule, ("expr",))
        if not isinstance(version, str) or type(weight) is not int:
            raise CannotEdit(f"a rule of {WEIGHTS} is not the weight of a version")
        found[version_slug(version)] = ("spec", "groups", 0, "rules", index, "expr"), weight
    if good not in found:
        raise CannotEdit(f"{WEIGHTS} has no weight of {good}")
    at, weight = found[good]
    lost = {place: other for slug, (place, other) in found.items() if slug in bad}
    return {**dict.fromkeys(lost, 0), at: weight + sum(lost.values())}


def _routes(manifest: Json) -> Iterator[tuple[Pointer, Json]]:
    """Each list of destinations. Raises CannotEdit where one is not as Lockstep renders it."""
    if not value_at(manifest, ("spec", "http")):
        raise CannotEdit(f"{TRAFFIC} has no HTTP routes")
    for protocol in ("http", "tcp"):
        routes = value_at(manifest, ("spec", protocol), [])
        if not isinstance(routes, list):
            raise CannotEdit(f"the routes of {TRAFFIC} are not a list")
        for index, route in enumerate(routes):
            destinations = value_at(route, ("route",))
            if not isinstance(destinations, list) or not all(map(_is_destination, destinations)):
                raise CannotEdit(f"a route of {TRAFFIC} has destinations without subset or weight")
            yield ("spec", protocol, index, "route"), destinations


def _is_destination(value: Json) -> bool:
    subset = value_at(value, ("destination", "subset"))
    return isinstance(subset, str) and type(value_at(value, ("weight",))) is int


def _edited(name: str, data: bytes, edits: Edits) -> bytes:
    """The bytes with new scalars at these places; those that the file does not have are left out.

    The result is parsed again: it must differ in these values only. Raises CannotEdit.
    """
    wanted = deepcopy(_parsed(data))
    document, _ = load_yaml(name, data)
    if document is None:
        raise CannotEdit(f"{name} cannot be read")
    there = {at: new for at, new in edits.items() if type(value_at(wanted, at)) is type(new)}
    for at, new in there.items():
        value_at(wanted, at[:-1])[at[-1]] = new
    result = _spliced(data.decode(), document, there).encode()
    if _parsed(result) != wanted:
        raise CannotEdit(f"{name} cannot be edited in place")
    return result


def _spliced(text: str, document: Document, edits: Edits) -> str:
    lines = text.split("\n")
    # From the end, so that the columns of what comes before it stay true.
    for at in sorted(edits, key=lambda pointer: document.spans[pointer], reverse=True):
        span, new = document.spans[at], edits[at]
        line = lines[span.line - 1]
        old = line[span.column - 1 : span.end_column - 1]
        # Quoted as it was: a plain word is a subset's name, which is a DNS label.
        written = f'"{new}"' if old.startswith('"') else str(new)
        lines[span.line - 1] = line[: span.column - 1] + written + line[span.end_column - 1 :]
    return "\n".join(lines)


def _parsed(data: bytes) -> Json:
    """What a manifest holds, by the grammar of rendered files: one scalar a line, no anchors."""
    try:
        return parse_manifest(data.decode())
    except (Unreadable, UnicodeDecodeError) as error:
        raise CannotEdit(f"a committed manifest cannot be read: {error}") from None
