"""The state of every family of a tree, whatever is wrong with the files of one of them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from lockstep.check.followed import Shown
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.check.workspace import SOURCES, require_clusters, with_shipped
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.file_results import Status
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet
from lockstep.model.ledger import LedgerHistory
from lockstep.model.paths import ledger_folder
from lockstep.model.status import FamilyStatus
from lockstep.model.times import format_time
from lockstep.model.tree import Tree
from lockstep.rollout.chain import judged
from lockstep.rollout.status import family_status, unreadable_status
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import choose_families


def fleet_status(
    git: Git, shown: Shown, now: datetime, family: str | None = None, environment: str | None = None
) -> Status:
    """The state of the families of what is shown, of one or of an environment where it is named.

    A mistake in the files or in the ledger of one family is in its state and in the findings, and
    hides no other one. Raises UsageError where there is no such family or environment, and
    NothingToCheck for a tree without clusters.
    """
    # A link in one family's ledger must not hide the others.
    tree = with_shipped(shown.read(git, SOURCES, links=True))
    require_clusters(tree)
    checked = validate_tree(tree)
    chosen = choose_families(_with_every_head(tree, checked.fleet), family, environment)
    history = LedgerReader(git).at(shown.commit or "HEAD")
    states = tuple(_states(chosen, checked, history, now))
    return Status(states, checked.invalid, shown.tree, format_time(now))


def _with_every_head(tree: Tree, declared: Fleet) -> Fleet:
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
    return assemble({**tree, **heads})[0] if heads else declared


def _states(
    chosen: Iterable[Family], checked: Checked, history: LedgerHistory, now: datetime
) -> Iterator[FamilyStatus]:
    fleet = without_malformed(checked)
    for family in chosen:
        found = _about(family, checked.invalid)
        home = fleet.environments.get(family.environment)
        readable = home.families.get(family.name) if home else None
        if readable is None:
            yield unreadable_status(family, found)
        else:
            yield family_status(fleet, judged(readable, history), now, found)


def _about(family: Family, findings: Sequence[Finding]) -> list[Finding]:
    """What is wrong with the files of a family, and with that of its environment."""
    folders = (f"{family.folder}/", f"{ledger_folder(family.environment, family.name)}/")
    settings = f"clusters/{family.environment}/environment.yaml"
    return [each for each in findings if each.file == settings or each.file.startswith(folders)]
