"""What `validate` says about a name that it does not know: it lists what there is.

The name that looks most alike may be another place or another model, so none is ever proposed as
what to write.
"""

import json
from pathlib import Path

import pytest

from lockstep.cli.entry import invoke
from lockstep.edges.files import read_tree
from tests.unit.edges.repositories import new_repository

ROOT = Path(__file__).resolve().parents[2]
HOME = "clusters/prod/environment.yaml"
FAMILY = "clusters/prod/scoring/family.yaml"
EU = "clusters/prod/scoring/eu-west-1.yaml"
FREEZE = """\
spec:
  freezes:
    - name: audit
      reason: the books are closed
      from: "2026-06-01T08:00:00Z"
      until: "2026-06-02T08:00:00Z"
      families: [scorign]
"""


def said(folder: Path, path: str, old: str, new: str) -> dict[str, str]:
    """The fix by rule that `validate` names after one edit of the small fleet."""
    tree = read_tree(ROOT / "tests/examples/base", ("clusters", "lockstep.yaml"))
    assert old.encode() in tree[path]
    new_repository(folder, {**tree, path: tree[path].replace(old.encode(), new.encode(), 1)})
    code, text = invoke(["validate", "--root", str(folder), "--format", "json"])
    assert code == 10
    return {each["rule"]: each["fix"] for each in json.loads(text)["findings"]}


@pytest.mark.parametrize(
    ("path", "old", "new", "rule", "names"),
    [
        (EU, "region: eu-west-1", "region: us-west-1", "structure.unknown-region",
         "its regions are eu-central-1, eu-west-1 and us-east-1"),
        (FAMILY, "[eu-west-1]", "[us-west-1]", "structure.unknown-region",
         "its regions are eu-central-1, eu-west-1 and us-east-1"),
        (HOME, "spec:\n", FREEZE, "structure.unknown-family", "its families are scoring"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_known_gets_the_list_of_those_that_are(
    path: str, old: str, new: str, rule: str, names: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    fixes = said(tmp_path, path, old, new)
    assert fixes[rule].startswith(names) and "write" not in fixes[rule]


def test_a_time_zone_that_is_not_known_is_never_guessed(tmp_path: Path) -> None:
    freeze = (
        'spec:\n  freezes: [{name: a, reason: b, cron: "0 1 * * *", lasts: 1h, timeZone: UTC}]\n'
    )
    fixes = said(tmp_path, HOME, "spec:\n", freeze.replace("UTC", "Europe/Berlim"))
    assert fixes["structure.time-zone"].startswith("write a name of the IANA database")


def test_a_misspelt_field_gets_a_question(tmp_path: Path) -> None:
    fixes = said(tmp_path, EU, "  host: ", "  hots: ")
    assert fixes == {"schema.unknown-field": "write host if that is meant, or remove the field"}
