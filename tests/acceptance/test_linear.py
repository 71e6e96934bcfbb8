"""Nothing grows faster than the fleet: counted in evaluations and lines, so no clock is needed.

Each count is made for a hostile fleet and for one of four times its size. No line of a rule or of
the program may run much more than four times as often.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from lockstep.check.validation import validate_families
from lockstep.edges.files import read_tree
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.edges.process import run
from lockstep.model.document import Json
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import Tree
from lockstep.model.outcome import SHARD, UNUSED_WAIVER, Outcome, merge_outcomes
from lockstep.model.times import Moment
from lockstep.opa.binary import find_opa
from lockstep.opa.files import ARGUMENTS, policy_files, write_policy_files
from lockstep.policy import applied_waivers, batches, environment_summary, expected_rules
from lockstep.policy.applied_waivers import AppliedWaivers
from lockstep.policy.examples import NOW
from lockstep.policy.findings import RuleFinding
from lockstep.policy.waivers import FOLDER, Waiver, last_days, read_waivers
from lockstep.render import Templates, compare
from lockstep.report import github, gitlab, json_report, junit, markdown, sarif, text
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.schemas import Schemas
from tests.acceptance.hostile_fleets import SHAPES, Change
from tests.unit.whole_fleets import policy_inputs, render_fleet

ROOT = Path(__file__).parents[2]
SMALL, TIMES = 6, 4
SLACK = 1.3
"""How much more than TIMES a line may run: what is done once may depend on the size a little."""

Counts = Mapping[object, int]


def grown(small: Counts, large: Counts, least: int) -> dict[object, tuple[int, int]]:
    """What was counted too often, with both counts; what is rare in both does not matter."""
    return {
        place: (small.get(place, 0), count)
        for place, count in large.items()
        if count > least and count > SLACK * TIMES * max(small.get(place, 0), 1)
    }


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_no_rule_evaluates_more_than_linearly(
    shape: Callable[[int], Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a finding names is bounded; a small bound needs no fleet of hundreds of clusters.
    monkeypatch.setattr(environment_summary, "_MOST", 3)
    files = policy_files(read_tree(ROOT, ("policies",)))
    library = "policies/lib/finding.rego"
    assert b"most := 50" in files[library]
    files[library] = files[library].replace(b"most := 50", b"most := 3")
    write_policy_files(files, tmp_path)
    small, large = (_evaluations(tmp_path, shape(n)) for n in (SMALL, SMALL * TIMES))
    assert not grown(small, large, 150)


def _evaluations(folder: Path, change: Change) -> Counts:
    """How often each expression of the rules is evaluated for all items of a change."""
    new, old = (assemble(tree)[0] for tree in change)
    items = policy_inputs(new, old, NOW)
    rules = expected_rules(read_tree(ROOT, ("policies",)))
    (batch,) = batches(items, rules, Moment(NOW), size=len(items))
    (folder / "input.json").write_text(json.dumps(batch))
    data = [f"--data={argument}" for argument in ARGUMENTS]
    profile = ("--profile", "--profile-limit=100000", "--format=json", "--input=input.json")
    argv = [str(find_opa()), "eval", *profile, *data, "count(data.lockstep.answers)"]
    said = json.loads(run(argv, cwd=folder, timeout=120).stdout)
    assert said["result"][0]["expressions"][0]["value"] == len(items)
    counts: Counter[object] = Counter()
    for line in said["profile"]:
        where = line["location"]
        counts[where["file"], where["row"]] += line["num_eval"]
    return counts


def _lines(work: Callable[[], object]) -> Counts:
    """How often lines of each function of Lockstep run in ``work``; a loop counts each time."""
    counts: Counter[object] = Counter()

    def count(frame: FrameType, event: str, _: object) -> object:
        counts[frame.f_code.co_filename, frame.f_code.co_qualname] += 1
        return count

    def begin(frame: FrameType, event: str, argument: object) -> object:
        is_ours = "/lockstep/" in frame.f_code.co_filename
        return count(frame, event, argument) if is_ours else None

    before = sys.gettrace()
    sys.settrace(begin)  # type: ignore[arg-type]
    try:
        work()
    finally:
        sys.settrace(before)
    return counts


def _validate(shape: Callable[[int], Change], size: int) -> Callable[[], object]:
    schemas = Schemas(read_tree(ROOT, ("policies",)))
    tree = _with_mistakes(shape(size)[0])
    return lambda: validate_families(tree, schemas=[schemas])


def _with_mistakes(tree: Tree) -> Tree:
    """The tree with an unknown region, a wrong weight and an unknown field in every cluster."""
    wrong = (b'"weight": "x"', b'"region": "region-99"', b'"hots"')
    right = (b'"weight": 100', b'"region": "region-00"', b'"host"')
    for old, new in zip(right, wrong, strict=True):
        tree = {path: data.replace(old, new) for path, data in tree.items()}
    return tree


def _policy_inputs(shape: Callable[[int], Change], size: int) -> Callable[[], object]:
    new, old = (assemble(tree)[0] for tree in shape(size))
    return lambda: policy_inputs(new, old, NOW)


def _render(shape: Callable[[int], Change], size: int) -> Callable[[], object]:
    templates = Templates(read_tree(ROOT, ("policies", "templates")), read_kubernetes_schema)
    fleet = assemble(shape(size)[0])[0]
    return lambda: render_fleet(fleet, templates)


def _compare(size: int) -> Callable[[], object]:
    """No folder could be rendered, and every second file is not rendered any more."""
    folders = [f"rendered/prod/clusters/c{number}" for number in range(size)]
    committed = {f"{folder}/{name}.yaml": b"x" for folder in folders for name in "abc"}
    return lambda: compare({}, committed, unrendered=folders[::2])


def _apply_waivers(size: int) -> Callable[[], object]:
    """Each finding has waivers of its own, and all have the same expired and pending ones."""
    found = [
        RuleFinding(replace(finding, rule="policy.residency"), "prod", "f", f"c{n}")
        for n, finding in enumerate(_findings(size))
    ]
    all_of = {"environment": "prod"}
    ours = [_waiver({"cluster": f"c{n}"}, "2026-06-10") for n in range(0, size, 2)]
    old = [_waiver(all_of, "2026-05-01", f"old {n}") for n in range(size)]
    new = [_waiver(all_of, "2026-06-10", f"new {n}") for n in range(size)]
    counting, pending = _read([*ours, *old]), _read(new)

    def work() -> None:
        ends = last_days(counting)
        assert all(waiver.is_within(ends) for waiver in counting)
        applied = AppliedWaivers(counting, pending, date(2026, 6, 1))
        findings = [applied.apply(each, waivable=True) for each in found]
        assert sum(each.suppression is not None for each in findings) == len(ours)
        assert not applied.unused([("prod", "f", f"d{n}") for n in range(size)])

    return work


def _waiver(scope: Json, expires: str, reason: str = "for now") -> Json:
    by = {"owner": "risk@example.com", "reason": reason, "ticket": "RISK-1", "expires": expires}
    return {"rule": "residency", "scope": scope, **by}


def _read(waivers: list[Json]) -> list[Waiver]:
    document = {"metadata": {"name": "many"}, "spec": {"waivers": waivers}}
    read, findings = read_waivers({f"{FOLDER}many.yaml": json.dumps(document).encode()})
    assert not findings
    return read


def _findings(size: int) -> list[Finding]:
    """Findings of one rule with one message in one file, and others at other places."""
    same = [
        Finding("clusters/a.yaml", n + 1, 1, "policy.x", "the same", "fix") for n in range(size)
    ]
    note = Related("clusters/b.yaml", 1, 1, "involved")
    other = [Finding(f"clusters/{n}.yaml", 1, 1, "schema.y", f"{n}", "", related=(note,))
             for n in range(size)]  # fmt: skip
    idle = [Finding(f"policies/data/waivers/{n}.yaml", 1, 1, UNUSED_WAIVER, "idle", "remove it")
            for n in range(size)]  # fmt: skip
    return [*same, *other, *idle]


def _report(form: Callable[[Outcome], str], size: int) -> Callable[[], object]:
    findings = tuple(_findings(size))
    lines = {(finding.file, finding.line): "a: line" for finding in findings}
    return lambda: form(Outcome(findings, {"clusters": size}, lines))


def _merge(size: int) -> Callable[[], object]:
    parts = [Outcome(tuple(_findings(size)), {SHARD: f"{n}/3"}) for n in (1, 2, 3)]
    return lambda: merge_outcomes(parts)


REPORTS = (github, gitlab, json_report, junit, markdown, sarif, text)
WORKS: dict[str, Callable[[int], Callable[[], object]]] = {
    **{
        f"{work.__name__}-{shape.__name__}": partial(work, shape)
        for work in (_validate, _policy_inputs, _render)
        for shape in SHAPES
    },
    **{work.__name__: work for work in (_compare, _apply_waivers, _merge)},
    **{each.__name__: partial(_report, each.format_outcome) for each in REPORTS},
}


@pytest.mark.parametrize("name", WORKS)
def test_no_function_runs_more_than_linearly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_summary, "_MOST", 3)
    monkeypatch.setattr(applied_waivers, "_NOTED", 3)
    work = WORKS[name]
    work(2)()  # what is computed once and kept is not counted
    small, large = (_lines(work(size)) for size in (SMALL, SMALL * TIMES))
    assert not grown(small, large, 150)
