"""The families that a change touches, as they are at its base and after the merge.

Only their own files are read, and those of environments: the others are as on the base.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from lockstep.check.change import FOLDERS
from lockstep.check.metric_reviews import metric_reviews
from lockstep.check.units import Unit, unit_of
from lockstep.check.validation import validate_families
from lockstep.check.workspace import with_shipped
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.approval import SOURCE
from lockstep.model.decision import Decision
from lockstep.model.document import value_at
from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.model.forecast import LONGEST_NAME, LONGEST_TEXT
from lockstep.model.paths import SETTINGS
from lockstep.model.review import (
    MOST_FAMILIES,
    ApprovalGate,
    ClusterReview,
    FamilyReview,
    NewDecision,
    PartChange,
    VariantShare,
)
from lockstep.rollout.chain import judged
from lockstep.rollout.divergence import same_variants
from lockstep.rollout.forecast import forecast
from lockstep.rollout.state_words import describe_state
from lockstep.spec.ledger import files_of
from lockstep.text.sanitise import cut, one_line

_OF_ENVIRONMENT = re.compile(r"clusters/[^/]+/environment\.yaml")
_ABSENT = "not there"
_UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class _Side:
    """One side of a change: its readable families, and what is wrong with the others."""

    families: Mapping[Unit, Family]
    environments: Mapping[str, Environment]
    problems: Mapping[Unit, str]


def family_reviews(
    git: Git, base: str | None, tree: str, now: datetime
) -> tuple[tuple[FamilyReview, ...], int]:
    """The families that differ between a commit and a tree, and how many more there are.

    Without a base all families are new. Raises LockstepError where git cannot read them.
    """
    # What belongs to a family is in clusters/ and ledger/.
    folders = FOLDERS[:2]
    changed = git.changed_files(base, tree, *folders) if base else git.file_ids(tree, folders)
    units = sorted({unit for path in changed if (unit := unit_of(path))})
    shown = units[:MOST_FAMILIES]
    reader = LedgerReader(git)
    after = _read(git, tree, shown, reader, "HEAD")
    before = _read(git, base, shown, reader, base) if base else _Side({}, {}, {})
    reviews = (_review(unit, before, after, now) for unit in shown)
    return tuple(each for each in reviews if each), len(units) - len(shown)


def _read(git: Git, tree: str, units: Sequence[Unit], reader: LedgerReader, commit: str) -> _Side:
    specs = git.file_ids(tree, ["clusters"]) if units else ()
    paths = [f"{top}/{e}/{f}" for e, f in units for top in FOLDERS[:2]]
    # All environments, because one names another as its predecessor.
    paths += [path for path in specs if _OF_ENVIRONMENT.fullmatch(path)]
    files = git.read_tree(tree, ["policies", SETTINGS, *paths], links=True) if units else {}
    others = {unit for path in specs if (unit := unit_of(path))}
    validated = validate_families(with_shipped(files, ["policies"]), others=others)
    history = reader.at(commit) if git.resolve(commit) else None
    families = {}
    for unit, read in validated.read.items():
        if read.valid is not None:
            families[unit] = judged(read.valid, history) if history else judged(read.valid)
    problems = {
        unit: _problem(read.invalid) for unit, read in validated.read.items() if not read.valid
    }
    return _Side(families, validated.given.fleet.environments, problems)


def _problem(invalid: Sequence[Finding]) -> str:
    """Why a family cannot be read: its first mistake."""
    errors = (each for each in invalid if each.severity is Severity.ERROR)
    first = next(errors, None)
    return cut(f"{first.file}:{first.line}: {first.message}", LONGEST_TEXT) if first else ""


def _review(unit: Unit, before: _Side, after: _Side, now: datetime) -> FamilyReview | None:
    was, family = before.families.get(unit), after.families.get(unit)
    if was is None and family is None and not after.problems.get(unit):
        return None  # records without specs: the check says what is wrong with them
    gone = family is None and not after.problems.get(unit)
    change = PartChange.REMOVED if gone else PartChange.CHANGED if was else PartChange.ADDED
    review = FamilyReview(
        environment=cut(unit[0], LONGEST_NAME),
        name=cut(unit[1], LONGEST_NAME),
        owner=_owner(family or was),
        change=change,
        before=cut(describe_state(was, now), LONGEST_TEXT) if was else _ABSENT,
        after=_ABSENT if gone else _UNREADABLE,
        problem="" if gone else after.problems.get(unit, ""),
        clusters=tuple(_clusters(was, None)) if was and gone else (),
    )
    if family is None:
        return review
    new = list(_new_decisions(family, was))
    return replace(
        review,
        after=cut(describe_state(family, now), LONGEST_TEXT),
        problem="",
        clusters=tuple(_clusters(was, family)),
        decisions=tuple(map(_decision, new)),
        metrics=tuple(metric_reviews(family, was, new, now)),
        approvals=tuple(_approval_gates(family)),
        follows=forecast(family, after.environments[unit[0]], now),
    )


def _owner(family: Family | None) -> str:
    owner = value_at(family.document.value, ("metadata", "owner"), "") if family else ""
    return cut(str(owner), LONGEST_NAME)


def _new_decisions(family: Family, before: Family | None) -> Iterator[Decision]:
    """The decisions in records that the base does not have, the broken ones included."""
    known = {file.path: file.digest for file in files_of(before)} if before else {}
    for file in files_of(family):
        if file.record and known.get(file.path) != file.digest:
            yield file.record.decision


def _decision(decision: Decision) -> NewDecision:
    return NewDecision(
        action=decision.action.value,
        version=cut(decision.target.version, LONGEST_NAME),
        record=decision.path,
        actor=one_line(decision.actor, 300),
        reason=one_line(decision.reason, LONGEST_TEXT),
    )


def _clusters(before: Family | None, after: Family | None) -> Iterator[ClusterReview]:
    """Every cluster of either side, in the order of the waves."""
    was = {each.name: each for each in before.clusters} if before else {}
    now = {each.name: each for each in after.clusters} if after else {}
    family = after or before
    waves = value_at(family.spec, ("rollout", "waves"), []) if family else []
    reviews = [_cluster(was.get(name), now.get(name), waves) for name in {**was, **now}]
    yield from sorted(reviews, key=lambda each: (each.wave or len(waves) + 1, each.name))


def _cluster(
    was: Cluster | None, now: Cluster | None, waves: Sequence[Sequence[str]]
) -> ClusterReview:
    shown = now or was
    assert shown is not None  # noqa: S101 (a name of one of the two sides)
    wave = next((n for n, regions in enumerate(waves, 1) if shown.region in regions), 0)
    if was is None or now is None:
        change = PartChange.ADDED if now else PartChange.REMOVED
    else:
        same = same_variants(was.variants, now.variants)
        change = PartChange.SAME if same else PartChange.CHANGED
    return ClusterReview(
        name=cut(shown.name, LONGEST_NAME),
        region=cut(shown.region, LONGEST_NAME),
        file=shown.path,
        change=change,
        wave=wave,
        before=_shares(was),
        after=_shares(now),
    )


def _shares(cluster: Cluster | None) -> tuple[VariantShare, ...]:
    listed = cluster.variants if cluster else []
    return tuple(
        VariantShare(v["name"], str(v["version"]), v["weight"], v.get("warm") is True)
        for v in listed
    )


def _approval_gates(family: Family) -> Iterator[ApprovalGate]:
    for gate in value_at(family.spec, ("gates",), []):
        if gate.get("source") == SOURCE:
            when = str(gate.get("when", "step"))
            yield ApprovalGate(gate["name"], str(gate.get("role")), gate.get("count", 1), when)
