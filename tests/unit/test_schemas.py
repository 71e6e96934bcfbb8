"""The schemas that ship: closed, described, bounded, and fit for what Lockstep itself writes."""

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lockstep.model.decision import (
    Action,
    Decision,
    Phase,
    Position,
    Restored,
    Target,
    VerifiedState,
)
from lockstep.model.document import Document, Json
from lockstep.model.evidence import Answer, Evidence, Measurement, Verdict
from lockstep.model.fleet import Tree
from lockstep.model.record import write_record
from lockstep.spec.assemble import assemble
from lockstep.spec.lock import build_lock, write_lock
from lockstep.spec.schema.flatten import find, target
from lockstep.spec.schema.load import DIALECT, compile_fast, compile_slow, read_schemas
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import load_yaml
from tests.unit.fleets import validate_fleet

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "policies" / "schemas"
FILES = sorted(p for p in FOLDER.rglob("*.json") if "rendered" not in p.relative_to(FOLDER).parts)
DIGEST = "sha256:" + "ab" * 32
COMMIT = "c0ffee00" * 5
TIME = "2026-01-31T08:00:00Z"
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["1h", "prod", "prod\n", "7", DIGEST, DIGEST + "\n", TIME, "a" * 64]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def tree(*folders: str) -> Tree:
    paths = (p for folder in folders for p in (ROOT / folder).rglob("*") if p.is_file())
    return {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in paths}


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas(tree("policies/schemas"))


