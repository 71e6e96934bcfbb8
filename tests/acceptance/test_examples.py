"""Every example under tests/examples: a small fleet, one change, and the exact findings.

A case is a folder in ``positive/`` or ``negative/`` with the files that change and an
``expected.json``: what the case is ``about``, the ``exit`` code, the ``findings`` and perhaps the
``removed`` files. The change is rendered and then checked, as its author would do it.
The rules have examples of their own next to them. ``LOCKSTEP_UPDATE_EXAMPLES=1`` writes what is
found instead of comparing it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lockstep.check.compiled import policies_of
from lockstep.check.pipeline import CheckInput, check_tree, run_pipeline
from lockstep.check.policy_sets import PolicySet, open_policy_set
from lockstep.check.rendering import render_tree
from lockstep.cli.entry import invoke
from lockstep.edges.files import read_tree, write_changes
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree
from lockstep.model.ledger import LedgerHistory
from lockstep.model.outcome import Outcome
from lockstep.model.paths import SETTINGS
from lockstep.model.times import format_time
from lockstep.opa.binary import find_opa
from lockstep.report import json_report
from lockstep.spec.yaml.load import Documents
from tests.unit.edges.repositories import new_repository

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "examples"
CASES = sorted(path.parent for path in EXAMPLES.glob("*/*/expected.json"))
NOW = datetime(2026, 2, 1, 8, tzinfo=UTC)
FIELDS = ("rule", "file", "line", "column", "message")
UPDATE = bool(os.environ.get("LOCKSTEP_UPDATE_EXAMPLES"))


@dataclass(frozen=True)
class Base:
    """The small fleet, rendered, with the rules that check its changes; it is clean."""

    tree: Tree
    policy_set: PolicySet
    documents: Documents


@pytest.fixture(scope="module")
def base() -> Iterator[Base]:
    try:
        find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")
    fleet = read_tree(EXAMPLES / "base", ("clusters", "ledger", "policies", SETTINGS))
    tree = rendered({**read_tree(ROOT, ("policies", "templates")), **fleet})
    with ExitStack() as stack:
        yield Base(tree, open_policy_set(stack, policies_of(tree)), Documents())


def changed(case: Path, base: Tree) -> Tree:
    """The base with the change of a case, rendered as far as it can be."""
    files = {
        path.relative_to(case).as_posix(): path.read_bytes()
        for path in case.rglob("*")
        if path.is_file() and path.name != "expected.json"
    }
    removed = expectation(case).get("removed", [])
    return rendered({p: data for p, data in {**base, **files}.items() if p not in removed})


def rendered(tree: Tree) -> Tree:
    changes = render_tree(tree).changes
    return {path: data for path, data in {**tree, **changes}.items() if data is not None}


def repository_with(case: Path, base: Base, folder: Path) -> Path:
    """The same as a git repository, with the base committed and the change in the work tree."""
    new_repository(folder, dict(base.tree))
    write_changes(folder, changed(case, base.tree))
    return folder


def check(base: Base, tree: Tree) -> Outcome:
    """What ``lockstep check`` finds in a change of the base; most change no rules."""
    given = CheckInput(tree, base.tree, NOW, history=LedgerHistory, documents=base.documents)
    if policies_of(tree) != policies_of(base.tree):
        return check_tree(given).checked.outcome()
    return run_pipeline([base.policy_set], given).checked.outcome()


def expectation(case: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((case / "expected.json").read_text())
    return expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_example_has_exactly_the_findings_expected(case: Path, base: Base) -> None:
    outcome = check(base, changed(case, base.tree))
    code, report = outcome.exit_code, json.loads(json_report.format_outcome(outcome))
    found = [{field: finding[field] for field in FIELDS} for finding in report["findings"]]
    expected = expectation(case)
    if UPDATE:
        expected |= {"exit": code, "findings": found}
        text = json.dumps(expected, indent=2, ensure_ascii=False)
        (case / "expected.json").write_text(text + "\n")
        return
    assert found == expected["findings"]
    assert code == expected["exit"]
    assert all(finding["fix"] for finding in report["findings"])
    # What people approve is no error.
    severities = [finding["severity"] for finding in report["findings"]]
    assert set(severities) <= {"error", "approval"}
    assert report["summary"]["errors"] == severities.count("error")


def test_positive_examples_expect_nothing_and_negative_ones_something() -> None:
    assert len(CASES) > 100
    for case in CASES:
        expected = expectation(case)
        positive = case.parent.name == "positive"
        assert bool(expected["findings"]) is not positive, case
        assert (expected["exit"] == 0) is positive, case


def test_the_command_line_shows_each_finding_with_what_to_do_below(
    base: Base, tmp_path: Path
) -> None:
    case = EXAMPLES / "negative" / "bad-pull-request"
    folder = repository_with(case, base, tmp_path)
    code, output = invoke(["check", "--root", str(folder), "--now", format_time(NOW)])
    lines = output.splitlines()
    places = [
        f"{f['file']}:{f['line']}:{f['column']}: error" for f in expectation(case)["findings"]
    ]
    heads = [line for line in lines[:-1] if not line.startswith("    ")]
    assert [" ".join(line.split()[:2]) for line in heads] == places
    assert sum(line.startswith("    fix: ") for line in lines) == len(places)
    assert lines[-1] == "3 errors in 2 clusters"
    assert code == 11
