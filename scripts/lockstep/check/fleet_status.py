"""The state of every family of a tree, whatever is wrong with the files of one of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from lockstep.check.followed import Shown
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.check.workspace import SOURCES, require_clusters, with_shipped
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.errors import LockstepError
from lockstep.model.file_results import Status
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet
from lockstep.model.ledger import LedgerHistory
from lockstep.model.paths import ledger_folder
from lockstep.model.side_by_side import OpenProposal
from lockstep.model.status import FamilyStatus
from lockstep.model.times import format_time
from lockstep.model.tree import Tree
from lockstep.rollout.chain import judged
from lockstep.rollout.side_by_side import side_by_side
from lockstep.rollout.status import family_status, unreadable_status
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_families
from lockstep.spec.yaml.load import Documents

ProposalsOf = Callable[[Family], tuple[OpenProposal, ...]]
"""The open proposals of a family; raises LockstepError where the remote cannot be asked."""


def fleet_status(
    git: Git,
    shown: Shown,
    now: datetime,
    family: str | None = None,
    environment: str | None = None,
    proposals: ProposalsOf = lambda _: (),
    *,
    tree: Tree | None = None,
    documents: Documents | None = None,
) -> Status:
    """The state of the families of what is shown, of one or of an environment where it is named.

    ``proposals`` is asked about a family that is named, in each environment with a predecessor.
    ``tree`` are the files of SOURCES, links in them as NoFile, where the caller has read them
    already; ``documents`` remembers what is parsed of them.

    A mistake in the files or in the ledger of one family is in its state and in the findings, and
    hides no other one. Raises UsageError where there is no such family or environment, and
    NothingToCheck for a tree without clusters.
    """
    # A link in one family's ledger must not hide the others.
    own = shown.read(git, SOURCES, links=True) if tree is None else tree
    require_clusters(own)
    documents = documents or Documents()
    checked = validate_tree(with_shipped(own), documents)
    declared = _with_every_head(own, checked.fleet, documents)
    chosen = choose_families(declared, family, environment)
    history = LedgerReader(git).at(shown.commit or "HEAD")
    related = _related(declared, chosen)
    fleet = _judged(without_malformed(checked), related, history)
    states = {each.title: each for each in _states(fleet, related, checked, now)}
    return Status(
        tuple(states[f"{each.environment}/{each.name}"] for each in chosen),
        checked.invalid,
        shown.tree,
        format_time(now),
        side_by_side(fleet, states.values(), _proposed(fleet, family, related, proposals), now),
        in_full=family is not None,
    )


def _with_every_head(tree: Tree, declared: Fleet, documents: Documents) -> Fleet:
    """The fleet, with the families and environments whose own file is there and cannot be read."""
    heads = {}
    for path in tree:
        match path.split("/"):
            case ["clusters", environment, "environment.yaml"]:
                if environment not in declared.environments:
                    heads[path] = b"kind: Environment"
            case ["clusters", environment, family, "family.yaml"]:
                home = declared.environments.get(environment)
                if home is None or family not in home.families:
                    heads[path] = b"kind: ModelFamily"
    return assemble({**tree, **heads}, documents)[0] if heads else declared


def _related(declared: Fleet, chosen: Collection[Family]) -> tuple[Family, ...]:
    """The chosen families, in all of their environments."""
    names = {each.name for each in chosen}
    return tuple(each for each in declared.families() if each.name in names)


def _judged(fleet: Fleet, families: Iterable[Family], history: LedgerHistory) -> Fleet:
    """The fleet, in which those of the families that can be read have only valid records."""
    names = {each.name for each in families}
    return replace(
        fleet,
        environments={
            home.name: replace(
                home,
                families={
                    name: judged(family, history) if name in names else family
                    for name, family in home.families.items()
                },
            )
            for home in fleet.environments.values()
        },
    )


def _proposed(
    fleet: Fleet, named: str | None, families: Iterable[Family], proposals: ProposalsOf
) -> dict[str, tuple[OpenProposal, ...] | str]:
    """The open proposals of a named family by its full names; a text says why they are not known.

    Not of all families: for each one, the remote is asked again.
    """
    found: dict[str, tuple[OpenProposal, ...] | str] = {}
    for family in families if named else ():
        home = fleet.environments.get(family.environment)
        readable = home.families.get(family.name) if home and home.predecessor else None
        if readable is None:
            continue
        try:
            found[f"{family.environment}/{family.name}"] = proposals(readable)
        except LockstepError as error:
            found[f"{family.environment}/{family.name}"] = error.message
    return found


def _states(
    fleet: Fleet, families: Iterable[Family], checked: Checked, now: datetime
) -> Iterator[FamilyStatus]:
    for family in families:
        found = _about(family, checked.invalid)
        home = fleet.environments.get(family.environment)
        readable = home.families.get(family.name) if home else None
        if readable is None:
            yield unreadable_status(family, found)
        else:
            yield family_status(fleet, readable, now, found)


def _about(family: Family, findings: Sequence[Finding]) -> list[Finding]:
    """What is wrong with the files of a family, and with that of its environment."""
    folders = (f"{family.folder}/", f"{ledger_folder(family.environment, family.name)}/")
    settings = f"clusters/{family.environment}/environment.yaml"
    return [each for each in findings if each.file == settings or each.file.startswith(folders)]