def subschemas(schema: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema inside a schema, with where it stands."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for keyword in ("properties", "$defs", "patternProperties"):
        for name, inner in schema.get(keyword, {}).items():
            yield from subschemas(inner, f"{pointer}/{keyword}/{name}")
    for keyword in ("items", "additionalProperties", "propertyNames", "if", "then"):
        yield from subschemas(schema.get(keyword), f"{pointer}/{keyword}")


ALL = [
    pytest.param(inner, id=f"{path.relative_to(FOLDER)}#{pointer}")
    for path in FILES
    for pointer, inner in subschemas(json.loads(path.read_bytes()))
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_file_is_a_schema_with_a_title(path: Path) -> None:
    schema = json.loads(path.read_bytes())
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == DIALECT
    assert schema["title"]


def test_every_kind_of_the_format_has_a_schema(schemas: Schemas) -> None:
    assert schemas.kinds == {
        "Environment", "ModelFamily", "ModelCluster", "Waivers", "ModelLock", "Quarantine",
        "Decision",
    }  # fmt: skip


def test_objects_are_closed_fields_described_and_values_bounded() -> None:
    faults = []
    for parameter in ALL:
        where, schema = str(parameter.id), cast(Json, parameter.values[0])
        kinds = schema.get("type", [])
        fixed = "enum" in schema or "const" in schema or "if" in schema
        if where.endswith("/if"):
            continue
        open_by_design = where.split("#")[0] in ("gate.json", "effective-cluster.json")
        if (
            "object" in kinds
            and "additionalProperties" not in schema
            and not (open_by_design or fixed)
        ):
            faults.append(f"{where}: open object")
        if "string" in kinds and "maxLength" not in schema and not fixed and not open_by_design:
            faults.append(f"{where}: text without maxLength")
        if "array" in kinds and "maxItems" not in schema:
            faults.append(f"{where}: list without maxItems")
        if "integer" in kinds and not {"minimum", "maximum"} <= schema.keys():
            faults.append(f"{where}: integer without bounds")
        if not open_by_design and "/properties/" in where.rpartition("$defs")[2]:
            described = "description" in schema or "$ref" in schema
            if not described:
                faults.append(f"{where}: field without description")
    assert faults == []


def written_by_people(where: str) -> bool:
    """Whether people write the file of a schema, and the schema is no mere condition."""
    machine = ("model-lock.json", "decision.json", "quarantine.json", "effective-cluster.json")
    return not where.startswith(machine) and "/if" not in where


FIELD = re.compile(r"/(properties/[^/]+|items|additionalProperties|propertyNames)$")
FIELDS = [
    parameter
    for parameter in ALL
    if written_by_people(str(parameter.id)) and FIELD.search(str(parameter.id))
]


@functools.cache
def shipped() -> dict[str, Json]:
    return read_schemas(tree("policies/schemas"))


def followed(where: str, schema: Json) -> Json:
    """What a field may be: of each keyword, the one that stands nearest to the field."""
    whole = dict(schema)
    while "$ref" in schema:
        where = target(where, schema["$ref"])
        schema = find(shipped(), where)
        whole = schema | whole
    return whole


def test_every_field_that_people_write_says_what_it_means_there() -> None:
    assert len(FIELDS) > 150
    assert [p.id for p in FIELDS if not cast(Json, p.values[0]).get("description")] == []


def test_every_field_that_people_write_has_an_example() -> None:
    faults = []
    for parameter in FIELDS:
        schema = followed(str(parameter.id), cast(Json, parameter.values[0]))
        told = {"enum", "const", "examples"} & schema.keys()
        if not told and schema.get("type") not in ("object", "array"):
            faults.append(parameter.id)
    assert faults == []


def test_examples_are_valid_where_they_stand() -> None:
    faults, count = [], 0
    for parameter in ALL:
        where = str(parameter.id)
        examples = followed(where, cast(Json, parameter.values[0])).get("examples", [])
        fast = compile_fast({**shipped(), "one.json": {"$ref": where}})("one.json")
        slow = compile_slow(where, shipped())
        count += len(examples)
        faults += [(where, e) for e in examples if not (fast.is_valid(e) and slow.is_valid(e))]
    assert count > 150
    assert faults == []


def test_an_example_helps_where_the_words_do_not_say_it_all(schemas: Schemas) -> None:
    (port,) = schemas.problems("cluster/serving.json", {"port": [1]})
    assert port.fix == "write a whole number from 1 to 65535, like 8080"
    (warm,) = schemas.problems(
        "cluster/variant.json", {"name": "stable", "version": "1", "weight": 0, "warm": 1}
    )
    assert warm.fix == "write true or false"


def test_patterns_read_the_same_in_every_engine() -> None:
    schemas = [cast(Json, parameter.values[0]) for parameter in ALL]
    patterns = [schema["pattern"] for schema in schemas if "pattern" in schema]
    assert len(patterns) > 15
    for pattern in patterns:
        assert pattern.startswith("^")
        assert pattern.endswith(r"$(?!\n)"), "in Python, $ alone lets a line break through"
        assert not re.search(r"\\[dws]", pattern), "these mean more than ASCII in some engines"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("name", ["a", "a-b", "a" * 63], ["", "A", "-a", "a-", "1a", "a" * 64, "a\n", "a.b"]),
        ("digest", [DIGEST], ["sha256:" + "AB" * 32, DIGEST + "\n", DIGEST + "0", "sha1:abc"]),
        ("duration", ["30m", "1h30m", "2d", "0s"], ["", "1", "m", "30 m", "1m1h", "٣m", "1h\n"]),
        ("requestDuration", ["500ms", "2s"], ["0s", "2h", "1.5s", "s"]),
        (
            "hostName",
            ["a.b.c", "x-1.example.com", "svc.example.com"],
            [
                "a",
                "a.b",
                "A.b.c",
                "*.b.c",
                "a.b.c:80",
                "-a.b.c",
                "a..b.c",
                "a.b.svc",
                "prometheus.monitoring.svc.cluster.local",
                "printer.office.local",
                "10.0.0.1",
            ],
        ),
        (
            "gateways",
            [["mesh"], ["istio-ingress/models", "mesh"]],
            [[], ["models"], ["istio-ingress/models.v2"], ["a/b/c"], [f"a/{'b' * 64}"]],
        ),
        ("version", ["42", "@champion"], ["", ".hidden", "../x", "a/b", "-f", "4 2", "42\n"]),
        ("time", [TIME], ["2026-13-01T00:00:00Z", "2026-01-31T08:00:00", "2026-01-31 08:00:00Z"]),
        ("cpu", ["500m", "1", "0.5"], ["0", "0.0", "m", "1 ", "-1", "1.5m"]),
        ("memory", ["512Mi", "1G"], ["1", "0Gi", "1gi", "1.5Gi"]),
        ("owner", ["ml@example.com"], ["ml", "ml@", "@example.com", "a b@example.com"]),
        ("jurisdiction", ["EU", "US-CA"], ["eu", "E", "EUROPE"]),
    ],
)
def test_fragment(name: str, good: list[str], bad: list[str]) -> None:
    files = read_schemas(tree("policies/schemas"))
    files["one.json"] = {"$ref": f"common.json#/$defs/{name}"}
    fast, slow = compile_fast(files)("one.json"), compile_slow("one.json", files)
    assert [text for text in good if not (fast.is_valid(text) and slow.is_valid(text))] == []
    assert [text for text in bad if fast.is_valid(text) or slow.is_valid(text)] == []


