"""The types of the rules' input, for ``opa check --schema``: a misspelt field fails there."""

from collections.abc import Mapping

from lockstep.model.document import Json
from lockstep.policy.environment_summary import SUMMARY_FIELDS
from lockstep.rollout.quarantine import OTHER_REGISTRY
from lockstep.spec.schema.flatten import flatten
from lockstep.spec.schema.load import SchemaFiles

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_ANY: Json = {}


def input_schemas(files: SchemaFiles) -> dict[str, Json]:
    """The schema of ``input`` for each scope of rules: ``cluster``, ``family``, ``environment``.

    All objects are closed except maps: the locks (by version) and the rendered manifests (by kind).
    ``old``, ``predecessor`` and fields that end in ``_before`` may be null, which OPA's types
    cannot express: rules use ``is_null`` or ``is_object``. ``files`` are the schemas of a tree.
    Raises LockstepError where one of them is missing or refers to itself.
    """
    cluster = flatten(files, "effective-cluster.json")
    pair = {"name": _TEXT, "new": cluster, "old": cluster}
    forms = _list(cluster["properties"]["spec"]["properties"]["variants"])
    family = {**_everywhere(files), **_around_a_family(files), "variants_before": forms}
    removed = _object({"name": _TEXT, "old": cluster})
    return {
        "cluster": _object({**family, **pair, "rendered": _map(_list(_map(_ANY)))}),
        "family": _object({**family, "clusters": _list(_object(pair)), "removed": _list(removed)}),
        "environment": _object({**_everywhere(files), **_summary(files, cluster)}),
    }


def _everywhere(files: SchemaFiles) -> dict[str, Json]:
    environment = flatten(files, "environment.json")
    return {
        "id": _TEXT,
        "rules": _list(_TEXT),
        "environment": environment,
        "environment_before": environment,
        "time": _object({"now": _TEXT, "today": _TEXT}),
    }


def _around_a_family(files: SchemaFiles) -> dict[str, Json]:
    family = flatten(files, "model-family.json")
    spec = family["properties"]["spec"]["properties"]
    # As in inputs: rules see defaults only in the effective specs.
    known = {name: schema for name, schema in spec.items() if name != "defaults"}
    family = _object({**family["properties"], "spec": _object(known)})
    lock = flatten(files, "model-lock.json")["properties"]["spec"]
    quarantine = flatten(files, "quarantine.json")["properties"]["spec"]["properties"]["versions"]
    entry = quarantine["items"]
    # As in rollout.quarantine: of an environment with a registry of its own.
    entry = {**entry, "properties": {**entry["properties"], OTHER_REGISTRY: _FLAG}}
    return {
        "family": family,
        "family_before": family,
        "locks": _map(lock),
        "quarantine": {**quarantine, "items": entry},
        "predecessor": _object({"environment": _TEXT, "verified": _list(_TEXT)}),
        "complete": {"type": "boolean"},
        "rollout": _ROLLOUT,
        "freezes": _list(_object({"name": _TEXT, "reason": _TEXT, "until": _TEXT})),
    }


def _summary(files: SchemaFiles, cluster: Json) -> dict[str, Json]:
    spec = cluster["properties"]["spec"]["properties"]
    seen = _object({name: spec[name] for name in SUMMARY_FIELDS if name in spec})
    owned = {"name": _TEXT, "tenant": _TEXT}
    lock = flatten(files, "model-lock.json")["properties"]["spec"]["properties"]
    datasets = lock["facts"]["properties"]["datasets"]
    known = {"owner": _TEXT, "datasets": _map(datasets), "dashboards": _map(_TEXT)}
    return {
        "families": _list(_object({**owned, **known})),
        "clusters": _list(_object({**owned, "family": _TEXT, "spec": seen})),
        "elsewhere": _list(_object(dict.fromkeys(("environment", "name", "principal"), _TEXT))),
    }


def _object(properties: Mapping[str, Json]) -> Json:
    return {"type": "object", "properties": dict(properties)}


def _map(values: Json) -> Json:
    return {"type": "object", **({"additionalProperties": values} if values else {})}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_ROLLOUT: Json = _object(
    {
        "phase": _TEXT,
        "wave": {"type": "number"},
        "step": {"type": "number"},
        "verified": _list(_TEXT),
        "adopted": _FLAG,
        "diverged": _FLAG,
        "divergences": _list(_object({"cluster": _TEXT, "found": _TEXT, "recorded": _TEXT})),
        "skewBreached": _FLAG,
        "since": _ANY,
    }
)
