"""One family as a verb finds it: read from the newest published commit, and ready to decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lockstep.check.validation import validate_tree
from lockstep.model.decision import Decision, Variants
from lockstep.model.document import value_at
from lockstep.model.errors import Invalid, LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.outcome import Outcome
from lockstep.model.record import record_of
from lockstep.report.text import format_outcome
from lockstep.rollout.divergence import find_divergences
from lockstep.spec.edit import edit_variants
from lockstep.spec.records import RULE as RECORD_SCHEMA
from lockstep.transactions.snapshot import Snapshot

FileChanges = dict[str, bytes | None]
"""New bytes by path; None deletes."""


@dataclass(frozen=True)
class FamilyState:
    """One family as read for a verb, with the files that it was read from.

    ``fleet`` is the family in every environment, with what is in quarantine of other families.
    ``invalid`` is what is malformed in ``tree`` and does not keep the verb from deciding.
    """

    snapshot: Snapshot
    tree: Tree
    fleet: Fleet
    family: Family
    invalid: tuple[Finding, ...] = ()

    @property
    def title(self) -> str:
        """The full name of the family: ``prod/fraud-detection``."""
        return f"{self.family.environment}/{self.family.name}"

    @property
    def owner(self) -> str:
        """Who to notify about the family."""
        return str(self.family.document.value["metadata"].get("owner", "its owner"))


class Diverged(LockstepError):
    """The specs were edited by hand and no longer agree with the ledger: forward moves stop."""

    exit_code = ExitCode.GATE_CLOSED


# What a decision reads of the files of its family; a mistake in another field cannot change it.
_DECIDING = ("", "/kind", "/metadata", "/spec", "/spec/region")
_DECIDING_BELOW = (
    "/spec/variants",
    "/spec/rollout",
    "/spec/gates",
    "/spec/model",
    "/spec/identity",
)


def read_state(
    snapshot: Snapshot, environment: str, name: str, *, rollback: bool = False
) -> FamilyState:
    """The family to decide about.

    Raises Invalid where what a decision reads is malformed. Mistakes elsewhere, other
    environments included, must not stop a rollback; they stop a forward move when its result is
    checked. A ``rollback`` asks no gate and restores the locks that it needs, so mistakes in
    those do not stop it either.
    """
    # One family only: others' mistakes must not stop it, nor the size of the fleet slow it down.
    tree = snapshot.of_family(name)
    checked = validate_tree(tree, snapshot.documents, [snapshot.schemas])
    near = own_findings(checked.invalid, environment, name)
    deciding = [f for f in near if _decides(f) and not (rollback and _stops_forward_only(f))]
    raise_errors(deciding, Invalid, "the files of the family are malformed")
    family = checked.fleet.environments[environment].families[name]
    fleet = checked.fleet.merged_with(snapshot.quarantines)
    return FamilyState(snapshot, tree, fleet, family, checked.invalid)


def own_findings(findings: Sequence[Finding], environment: str, name: str) -> list[Finding]:
    """Those about the files that one family in one environment is read from."""
    own = (f"clusters/{environment}/environment.yaml", f"clusters/{environment}/{name}/",
           f"ledger/{environment}/{name}/")  # fmt: skip
    read = (f for f in findings if f.rule != "layout.place")  # nothing is read from such a file
    return [finding for finding in read if finding.file.startswith(own)]


def _stops_forward_only(finding: Finding) -> bool:
    of_gates = "/locks/" in finding.file or finding.pointer.startswith("/spec/gates")
    return of_gates or finding.rule == RECORD_SCHEMA  # the record could be read all the same


def _decides(finding: Finding) -> bool:
    return finding.pointer in _DECIDING or finding.pointer.startswith(_DECIDING_BELOW)


def overlay(tree: Tree, changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """A tree with changes applied."""
    merged = {path: data for path, data in tree.items() if path not in changes}
    return merged | {path: data for path, data in changes.items() if data is not None}


def spec_changes(family: Family, tree: Tree, variants: Mapping[str, Variants]) -> FileChanges:
    """The edits that give the specs these variants; all other bytes stay as they are."""
    changes: FileChanges = {}
    for cluster in family.clusters:
        wanted = variants[cluster.name]
        # Files that people wrote keep their bytes where nothing has to change.
        if wanted != cluster.variants:
            changes[cluster.path] = edit_variants(cluster.document, tree[cluster.path], wanted)
    return changes


def with_record(family: Family, decision: Decision) -> Family:
    """The family as it is once the decision is in its ledger."""
    return replace(family, records=(*family.records, record_of(decision)))


def refuse_diverged(state: FamilyState) -> None:
    """Raise Diverged where the specs are not those of the newest record."""
    if divergences := find_divergences(state.family):
        listed = "\n  ".join(str(each) for each in divergences)
        raise Diverged(
            f"{state.title} has diverged from its newest record:\n  {listed}",
            fix=f"undo the edit, or roll back: lockstep revert {state.title} --reason '...'; "
            "a state without a candidate can also be adopted: lockstep adopt",
        )


def refuse_odd_records(state: FamilyState) -> None:
    """Raise Invalid where a record of the family does not fit the schema of records."""
    own = own_findings(state.invalid, state.family.environment, state.family.name)
    odd = [finding for finding in own if finding.rule == RECORD_SCHEMA]
    raise_errors(odd, Invalid, "the records of the family are malformed")


def digest_of(state: FamilyState, version: str) -> str:
    """The content digest of a locked version. Raises UsageError where it has no lock."""
    lock = state.family.locks.get(version)
    digest = value_at(lock.value, ("spec", "identity", "digest")) if lock else None
    if not isinstance(digest, str):
        fix = f"lockstep lock {state.title} {version}, and commit it"
        raise UsageError(f"{state.title} has no lock of version {version}", fix=fix)
    return digest


def raise_errors(findings: Sequence[Finding], error: type[LockstepError], what: str) -> None:
    """Raise ``error`` with all findings that stop in its text, where there is one.

    ``what`` is the first line of the message.
    """
    errors = [finding for finding in findings if finding.stops]
    if errors:
        text = format_outcome(Outcome(tuple(errors)))
        raise error(f"{what}:\n{text}", fix="fix the findings above")
