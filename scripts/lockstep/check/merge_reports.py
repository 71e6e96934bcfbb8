"""Merges the JSON reports of several checks, such as those of all shards, into one outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lockstep.edges.files import read_file
from lockstep.model.errors import LockstepError
from lockstep.model.outcome import BASE, CONTENT, OF, SHARD, Outcome, merge_outcomes
from lockstep.model.shard import Shard
from lockstep.report.json_report import format_outcome, read_report
from lockstep.text.sanitise import quoted

_LARGEST = 256 * 1024 * 1024
"""Bytes of one report: far more than a fleet gives, and still bounded."""

_AGAIN = "write it with lockstep check --report json=PATH, with the same version of Lockstep"


@dataclass(frozen=True)
class _Part:
    path: Path
    outcome: Outcome
    shard: Shard | None

    @property
    def content(self) -> object:
        """The digest of what was checked."""
        return self.outcome.summary.get(CONTENT)

    @property
    def scope(self) -> str:
        """Which clusters were checked, as a message says it."""
        of, base = (self.outcome.summary.get(name) for name in (OF, BASE))
        if of is None:
            return "all clusters"
        against = quoted(str(base), 100) if base else "an unknown base"
        return f"a part of {of:,} clusters, compared with {against}"


def merge_reports(paths: Sequence[Path]) -> Outcome:
    """The outcome that one run over everything would have had, whatever the order of the paths.

    Raises LockstepError for what is not a report, for the same file twice, for changes that were
    compared with different bases, and where the reports are of shards, unless every shard is there
    exactly once.
    """
    _refuse_repeated(paths)
    parts = [_read(path) for path in paths]
    if any(part.shard for part in parts):
        _refuse_gaps(parts)
    _refuse_other_scopes(parts)
    # By content: the order in which a shell lists the files must not change the outcome.
    ordered = sorted((part.outcome for part in parts), key=format_outcome)
    merged = merge_outcomes(ordered)
    whole = {n: v for n, v in merged.summary.items() if n not in (SHARD, CONTENT)}
    return replace(merged, summary=whole)


def _read(path: Path) -> _Part:
    try:
        outcome = read_report(read_file(path, _LARGEST))
        shard = outcome.summary.get(SHARD)
        return _Part(path, outcome, Shard.parse(str(shard)) if shard is not None else None)
    except ValueError as error:
        text = f"this is not a report of lockstep check: {error}"
        raise LockstepError(text, where=str(path), fix=_AGAIN) from error


def _refuse_repeated(paths: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise LockstepError(
                "this report is given twice", where=str(path), fix="give each report once"
            )
        seen.add(path.resolve())


def _refuse_gaps(parts: Sequence[_Part]) -> None:
    """Raise unless the parts are all shards of one and the same run, each once."""
    known: dict[int, _Part] = {}
    total = next(part.shard for part in parts if part.shard).count
    # A shard that could not run has no digest of its content to compare.
    first = next((part for part in parts if part.outcome.has_checked), None)
    for part in parts:
        where = str(part.path)
        if part.shard is None:
            raise LockstepError(
                "this report is not of a shard, and others are", where=where,
                fix="merge either the shards of one run, or reports of whole runs",
            )  # fmt: skip
        if part.shard.count != total:
            text = f"this is shard {part.shard}, and others are shards of {total}"
            raise LockstepError(text, where=where, fix="merge the shards of one run")
        if part.shard.index in known:
            text = f"shard {part.shard} is also in {known[part.shard.index].path}"
            raise LockstepError(text, where=where, fix="give each shard once")
        if first and part.outcome.has_checked and part.content != first.content:
            text = f"this report and {first.path} are of different files, or of different bases"
            raise LockstepError(text, where=where, fix="merge the shards of one run")
        known[part.shard.index] = part
    missing = [f"{index}/{total}" for index in range(1, total + 1) if index not in known]
    if missing:
        few = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" * (len(missing) > 10))
        raise LockstepError(
            f"shards are missing ({few}), so parts of the fleet were not checked",
            fix="give the reports of all shards; did one of the jobs fail?",
        )


def _refuse_other_scopes(parts: Sequence[_Part]) -> None:
    """Raise where shards are of different parts of the fleet, or changes have different bases."""
    # A run that failed has checked no part.
    checked = [part for part in parts if part.outcome.has_checked]
    compared: tuple[str, ...] = (OF, BASE)
    if not any(part.shard for part in parts):
        # Several fleets: each has a size of its own, and a change may touch all of one.
        checked = [part for part in checked if OF in part.outcome.summary]
        compared = (BASE,)
    for part in checked[1:]:
        first = checked[0]
        if any(part.outcome.summary.get(n) != first.outcome.summary.get(n) for n in compared):
            raise LockstepError(
                f"this report is of {part.scope}, and {first.path} is of {first.scope}",
                where=str(part.path),
                fix="run all checks with the same --base, and all or none with --all",
            )
