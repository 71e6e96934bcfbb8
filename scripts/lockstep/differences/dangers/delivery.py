"""Where Argo CD takes manifests from, and where it applies them."""

from collections.abc import Iterator

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.folders import ComparedFamily, ComparedObject
from lockstep.text.phrases import listed

_FIELDS = (
    ("source",), ("sources",), ("destination",), ("project",), ("sourceHydrator",),
)  # fmt: skip


def _find(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    if each.id.kind == "Application":
        found = [f for field in _FIELDS for f in each.changed_below("spec", *field)]
        if found:
            names = listed(list(dict.fromkeys(f.path for f in found)))
            yield f"{names} change: Argo CD applies other manifests, or applies them elsewhere"
    elif each.id.kind == SETTINGS_KIND:
        for key in ("branch", "repository"):
            if each.changed_below(key):
                yield f"{key} changes: Lockstep and Argo CD follow another {key}"


SETTINGS_KIND = "Settings"
"""The kind of lockstep.yaml among the compared objects."""

ARGOCD_SOURCE = DangerKind("argocd-source", _find)
