"""The same mistakes give the same findings: whatever the order of files, and in any shards.

``LOCKSTEP_ALL_CLUSTERS=1`` makes a fleet of 1,000 clusters instead of 200.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.check.compiled import policies_of
from lockstep.check.pipeline import CheckInput, run_pipeline
from lockstep.check.policy_sets import PolicySet, open_policy_set
from lockstep.commands import merge_reports
from lockstep.edges.files import read_tree
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree
from lockstep.model.outcome import SHARD, UNUSED_WAIVER, Outcome
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.binary import find_opa
from lockstep.render import Templates
from lockstep.report.json_report import format_outcome
from lockstep.spec.assemble import assemble
from tests.bench.fleet import make_fleet
from tests.bench.spoilt import EVERY, WAIVERS, spoil, waivers
from tests.unit.whole_fleets import render_fleet

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
CLUSTERS = 1000 if os.environ.get("LOCKSTEP_ALL_CLUSTERS") else 200


@dataclass(frozen=True)
class Spoilt:
    """A fleet with mistakes, the valid one before it, and what one run finds."""

    policy_sets: Sequence[PolicySet]
    before: Tree
    tree: Tree
    whole: Outcome

    def outcome(self, tree: Tree, before: Tree, shard: Shard = WHOLE) -> Outcome:
        return run_pipeline(
            self.policy_sets, CheckInput(tree, before, NOW, shard)
        ).checked.outcome()


@pytest.fixture(scope="module")
def spoilt() -> Iterator[Spoilt]:
    try:
        find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")
    shared = dict(read_tree(ROOT, ["policies", "templates"]))
    valid = make_fleet(CLUSTERS)
    rendered, findings = render_fleet(assemble(valid)[0], Templates(shared, read_kubernetes_schema))
    assert not findings
    files = spoil(valid, rendered)
    shared |= waivers(files)
    before, tree = shared | valid | rendered, shared | files
    with ExitStack() as stack:
        made = Spoilt([open_policy_set(stack, policies_of(shared))], before, tree, Outcome(()))
        yield replace(made, whole=made.outcome(tree, before))


def shuffled(tree: Tree, seed: int) -> Tree:
    paths = sorted(tree)
    random.Random(seed).shuffle(paths)
    return {path: tree[path] for path in paths}


def test_the_mistakes_are_many_and_of_many_kinds(spoilt: Spoilt) -> None:
    found = Counter(finding.rule for finding in spoilt.whole.findings)
    assert sum(found.values()) >= CLUSTERS // EVERY
    assert {
        "yaml.syntax", "schema.unknown-field", "structure.unknown-region", "policy.weights-sum",
        "policy.version-locked", "structure.duplicate-host", "policy.identity-not-shared",
        "policy.min-replicas", UNUSED_WAIVER,
    } <= found.keys()  # fmt: skip
    assert {
        "render.collision",
        "render.different",
        "render.missing",
        "render.stale",
    } <= found.keys()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_the_files_changes_nothing(spoilt: Spoilt, seed: int) -> None:
    tree, before = shuffled(spoilt.tree, seed), shuffled(spoilt.before, seed + 100)
    assert format_outcome(spoilt.outcome(tree, before)) == format_outcome(spoilt.whole)


def test_shards_find_together_what_one_run_finds(spoilt: Spoilt, tmp_path: Path) -> None:
    reports = []
    for index in range(1, 5):
        shard = Shard(index, 4)
        outcome = spoilt.outcome(spoilt.tree, spoilt.before, shard)
        outcome = replace(outcome, summary={**outcome.summary, SHARD: str(shard)})
        reports.append(tmp_path / f"{index}.json")
        reports[-1].write_text(format_outcome(outcome))
    merged = merge_reports.run(reports)
    assert merged.findings == spoilt.whole.findings
    assert format_outcome(merged) == format_outcome(spoilt.whole)


def test_a_waiver_is_unused_only_where_no_shard_uses_it(spoilt: Spoilt) -> None:
    lines = spoilt.tree[WAIVERS].decode().splitlines()
    last = max(n for n, line in enumerate(lines, 1) if "- rule:" in line)
    unused = {finding.line for finding in spoilt.whole.findings if finding.rule == UNUSED_WAIVER}
    used = {f.suppression.line for f in spoilt.whole.findings if f.suppression}
    assert last in unused
    assert len(used) > 1
    assert used.isdisjoint(unused)
    assert len(used | unused) == sum("- rule:" in line for line in lines)
