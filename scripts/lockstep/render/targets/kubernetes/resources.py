"""What a pod requests and may use: amounts that Kubernetes would refuse, or never grant.

How much a pod may have at most, and whether its limits are its requests, is for the rule
resources-bounded.
"""

from collections.abc import Iterator

from lockstep.model.amounts import parse_bytes
from lockstep.model.document import Json, Pointer, value_at
from lockstep.render.fields import Fields
from lockstep.render.targets.kubernetes.volumes import MODEL, VOLUMES
from lockstep.text.phrases import listed

RESOURCES = ("spec", "serving", "resources")

_HUGE_PAGES = "hugepages-"
_STORAGE = "ephemeral-storage"


def require_amounts(fields: Fields, serving: Json) -> None:
    """Refuses amounts that the API refuses, and volumes that are larger than their limit.

    ``serving`` is what the other readers have made of the spec. Raises Unrenderable.
    """
    for half in ("requests", "limits"):
        for name, amount in fields.texts(*RESOURCES, half).items():
            if name.startswith(_HUGE_PAGES):
                _require_pages(fields, half, name, amount)
            elif "/" in name and not amount.isdecimal():
                fields.fail(
                    (*RESOURCES, half, name), "render.input",
                    f"{amount} of {name} is not a number of devices",
                    "write how many a pod needs, as a whole number in quotes",
                )  # fmt: skip
    limits = fields.texts(*RESOURCES, "limits")
    for limit, volumes in (("memory", _in_memory(serving)), (_STORAGE, _on_disk(serving))):
        if limit in limits:
            _require_room(fields, limit, limits[limit], dict(volumes))


def _require_pages(fields: Fields, half: str, name: str, amount: str) -> None:
    here = (*RESOURCES, half, name)
    page = name.removeprefix(_HUGE_PAGES)
    if _bytes(fields, here, amount) % _bytes(fields, here, page):
        fields.fail(
            here, "render.input", f"{amount} is not a whole number of pages of {page}",
            f"write a multiple of {page}",
        )  # fmt: skip


def _in_memory(serving: Json) -> Iterator[tuple[str, str]]:
    """Name and size of each volume that counts for the memory of the server."""
    for name, volume in serving.get("volumes", {}).items():
        size = value_at(volume, ("emptyDir", "sizeLimit"))
        if size is not None and volume["emptyDir"].get("medium") == "Memory":
            yield name, size


def _on_disk(serving: Json) -> Iterator[tuple[str, str]]:
    """Name and size of each volume on the disk of the node."""
    in_memory = dict(_in_memory(serving))
    for name, volume in serving.get("volumes", {}).items():
        size = value_at(volume, ("emptyDir", "sizeLimit"))
        if size is not None and name not in in_memory:
            yield name, size
    if "fetch" in serving:
        yield MODEL, serving["fetch"]["sizeLimit"]


def _require_room(fields: Fields, limit: str, most: str, volumes: dict[str, str]) -> None:
    """A pod whose volumes hold more than its limit is ended while it serves."""
    at: dict[str, Pointer] = {name: (*VOLUMES, name, "emptyDir", "sizeLimit") for name in volumes}
    at[MODEL] = ("spec", "serving", "fetch", "sizeLimit")
    held = sum(_bytes(fields, at[name], size) for name, size in volumes.items())
    here = (*RESOURCES, "limits", limit)
    if held > _bytes(fields, here, most):
        sizes = listed([f"{name} ({size})" for name, size in sorted(volumes.items())])
        fields.fail(
            here, "render.input",
            f"the limit of {limit} is {most}, and the volumes of a pod may hold more: {sizes}",
            "raise the limit, or lower sizeLimit of the volumes",
        )  # fmt: skip


def _bytes(fields: Fields, here: Pointer, text: str) -> int:
    try:
        return parse_bytes(text)
    except (TypeError, ValueError) as error:
        fields.fail(here, "render.input", str(error), "write it like 512Mi or 10Gi")
