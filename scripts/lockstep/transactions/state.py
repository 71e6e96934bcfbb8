"""One family as a verb finds it: read from the newest published commit, and ready to decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lockstep.check.validation import validate_tree
from lockstep.model.decision import Decision, Variants
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet, Tree
from lockstep.model.outcome import Outcome
from lockstep.model.record import record_of
from lockstep.report.text import format_outcome
from lockstep.spec.assemble import assemble
from lockstep.spec.edit import edit_variants
from lockstep.spec.selection import only_family, only_quarantine
from lockstep.transactions.publish import Snapshot

Changes = dict[str, bytes | None]
"""New bytes by path; None deletes."""


@dataclass(frozen=True)
class State:
    """One family as read for a verb, with the files that it was read from.

    ``fleet`` is the family in every environment, with the other families that have something in
    quarantine, as far as that tells; ``invalid`` what is malformed in ``tree`` and does not keep
    the verb from deciding.
    """

    snapshot: Snapshot
    tree: Tree
    fleet: Fleet
    family: Family
    invalid: tuple[Finding, ...] = ()


_DECIDING = ("", "/kind", "/metadata", "/spec", "/spec/region")
_DECIDING_BELOW = (
    "/spec/variants",
    "/spec/rollout",
    "/spec/gates",
    "/spec/model",
    "/spec/identity",
)


def read_state(snapshot: Snapshot, environment: str, name: str, *, rollback: bool = False) -> State:
    """The family to decide about.

    Raises Invalid where what a decision reads is malformed. Mistakes elsewhere, other
    environments included, must not stand in the way of a way back; they stop a forward move
    when its result is checked. ``rollback`` asks no gate, and brings the locks that it needs.
    """
    tree = only_family(snapshot.tree, name)
    checked = validate_tree(tree)
    near = own_findings(checked.invalid, environment, name)
    deciding = [f for f in near if _decides(f) and not (rollback and _is_for_forward(f))]
    refuse(deciding, Invalid, "the family cannot be decided about")
    family = checked.fleet.environments[environment].families[name]
    fleet = checked.fleet.merged_with(assemble(only_quarantine(snapshot.tree))[0])
    return State(snapshot, tree, fleet, family, checked.invalid)


def own_findings(findings: Sequence[Finding], environment: str, name: str) -> list[Finding]:
    """Those about the files that one family in one environment is read from."""
    own = (f"clusters/{environment}/environment.yaml", f"clusters/{environment}/{name}/",
           f"ledger/{environment}/{name}/")  # fmt: skip
    read = (f for f in findings if f.rule != "layout.place")  # nothing is read from such a file
    return [finding for finding in read if finding.file.startswith(own)]


def _is_for_forward(finding: Finding) -> bool:
    return "/locks/" in finding.file or finding.pointer.startswith("/spec/gates")


def _decides(finding: Finding) -> bool:
    return finding.pointer in _DECIDING or finding.pointer.startswith(_DECIDING_BELOW)


def overlay(tree: Tree, changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """A tree with changes applied."""
    merged = {path: data for path, data in tree.items() if path not in changes}
    return merged | {path: data for path, data in changes.items() if data is not None}


def spec_changes(family: Family, tree: Tree, variants: Mapping[str, Variants]) -> Changes:
    """The edits of the specs that make their variants those wanted, byte for byte else."""
    changes: Changes = {}
    for cluster in family.clusters:
        wanted = variants[cluster.name]
        if wanted != cluster.variants:
            changes[cluster.path] = edit_variants(cluster.document, tree[cluster.path], wanted)
    return changes


def with_record(family: Family, decision: Decision) -> Family:
    """The family as it is once the decision is in its ledger."""
    return replace(family, records=(*family.records, record_of(decision)))


def refuse(findings: Sequence[Finding], error: type[LockstepError], what: str) -> None:
    """Raise with every finding in the text where there is one that counts."""
    errors = [finding for finding in findings if finding.stops]
    if errors:
        text = format_outcome(Outcome(tuple(errors)))
        raise error(f"{what}:\n{text}", fix="mend what is named above")
