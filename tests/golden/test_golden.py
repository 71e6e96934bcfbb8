"""The bytes of whole manifests, kept: a change of them is seen in review, and raises renderFormat.

After an intended change: ``pytest tests/golden --update-golden``, and read the diff.
"""

import shutil
from pathlib import Path

import yaml

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.fleet import Fleet
from lockstep.render import Templates, compare
from lockstep.render.parse import parse_manifest
from lockstep.spec.schema.schemas import Schemas
from tests.unit.fleets import validate_fleet
from tests.unit.render import rendering
from tests.unit.whole_fleets import render_fleet

HERE = Path(__file__).resolve().parent
RENDERED = HERE / "rendered"


def tree_of(folder: Path, root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def golden_fleet() -> Fleet:
    return rendering.fleet_of(tree_of(HERE / "clusters", HERE))


def test_the_golden_fleet_is_valid() -> None:
    schemas = tree_of(rendering.REPOSITORY / "policies" / "schemas", rendering.REPOSITORY)
    assert validate_fleet(golden_fleet(), Schemas(schemas)) == []


def test_manifests_are_the_golden_ones(update_golden: bool) -> None:
    rendered, findings = render_fleet(golden_fleet(), rendering.templates())
    assert findings == []
    if update_golden:
        shutil.rmtree(RENDERED, ignore_errors=True)
        for path, data in rendered.items():
            (HERE / path).parent.mkdir(parents=True, exist_ok=True)
            (HERE / path).write_bytes(data)
    assert compare(rendered, tree_of(RENDERED, HERE)) == []


def test_the_golden_manifests_are_the_same_for_every_yaml_reader() -> None:
    manifests = sorted(RENDERED.rglob("*.yaml"))
    assert len(manifests) > 30
    for path in manifests:
        text = path.read_text()
        assert parse_manifest(text) == yaml.load(text, yaml.CSafeLoader), path


def test_a_changed_template_changes_the_golden_bytes() -> None:
    tree = rendering.resources()
    path = "templates/service/service.yaml.j2"
    tree[path] = tree[path].replace(b"appProtocol: http\n", b"appProtocol: http2\n")
    templates = Templates(tree, read_kubernetes_schema)
    rendered, _ = render_fleet(golden_fleet(), templates)
    findings = compare(rendered, tree_of(RENDERED, HERE))
    assert {f.file.rsplit("/", 1)[1] for f in findings} == {"service.yaml"}
