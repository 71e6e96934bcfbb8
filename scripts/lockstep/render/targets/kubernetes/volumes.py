"""The volumes of a pod that a spec names, and where the model's container mounts them."""

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.origins import OriginTree, in_spec

KINDS = ("persistentVolumeClaim", "emptyDir", "secret", "configMap")
"""What a volume can be. Never a folder of the node: see the rule pod-security."""

SCRATCH, MODEL = "scratch", "model"
"""The names of the volumes that Lockstep itself writes: for short-lived files, and the model."""

SCRATCH_PATH = "/tmp"  # noqa: S108

VOLUMES = ("spec", "serving", "volumes")


def read_volumes(fields: Fields) -> dict[str, Json]:
    """``volumes`` of a serving by name, if any. Raises Unrenderable."""
    paths = {SCRATCH_PATH: SCRATCH}
    volumes: dict[str, Json] = {}
    for name in fields.names(*VOLUMES):
        here = (*VOLUMES, name)
        if name in (SCRATCH, MODEL):
            fields.fail(
                here, "render.input", f"Lockstep itself writes a volume {name}",
                "give this volume another name",
            )  # fmt: skip
        path = fields.text(*here, "mountPath")
        if path in paths:
            fields.fail(
                (*here, "mountPath"), "render.input",
                f"{path} is the path of volume {paths[path]} already", "choose another path",
            )  # fmt: skip
        paths[path] = name
        kinds = [kind for kind in KINDS if fields.has(*here, kind)]
        if len(kinds) != 1:
            fields.fail(
                here, "render.input",
                f"a volume is one of {', '.join(KINDS)}; this one has {len(kinds)} of them",
                "write one of them",
            )  # fmt: skip
        if fields.has(*here, "subPath"):
            fields.text(*here, "subPath")
        fields.mapping(*here, kinds[0])
        volumes[name] = fields.mapping(*here)
    _refuse_below_files(fields, volumes)
    return {"volumes": volumes} if volumes else {}


def _refuse_below_files(fields: Fields, volumes: dict[str, Json]) -> None:
    whole = {
        each["mountPath"]: name
        for name, each in volumes.items()
        if "subPath" not in each and ("secret" in each or "configMap" in each)
    }
    for name, each in volumes.items():
        _refuse_below(fields, whole, (*VOLUMES, name, "mountPath"), each["mountPath"])
    fetched = ("spec", "serving", "fetch", "path")
    if fields.has(*fetched):
        _refuse_below(fields, whole, fetched, fields.text(*fetched))


def _refuse_below(fields: Fields, whole: dict[str, str], here: tuple[str, ...], path: str) -> None:
    """No folder can be made in a Secret or a ConfigMap, so nothing can be mounted there."""
    for above, other in whole.items():
        if path.startswith(f"{above}/"):
            fields.fail(
                here, "render.input",
                f"{above} is the path of volume {other}, in which no folder can be made",
                "choose a path that is not in it",
            )  # fmt: skip


def volumes_of(serving: Json) -> list[tuple[str, str, Json]]:
    """Name, kind and source of each volume, as a pod has them."""
    found = []
    for name, volume in sorted(serving.get("volumes", {}).items()):
        kind = next(kind for kind in KINDS if kind in volume)
        found.append((name, kind, volume[kind]))
    return found


def mounts_of(serving: Json) -> list[tuple[str, str, str | None, bool]]:
    """Name, path, part of the volume, and whether it is read-only, for the model's container."""
    return [
        (name, v["mountPath"], v.get("subPath"), v.get("readOnly") is True)
        for name, v in sorted(serving.get("volumes", {}).items())
    ]


def expected_mount(
    name: str,
    path: str,
    part: str | None,
    read_only: bool,
) -> dict[str, Expected]:
    """A mount of ``mounts_of`` as it must be rendered."""
    mount: dict[str, Expected] = {"name": name, "mountPath": path}
    if part is not None:
        mount["subPath"] = part
    if read_only:
        mount["readOnly"] = True
    return mount


def volume_origins(serving: Json) -> dict[str, dict[str, OriginTree]]:
    """The origins of ``volumes_of`` and ``mounts_of``."""
    volumes: dict[str, OriginTree] = {
        name: (None, None, in_spec("serving", "volumes", name, kind))
        for name, kind, _ in volumes_of(serving)
    }
    mounts: dict[str, OriginTree] = {
        name: (None, *(in_spec("serving", "volumes", name, part)
                       for part in ("mountPath", "subPath", "readOnly")))
        for name, *_ in mounts_of(serving)
    }  # fmt: skip
    return {"volumes": volumes, "mounts": mounts}
