"""One family as a verb finds it: read from the newest published commit, and ready to decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lockstep.check.validation import validate_tree
from lockstep.edges.git.history import LedgerReader
from lockstep.model.decision import Decision, Variants
from lockstep.model.errors import Invalid, LockstepError, UsageError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.outcome import Outcome
from lockstep.model.paths import RECORD_PATH, SETTINGS, ledger_folder
from lockstep.model.record import record_of
from lockstep.report.text import format_outcome
from lockstep.rollout.chain import judged
from lockstep.rollout.divergence import find_divergences
from lockstep.rollout.trust import replayed
from lockstep.spec import variants as forms
from lockstep.spec.edit import edit_variants
from lockstep.spec.ledger import unsettled
from lockstep.spec.records import RULE as RECORD_SCHEMA
from lockstep.transactions.snapshot import Snapshot

_HISTORY = "history: "
"""Begins, in records too, why the history of the ledger could not be asked."""

FileChanges = dict[str, bytes | None]
"""New bytes by path; None deletes."""


@dataclass(frozen=True)
class FamilyState:
    """One family as read for a verb, with the files that it was read from.

    ``fleet`` is the family in every environment, with what is in quarantine of other families.
    ``invalid`` is what is malformed in ``tree`` and does not keep the verb from deciding.
    ``unchecked`` is what could not be asked about the family's records.
    """

    snapshot: Snapshot
    tree: Tree
    fleet: Fleet
    family: Family
    invalid: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The full name of the family: ``prod/fraud-detection``."""
        return f"{self.family.environment}/{self.family.name}"

    @property
    def owner(self) -> str:
        """Who to notify about the family."""
        return str(self.family.document.value["metadata"].get("owner", "its owner"))


class Diverged(LockstepError):
    """Specs were edited by hand, or records were changed, removed or forged: forward moves stop."""

    exit_code = ExitCode.GATE_CLOSED


class NotRendered(LockstepError):
    """The committed manifests are not what the specs render now: forward moves wait."""

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
    snapshot: Snapshot,
    environment: str,
    name: str,
    *,
    history: LedgerReader,
    rollback: bool = False,
) -> FamilyState:
    """The family to decide about, with only those of its records that can be relied on.

    Raises Invalid where what a decision reads is malformed. Mistakes elsewhere, other
    environments included, must not stop a rollback; they stop a forward move when its result is
    checked. A ``rollback`` asks no gate and restores the locks that it needs, so mistakes in
    those do not stop it either. Broken records are left out here (see refuse_diverged).
    """
    # One family only: others' mistakes must not stop it, nor the size of the fleet slow it down.
    tree = snapshot.of_family(name)
    checked = validate_tree(tree, snapshot.documents, [snapshot.schemas], snapshot.families)
    near = own_findings(checked.invalid, environment, name)
    deciding = [f for f in near if _decides(f) and not (rollback and _stops_forward_only(f))]
    malformed = [f for f in deciding if not RECORD_PATH.fullmatch(f.file)]
    raise_errors(malformed, Invalid, "the files of the family are malformed")
    home = checked.fleet.environments[environment]
    known = history.at(snapshot.base)
    family = judged(home.families[name], known)
    valid = {record.decision.path for record in family.records}
    odd = [f for f in deciding if f.rule == RECORD_SCHEMA and f.file in valid]
    raise_errors(odd, Invalid, "the records of the family are malformed")
    home = replace(home, families={**home.families, name: family})
    fleet = Fleet({**checked.fleet.environments, environment: home}, checked.fleet.strays)
    fleet = fleet.merged_with(snapshot.quarantines)
    unchecked = (f"{_HISTORY}{known.missing}",) if known.missing else ()
    return FamilyState(snapshot, tree, fleet, family, checked.invalid, unchecked)


