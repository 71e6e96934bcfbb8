"""Every field of the reference fleet with a mistake: a check finds it, or a list says why not.

``mutation_exceptions.yaml`` lists the mistakes that may pass (``uncaught``), and those of the
schema that are reported more than once or elsewhere (``echoed``), each with the reason.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.check.compiled import policies_of
from lockstep.check.policy_sets import open_policy_set
from lockstep.edges.files import read_tree
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.opa.binary import find_opa
from tests.acceptance.mutant_check import MutantCheck
from tests.acceptance.mutants import Mutant, mutants_of, written

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "mutation_exceptions.yaml").read_text())
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
KINDS = (b"kind: Environment", b"kind: ModelFamily", b"kind: ModelCluster")
MISSING = "schema.missing-field"


@dataclass
class Trial:
    """The mutants, and the findings about each."""

    mutants: list[Mutant] = field(default_factory=list)
    findings: dict[Mutant, Sequence[Finding]] = field(default_factory=dict)

    def uncaught(self) -> list[Mutant]:
        return [m for m in self.mutants if not any(f.stops for f in self.findings[m])]

    def echoed(self) -> list[Mutant]:
        """Those with a schema mistake that is not exactly one finding at its place."""
        return [m for m in self.mutants if _echoed(m, self.findings[m])]


def _echoed(mutant: Mutant, findings: Sequence[Finding]) -> bool:
    if not any(finding.rule.startswith("schema.") for finding in findings):
        return False
    # Where a mapping is empty, each field that it needs is a finding of its own.
    alone = len(findings) == 1 or all(finding.rule == MISSING for finding in findings)
    return not alone or any(f.file != mutant.file or f.line not in mutant.near for f in findings)


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    try:
        find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")
    tree = dict(read_tree(ROOT, ["policies", "templates", "clusters", "ledger"]))
    # Production alone: elsewhere the rules are fewer, and the files are much like these.
    human = {
        path: written(yaml.safe_load(data))
        for path, data in tree.items()
        if path.startswith("clusters/prod/") and any(kind in data for kind in KINDS)
    }
    trial = Trial(list(mutants_of(human)))
    with ExitStack() as stack:
        check = MutantCheck(open_policy_set(stack, policies_of(tree)), tree | human, NOW)
        found = check.findings((mutant.file, mutant.data) for mutant in trial.mutants)
        trial.findings = dict(zip(trial.mutants, found, strict=True))
        yield trial


def excused(mutant: Mutant, exception: dict[str, Any]) -> list[tuple[str, str]]:
    """The patterns of an exception that match a mutant: path and mutation."""
    if exception["kind"] != mutant.kind:
        return []
    return [
        (path, mutation)
        for path in exception["paths"]
        for mutation in exception["mutations"]
        if _matches(mutant.path, path) and fnmatchcase(mutant.mutation, mutation)
    ]


def _matches(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern, part by part."""
    parts, patterns = path.split("."), pattern.split(".")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def check_exceptions(mutants: Sequence[Mutant], exceptions: list[dict[str, Any]]) -> list[str]:
    """One line per mutant without an exception, and per pattern that matches no mutant."""
    problems = [f"not listed: {m}" for m in mutants if not any(excused(m, e) for e in exceptions)]
    for exception in exceptions:
        used = {pattern for mutant in mutants for pattern in excused(mutant, exception)}
        needed = {path for path, _ in used} | {mutation for _, mutation in used}
        patterns = (*exception["paths"], *exception["mutations"])
        about = f"{exception['kind']}: {exception['reason']}"
        problems += [f"not needed: {p} of {about}" for p in patterns if p not in needed]
    return problems


def test_every_field_is_mutated_in_each_way(trial: Trial) -> None:
    ways: dict[tuple[str, object], set[str]] = {}
    for mutant in trial.mutants:
        ways.setdefault((mutant.file, mutant.pointer), set()).add(mutant.way)
    assert len(ways) > 500
    assert all({"dropped", "mistyped", "emptied"} <= each for each in ways.values())
    assert all("misspelt" in ways[f, p] for f, p in ways if isinstance(p[-1], str))  # type: ignore[index]


def test_every_mistake_is_caught_or_listed_with_a_reason(trial: Trial) -> None:
    problems = check_exceptions(trial.uncaught(), EXCEPTIONS["uncaught"])
    assert not problems, "\n".join(problems)


def test_a_mistake_of_the_schema_is_one_finding_at_its_place(trial: Trial) -> None:
    problems = check_exceptions(trial.echoed(), EXCEPTIONS["echoed"])
    assert not problems, "\n".join(problems)


def test_every_exception_has_a_reason() -> None:
    every = [*EXCEPTIONS["uncaught"], *EXCEPTIONS["echoed"]]
    assert all(len(exception["reason"].split()) > 4 for exception in every)


def test_no_mistake_makes_a_rule_fail(trial: Trial) -> None:
    failed = [
        (str(m), f) for m in trial.mutants for f in trial.findings[m] if f.rule == "policy.error"
    ]
    assert not failed
