"""What a run decides on: one commit of the followed branch, read once for all families."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lockstep import __version__
from lockstep.check.followed import Followed
from lockstep.check.units import Unit, split_by_unit, unit_of
from lockstep.check.workspace import SOURCES, require_clusters, with_shipped
from lockstep.edges.git import Git, Remote
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.rollout.next_decision import DecisionContext
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.selection import by_family, missing_heads, only_heads, only_quarantine
from lockstep.spec.settings import pin_of
from lockstep.spec.validate import validate_environment
from lockstep.spec.yaml.load import Documents


@dataclass(frozen=True)
class Snapshot:
    """The files that decisions depend on, at one commit, and who decides when.

    ``ids`` are the git objects of its files by path. ``documents`` keeps what was parsed: most
    files are the same in the next snapshot of a run. ``remote`` is where more of the history can
    be fetched.
    """

    tree: Tree
    ids: Mapping[str, str]
    context: DecisionContext
    documents: Documents = field(default_factory=Documents)
    remote: Remote | None = None

    @property
    def base(self) -> str:
        """The commit that was read."""
        return self.context.base or ""

    @cached_property
    def heads(self) -> Fleet:
        """The fleet with environments and families only: enough to find a family by its name."""
        return self._heads[0]

    @cached_property
    def quarantines(self) -> Fleet:
        """The families that have a version in quarantine, with what says so; removed ones, too."""
        files = only_quarantine(self.tree)
        fleet = assemble(files, self.documents)[0]
        heads = missing_heads(files, fleet)
        return assemble({**files, **heads}, self.documents)[0] if heads else fleet

    @cached_property
    def schemas(self) -> Schemas:
        """The schemas of the commit."""
        return Schemas(self.tree)

    @cached_property
    def valid_environments(self) -> frozenset[str]:
        """The environments with nothing wrong in their own files."""
        fleet, found = self._heads
        broken = {finding.file for finding in found}
        return frozenset(
            name
            for name, each in fleet.environments.items()
            if each.document.path not in broken
            and not validate_environment(each, fleet, each.families, self.schemas, ())
        )

    @cached_property
    def families(self) -> frozenset[Unit]:
        """The families that have files in clusters/: those that an environment may name."""
        specs = filter(lambda path: path.startswith("clusters/"), self.tree)
        return frozenset(filter(None, map(unit_of, specs)))

    def own_files(self, environment: str, name: str) -> Tree:
        """The files of one family in clusters/ and ledger/, by path."""
        return self._units.get((environment, name), {})

    def of_family(self, name: str) -> Tree:
        """The files of the families of that name, in all environments, and what all share."""
        shared, families = self._parts
        return {**shared, **families.get(name, {})}

    @cached_property
    def _heads(self) -> tuple[Fleet, list[Finding]]:
        # Parsing all clusters to find one family would cost time with the fleet.
        return assemble(only_heads(self.tree), self.documents)

    @cached_property
    def _units(self) -> dict[Unit, dict[str, bytes]]:
        return split_by_unit(self.tree)

    @cached_property
    def _parts(self) -> tuple[Tree, dict[str, Tree]]:
        return by_family(self.tree)


def read_snapshot(
    git: Git, followed: Followed, context: DecisionContext, documents: Documents
) -> Snapshot:
    """The snapshot of the followed branch's tip. Raises NothingToCheck where it has no cluster."""
    tree, ids = git.read_tree_with_ids(followed.tip, SOURCES)
    require_clusters(tree)
    tree = with_shipped(tree)
    pin = pin_of(tree)
    pinned = pin.version if pin and pin.version != __version__ else ""
    here = replace(context, base=followed.tip, pinned=pinned)
    return Snapshot(tree, ids, here, documents, followed.remote)