def own_findings(findings: Sequence[Finding], environment: str, name: str) -> list[Finding]:
    """Those about the files that one family in one environment is read from."""
    own = (f"clusters/{environment}/environment.yaml", f"clusters/{environment}/{name}/",
           f"{ledger_folder(environment, name)}/")  # fmt: skip
    read = (f for f in findings if f.rule != "layout.place")  # nothing is read from such a file
    return [finding for finding in read if finding.file.startswith(own)]


def _stops_forward_only(finding: Finding) -> bool:
    of_gates = "/locks/" in finding.file or finding.pointer.startswith("/spec/gates")
    return of_gates or finding.file.startswith("ledger/")


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
    """Raise Diverged where a record is broken, or the specs are not those of the newest one.

    Broken is here also what a replay does not confirm, and what is from the future: a rollback
    goes by such a record, and nothing goes forward from it.
    """
    if broken := unsettled(replayed(state.family, state.snapshot.context.now)):
        listed = "\n  ".join(f"{file.path}: {file.problem}" for file in broken)
        # In the middle of a rollout there is no state that could be adopted.
        settled = all(forms.settled(each.variants) for each in state.family.clusters)
        revert = f"roll back with lockstep revert {state.title} --reason '...' and "
        back = "" if settled else revert
        raise Diverged(
            f"{state.title} has broken records, so nothing moves it forward:\n  {listed}",
            fix=f"restore them from git; or, once you know what happened, {back}record the state "
            f"as it is: lockstep adopt {state.title} --reason '...'. lockstep revert and hold work",
        )
    if divergences := find_divergences(state.family):
        listed = "\n  ".join(str(each) for each in divergences)
        raise Diverged(
            f"{state.title} has diverged from its newest record:\n  {listed}",
            fix=f"undo the edit, or roll back: lockstep revert {state.title} --reason '...'; "
            "a state without a candidate can also be adopted: lockstep adopt",
        )


def require_history(state: FamilyState) -> None:
    """Raise LockstepError where git cannot show whether records were changed: in a shallow clone.

    What moves a family forward relies on its records; a rollback says that it was not checked.
    """
    if state.unchecked:
        why = "; ".join(each.removeprefix(_HISTORY) for each in state.unchecked)
        raise LockstepError(
            f"git cannot show whether a record of the ledger was changed: {why}",
            where=state.title,
            fix="check out with fetch-depth: 0, or run git fetch --unshallow; "
            "lockstep revert and hold work without it",
        )


def require_pinned_program(state: FamilyState) -> None:
    """Raise LockstepError where the fleet is pinned to another version of the program.

    Its rules and its rendering may differ. A rollback goes on, and its record says so.
    """
    if problem := state.snapshot.context.other_program:
        raise LockstepError(
            problem[0].removeprefix("program: "), where=SETTINGS,
            fix="install the version of lockstep.yaml; lockstep revert and hold work with this one",
        )  # fmt: skip


def refuse_odd_records(state: FamilyState) -> None:
    """Raise Invalid where a record of the family does not fit the schema of records."""
    own = own_findings(state.invalid, state.family.environment, state.family.name)
    odd = [finding for finding in own if finding.rule == RECORD_SCHEMA]
    raise_errors(odd, Invalid, "the records of the family are malformed")


def digest_of(state: FamilyState, version: str) -> str:
    """The content digest of a locked version. Raises UsageError where it has no lock."""
    digest = state.family.digest_of(version)
    if digest is None:
        fix = f"lockstep lock {state.title} {version}, and commit it"
        raise UsageError(f"{state.title} has no lock of version {version}", fix=fix)
    return digest


def raise_errors(
    findings: Sequence[Finding],
    error: type[LockstepError],
    what: str,
    further: Sequence[Finding] = (),
) -> None:
    """Raise ``error`` with all findings that stop in its text, where there is one.

    ``what`` is the first line of the message. ``further`` findings are not in the text: a later
    step of the same check would raise them.
    """
    errors = tuple(finding for finding in findings if finding.stops)
    if errors:
        text = format_outcome(Outcome(errors))
        made = error(f"{what}:\n{text}", fix="fix the findings above")
        made.findings = arrange((*errors, *(each for each in further if each.stops)))
        raise made
