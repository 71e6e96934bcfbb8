"""The PodDisruptionBudget of each version: how many of its pods a drain of nodes must leave."""

from functools import partial

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import ABSENT, FREE, Expected
from lockstep.render.targets.kubernetes.metadata import (
    expected_metadata,
    expected_selector,
    metadata,
    metadata_origins,
    selector,
    selector_origins,
)
from lockstep.render.targets.origins import Origins, in_spec
from lockstep.render.view import ClusterView, Running

_DISRUPTION = ("spec", "serving", "disruption")


def read_disruption(fields: Fields) -> dict[str, Json]:
    """``disruption`` of a serving, where the spec has it. Raises Unrenderable."""
    if not fields.has(*_DISRUPTION):
        return {}
    names = [n for n in ("minAvailable", "maxUnavailable") if fields.has(*_DISRUPTION, n)]
    if len(names) != 1:
        fields.fail(
            _DISRUPTION, "render.input",
            f"a disruption budget needs exactly one number; this one has {len(names)}",
            "write either minAvailable or maxUnavailable",
        )  # fmt: skip
    return {"disruption": {names[0]: fields.integer(*_DISRUPTION, names[0])}}


def _files(view: ClusterView) -> Files:
    """One for each version that runs: warm ones too, which may get the traffic at any time."""
    budget = view.serving.get("disruption")
    for version in view.running if budget is not None else ():
        context = {
            **metadata(view, version),
            "min_available": budget.get("minAvailable"),
            "max_unavailable": budget.get("maxUnavailable"),
            "selector": sorted(selector(view, version).items()),
        }
        name = f"poddisruptionbudget-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_origins, version))


def _expected(context: Context) -> dict[str, Expected]:
    least, most = context["min_available"], context["max_unavailable"]
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            "minAvailable": ABSENT if least is None else least,
            "maxUnavailable": ABSENT if most is None else most,
            "selector": expected_selector(context),
            # Whether pods that are not ready may go too: no drain would end without it.
            "unhealthyPodEvictionPolicy": FREE,
        },
    }


def _origins(version: Running) -> Origins:
    return {
        **metadata_origins(version),
        "min_available": in_spec("serving", "disruption", "minAvailable"),
        "max_unavailable": in_spec("serving", "disruption", "maxUnavailable"),
        "selector": selector_origins(version),
    }


COMPONENT = Component("poddisruptionbudget", ObjectKind("policy/v1", "PodDisruptionBudget"), _files)
