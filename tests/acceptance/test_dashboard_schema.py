"""The dashboards against the types that Grafana publishes, in which no other key is allowed."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from lockstep.model.canonical import canonical_json
from lockstep.model.document import Json
from lockstep.render.dashboard.build import SCHEMA_VERSION, build_dashboard
from lockstep.render.dashboard.shown import ShownCluster, ShownFamily
from lockstep.render.parse import read_manifest

MODULES = Path(__file__).resolve().parents[2] / "tools" / "grafana" / "node_modules"
SCHEMA = MODULES / "dashboard.schema.json"

pytestmark = pytest.mark.skipif(not SCHEMA.is_file(), reason="no Grafana types: make test has them")

BARE = ShownCluster("fraud-ap")
WATCHED = ShownCluster("fraud-eu", "99.5", "0.25", "99", "0.96", "0.2")


@pytest.fixture(scope="module")
def grafana() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))


def build(*clusters: ShownCluster) -> Json:
    return build_dashboard(ShownFamily("fraud", "prod", "risk", "fraud", 1, clusters))


@pytest.mark.parametrize("clusters", [(), (BARE,), (WATCHED,), (BARE, WATCHED)])
def test_a_dashboard_is_as_grafana_publishes_it(
    grafana: jsonschema_rs.Validator, clusters: tuple[ShownCluster, ...]
) -> None:
    assert [str(error) for error in grafana.iter_errors(build(*clusters))] == []


def test_the_golden_dashboards_are_as_grafana_publishes_them(
    grafana: jsonschema_rs.Validator,
) -> None:
    rendered = Path(__file__).resolve().parents[1] / "golden" / "rendered"
    found = sorted(rendered.glob("*/families/*/dashboard.yaml"))
    assert found
    for path in found:
        for text in read_manifest(path.read_bytes())["data"].values():
            dashboard = json.loads(text)
            assert [str(error) for error in grafana.iter_errors(dashboard)] == []
            # No key twice, sorted, no spaces: equal specs give equal bytes.
            assert canonical_json(dashboard).decode() == text


PLACES = [
    (),
    ("annotations", "list", 0),
    ("annotations", "list", 0, "target"),
    ("templating", "list", 0),
    ("templating", "list", 1, "query"),
    *[("panels", panel, *inner) for panel in (1, 2, 5) for inner in (
        (), ("options",), ("gridPos",), ("targets", 0), ("fieldConfig", "defaults"),
        ("fieldConfig", "defaults", "thresholds", "steps", 0),
    )],
    ("panels", 0),
    ("panels", 1, "fieldConfig", "defaults", "custom"),
    ("panels", 5, "fieldConfig", "defaults", "custom"),
    ("panels", 5, "fieldConfig", "overrides", 0),
    ("panels", 5, "options", "legend"),
]  # fmt: skip
"""Objects of each kind: of the kinds of panels the table, the numbers and the lines."""


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_the_schema_finds_an_unknown_key_and_a_wrong_type(
    grafana: jsonschema_rs.Validator, place: tuple[str | int, ...]
) -> None:
    dashboard = build(WATCHED)
    target = dashboard
    for step in place:
        target = target[step]
    target["noSuchKey"] = 1
    assert not grafana.is_valid(dashboard)
    del target["noSuchKey"]
    assert grafana.is_valid(dashboard)
    key = next(iter(target))
    wrongs: list[Json] = [{"wrong": []}, [[1]]]
    for wrong in wrongs:
        kept, target[key] = target[key], wrong
        assert not grafana.is_valid(dashboard), f"{key} may be {wrong}"
        target[key] = kept


def test_grafana_has_nothing_to_migrate(grafana: jsonschema_rs.Validator) -> None:
    defaults = (MODULES / "@grafana/schema/dist/esm/raw/dashboard/x/types.gen.mjs").read_text()
    assert f"schemaVersion: {SCHEMA_VERSION}," in defaults
