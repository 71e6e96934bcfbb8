"""The volumes of a pod that a spec names, and where the model's container mounts them."""

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.origins import OriginTree, in_spec

KINDS = ("persistentVolumeClaim", "emptyDir", "secret", "configMap")
"""What a volume can be. Never a folder of the node: see the rule pod-security."""

OWN_VOLUMES = ("scratch", "model")
"""The names of volumes that Lockstep's own template writes."""

_VOLUMES = ("spec", "serving", "volumes")
_SCRATCH = "/tmp"  # noqa: S108


def read_volumes(fields: Fields) -> dict[str, Json]:
    """``volumes`` of a serving by name, if any. Raises Unrenderable."""
    paths = {_SCRATCH: OWN_VOLUMES[0]}
    volumes: dict[str, Json] = {}
    for name in fields.names(*_VOLUMES):
        here = (*_VOLUMES, name)
        if name in OWN_VOLUMES:
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
    return {"volumes": volumes} if volumes else {}


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
