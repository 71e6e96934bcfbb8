"""The Instrumentation of a cluster: where the traces of its pods go, and how many there are.

The OpenTelemetry Operator reads it when a pod starts, and adds what traces a Python server.
"""

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    NAME,
    TENANT,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_environment, in_spec, in_variants
from lockstep.render.view import ClusterView, Running

_HERE = ("spec", "observability", "openTelemetry")
_SAMPLE_PERCENT = 10


def read_tracing(environment: Environment) -> dict[str, Json]:
    """``tracing``: the collector's address, and how many percent of new traces are recorded.

    Empty where the environment has no collector. Raises Unrenderable.
    """
    fields = Fields(environment.document)
    if not fields.has(*_HERE):
        return {}
    sampled = fields.has(*_HERE, "samplePercent")
    percent = fields.integer(*_HERE, "samplePercent") if sampled else _SAMPLE_PERCENT
    return {"tracing": {"endpoint": fields.text(*_HERE, "endpoint"), "percent": percent}}


def tracing_annotations(view: ClusterView, version: Running) -> dict[str, str]:
    """The annotations of a version's pods that ask for traces; none without a collector."""
    if "tracing" not in view.observability:
        return {}
    return {
        "instrumentation.opentelemetry.io/inject-python": object_name(view.name),
        # And no container that Istio, a template or Lockstep adds.
        "instrumentation.opentelemetry.io/container-names": "model",
        "resource.opentelemetry.io/service.name": object_name(view.name),
        "resource.opentelemetry.io/service.version": label_value(version.version),
    }


def _files(view: ClusterView) -> Files:
    """One where the environment has a collector."""
    tracing = view.observability.get("tracing")
    if tracing is None:
        return
    attributes = {
        "cloud.region": view.region,
        "deployment.environment.name": view.environment,
        "lockstep.family": view.family,
        "lockstep.tenant": view.tenant,
    }
    context = {
        **metadata(view),
        "endpoint": tracing["endpoint"],
        "fraction": _fraction(tracing["percent"]),
        # A comma would begin another attribute, for the operator joins them by commas.
        "attributes": [(name, label_value(value)) for name, value in attributes.items()],
    }
    yield ManifestFile("instrumentation.yaml", context, _expected(context), _origins)


def _fraction(percent: int) -> str:
    """The share that a sampler takes: ``10`` percent is ``0.1``."""
    return f"{percent / 100:.2f}".rstrip("0").rstrip(".")


def _expected(context: Context) -> dict[str, Expected]:
    return {
        # Before the Deployment: a pod that starts without it is never traced.
        "metadata": expected_metadata(context, wave=-2),
        "spec": {
            "exporter": {"endpoint": context["endpoint"]},
            # How a trace goes on from one server to the next is for all that a platform runs.
            "propagators": FREE,
            "sampler": {"type": "parentbased_traceidratio", "argument": context["fraction"]},
            "resource": {"resourceAttributes": dict(context["attributes"])},
        },
    }


def _origins() -> Origins:
    return {
        **metadata_origins(),
        "endpoint": in_environment(*_HERE, "endpoint"),
        "fraction": in_environment(*_HERE, "samplePercent"),
        "attributes": {
            "cloud.region": (None, in_spec("region")),
            "deployment.environment.name": (None, ENVIRONMENT),
            "lockstep.family": (None, FAMILY),
            "lockstep.tenant": (None, TENANT),
        },
    }


def tracing_origins(version: Running) -> Origins:
    """The origins of ``tracing_annotations``."""
    return {
        "instrumentation.opentelemetry.io/inject-python": NAME,
        "resource.opentelemetry.io/service.name": NAME,
        "resource.opentelemetry.io/service.version": in_variants(version.version, "version"),
    }


COMPONENT = Component(
    "instrumentation", ObjectKind("opentelemetry.io/v1alpha1", "Instrumentation"), _files
)