def evidence() -> Evidence:
    gate = {"name": "auc", "source": "mlflow", "metric": "auc", "dataset": "d", "min": 0.9}
    before = Measurement(0.9, time=TIME)
    nan = Measurement(problem="NaN", ignored="1 value dated in the future", earlier=before)
    answer = Answer("auc on d", Measurement(0.95, 100, TIME, "d1"), nan)
    return Evidence(gate, "fraud-eu", "42", "41", TIME, TIME, answer, Verdict.PASS, "0.95")


def decision(action: Action, to: Position) -> Decision:
    first = action in (Action.ADOPT, Action.PROPOSE)
    return Decision(
        "prod", "fraud", 1 if first else 2, None if first else DIGEST, action,
        Target("42", DIGEST), Position(Phase.NEW), to,
        {"fraud-eu": [{"name": "stable", "version": "41", "weight": 100},
                      {"name": "candidate", "version": "42", "weight": 0, "warm": True}]},
        "because", "ml@example.com", TIME, "0.1.0",
    )  # fmt: skip


def written(record: Decision) -> Document:
    return Document("ledger/prod/fraud/000001.json", json.loads(write_record(record)))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("phase", Phase)
def test_decision_schema_takes_every_record_that_is_written(
    schemas: Schemas, action: Action, phase: Phase
) -> None:
    inside = phase in (Phase.ROLLING, Phase.HELD)
    to = Position(phase, 2, 3) if inside else Position(phase)
    assert schemas.check("Decision", written(decision(action, to))) == []


def test_decision_schema_takes_a_record_with_everything(schemas: Schemas) -> None:
    family, _ = load_yaml("f", (ROOT / "clusters/prod/recommender/family.yaml").read_bytes())
    assert family is not None
    failed = Answer("auc on d", failure="the registry does not answer")
    full = replace(
        decision(Action.RESTORE, Position(Phase.STEADY)),
        time_given=True,
        base=COMMIT,
        plan=family.value["spec"]["rollout"],
        verdict=Verdict.FAIL,
        evidence=(evidence(), replace(evidence(), answer=failed, stable_version=None)),
        unchecked=("the registry",),
        verified_state=VerifiedState(
            COMMIT, {"clusters/prod/a.yaml": COMMIT}, {"rendered/prod": COMMIT}
        ),
        restored=Restored(3, False, ("clusters/prod/a.yaml#/spec/host",), COMMIT),
        quarantines=True,
    )
    assert schemas.check("Decision", written(full)) == []
    seen_nowhere = replace(
        full, verified_state=VerifiedState(None, {}, {}), restored=Restored(3, True)
    )
    assert schemas.check("Decision", written(seen_nowhere)) == []


def test_decision_schema_allows_later_fields_and_refuses_wrong_ones(schemas: Schemas) -> None:
    document = written(decision(Action.ADVANCE, Position(Phase.STEADY)))
    document.value["spec"]["approvedBy"] = {"of": "a later version"}
    document.value["spec"]["to"]["lane"] = 1
    assert schemas.check("Decision", document) == []
    document.value["spec"]["action"] = "skip"
    document.value["spec"]["Reason"] = document.value["spec"].pop("reason")
    rules = {(f.rule, f.message.split()[0]) for f in schemas.check("Decision", document)}
    assert rules == {("schema.value", "spec.action"), ("schema.unknown-field", "spec.Reason")}
    del document.value["spec"]["Reason"]
    rules = {(f.rule, f.message.split()[0]) for f in schemas.check("Decision", document)}
    assert ("schema.missing-field", "spec.reason") in rules


def test_lock_schema_takes_what_a_registry_may_hold(schemas: Schemas) -> None:
    metric = {
        "name": "auc", "value": None, "dataset": None, "datasetDigest": None, "samples": None,
        "measuredAt": None, "problem": "NaN logged",
    }  # fmt: skip
    spec = {
        "identity": {
            "registry": "mlflow", "model": "fraud", "version": "42", "digest": DIGEST,
            "source": "models:/m-1", "modelId": None, "run": None,
        },
        "facts": {
            "readAt": TIME, "status": "READY", "archived": False, "datasets": [],
            "metrics": [metric], "tags": {"owner": "no: [yaml]\u2028"},
            "lineage": {"copiedFrom": "models:/fraud/3", "removed": ["run"]},
            "signature": {
                "inputs": [{"name": " a", "type": "long", "required": False},
                           {"name": 0, "type": "any", "required": True}],
                "outputs": [{"name": None, "type": "double"}],  # as an earlier version wrote it
                "params": [{"name": "p", "type": "long", "shape": [-1], "default": "[1]"}],
            },
        },
    }  # fmt: skip
    document, findings = load_yaml("lock", write_lock(build_lock("prod", "fraud", spec)))
    assert findings == []
    assert document is not None
    assert schemas.check("ModelLock", document) == []


