"""Every file that people write names its schema in its first line, so that editors complete it."""

import json
from pathlib import Path

import pytest

from lockstep.spec.yaml.load import load_yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "policies" / "schemas"
EXAMPLES = ROOT / "tests" / "examples" / "base"
HUMAN = sorted(
    path
    for folder in (ROOT / "clusters", ROOT / "policies" / "data", EXAMPLES)
    for path in folder.rglob("*.yaml")
    if path.parent.name != "locks" and path.name not in ("quarantine.yaml", "thresholds.yaml")
)
LINE = "# yaml-language-server: $schema="


@pytest.mark.parametrize("path", HUMAN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_first_line_leads_to_the_schema_of_the_kind(path: Path) -> None:
    data = path.read_bytes()
    first = data.decode().splitlines()[0]
    assert first.startswith(LINE), "an editor looks for the line at the very top"
    # The examples stand for a repository of their own, which has the same schemas.
    inside = path.relative_to(EXAMPLES) if path.is_relative_to(EXAMPLES) else path.relative_to(ROOT)
    target = (ROOT / inside).parent.joinpath(first.removeprefix(LINE)).resolve()
    assert target.is_relative_to(SCHEMAS) and target.is_file()
    document, findings = load_yaml(path.name, data)
    assert document is not None and not findings
    schema = json.loads(target.read_bytes())
    if "kind" in schema.get("properties", {}):
        assert document.value["kind"] == schema["properties"]["kind"]["const"]


def test_every_kind_of_human_file_is_among_them() -> None:
    names = {path.read_text().splitlines()[0].rpartition("/")[2] for path in HUMAN}
    assert {"environment.json", "model-family.json", "model-cluster.json"} <= names