def test_waivers_need_an_owner_a_reason_a_scope_and_an_end(schemas: Schemas) -> None:
    waiver = {
        "rule": "image-by-digest", "scope": {"cluster": "fraud-eu"}, "owner": "ml@example.com",
        "reason": "the vendor signs next month", "ticket": "ML-12", "expires": "2026-12-31",
    }  # fmt: skip
    document = Document(
        "policies/data/waivers/vendor.yaml",
        {
            "apiVersion": "lockstep.dev/v1alpha1",
            "kind": "Waivers",
            "metadata": {"name": "vendor"},
            "spec": {"waivers": [waiver]},
        },
    )
    assert schemas.check("Waivers", document) == []
    for field in waiver:
        document.value["spec"]["waivers"] = [{k: v for k, v in waiver.items() if k != field}]
        (finding,) = schemas.check("Waivers", document)
        assert finding.message == f"spec.waivers[0].{field} is missing"
    document.value["spec"]["waivers"] = [waiver | {"scope": {}}]
    (finding,) = schemas.check("Waivers", document)
    assert finding.rule == "schema.count"


def test_reference_fleet_is_valid(schemas: Schemas) -> None:
    fleet, findings = assemble(tree("clusters"))
    assert findings == []
    assert validate_fleet(fleet, schemas) == []


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_both_engines_agree(data: st.DataObject) -> None:
    files = read_schemas(tree("policies/schemas"))
    name = data.draw(st.sampled_from(["common.json#/$defs/environmentAndFamily", "gate.json",
        "gates/mlflow.json", "gates/prometheus.json", "model-cluster.json#/$defs/spec",
        "model-family.json#/$defs/rollout", "model-lock.json#/$defs/metric",
        "decision.json#/$defs/position"]))  # fmt: skip
    files["one.json"] = {"$ref": name}
    schema = read_schemas(tree("policies/schemas"))[name.split("#")[0]]
    for part in name.partition("#/")[2].split("/"):
        schema = schema[part] if part else schema
    fields = st.sampled_from(sorted(schema.get("properties", {"x": 1})))
    value = data.draw(st.dictionaries(fields, ANYTHING, max_size=5))
    fast = compile_fast(files)("one.json").is_valid(value)
    assert fast == compile_slow("one.json", files).is_valid(value) or _has_whole_float(value)


def _has_whole_float(value: Json) -> bool:
    return bool(re.search(r"\d\.0\b|e[+-]?\d", json.dumps(value)))


HEX = "0123456789abcdef" * 4
IMAGES = [
    "a", "a/b", f"registry.example.com/ml/server@sha256:{HEX}", "docker.io/library/nginx:1",
    f"localhost:5000/a__b/c---d.e_f:Tag.1-x@sha256:{HEX.upper()}", "Host.Example/x",
    "a:" + "x" * 128, f"a@sha512+b64:{HEX[:32]}", "x" * 255, "h.example:5000/" + "x" * 255,
]  # fmt: skip
NO_IMAGES = [
    "", "/a", "a/", "a//b", "A", "a/B", "a___b", "a..b", "a._b", "-a", "a-", "a:", "a b", "a\n",
    "a:" + "x" * 129, f"a@sha256:{HEX[:31]}", "a@sha256", "https://h.example/a", f"a@1:{HEX}",
    "x" * 256, "h.example:5000/" + "x" * 256, "a/.b", "h_x.example:5000/a/B", "a" * 100_000 + "!",
    "a/" * 100_000, "a-." * 100_000 + "/!",
]  # fmt: skip


def test_images_follow_the_grammar_of_registries() -> None:
    """The grammar is that of https://pkg.go.dev/github.com/distribution/reference."""
    files = read_schemas(tree("policies/schemas")) | {
        "one.json": {"$ref": "common.json#/$defs/image"}
    }
    fast, slow = compile_fast(files)("one.json"), compile_slow("one.json", files)
    assert [image for image in IMAGES if not (fast.is_valid(image) and slow.is_valid(image))] == []
    assert [image[:40] for image in NO_IMAGES if fast.is_valid(image) or slow.is_valid(image)] == []
