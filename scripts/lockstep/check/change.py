"""A change: the tree that is checked, what it is compared with, and what its outcome depends on.

Where nothing of that has changed, the outcome is known: this imports nothing of what evaluates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from lockstep.check.base import Base
from lockstep.edges.content_key import key_of
from lockstep.edges.git import Git
from lockstep.edges.resources import shipped_digest
from lockstep.model.paths import MAIN, SETTINGS
from lockstep.model.shard import Shard
from lockstep.model.times import Moment, format_time
from lockstep.model.tree import Tree
from lockstep.opa.address import OpaOptions
from lockstep.opa.binary import find_opa, opa_version
from lockstep.spec.assemble import assemble
from lockstep.spec.freezes import freezes_in_force

_LEDGER = "ledger"
FOLDERS = ("clusters", _LEDGER, "rendered")
"""What belongs to families, apart from some files in them."""

SHARED = ("policies", "templates", SETTINGS)
"""What belongs to no family, in addition to entries of FOLDERS."""


@dataclass(frozen=True)
class Change:
    """A tree that is checked, and what it is compared with (None: nothing yet).

    ``everything`` checks all families.
    """

    git: Git
    tree_id: str
    base: Base | None
    now: datetime
    shard: Shard
    opa: OpaOptions
    everything: bool

    @property
    def content(self) -> str:
        """The ids of all that the check reads, and the base: equal in all shards of a run."""
        # The commit and not its files: what commits had done to records counts, too.
        return "sha256:" + key_of(*sorted(self._ids.items()), self.commit)

    @cached_property
    def facts(self) -> list[str]:
        """What an outcome depends on in addition to its content: time, freezes, shard, OPA.

        Rules see the time by the hour, but a freeze begins and ends at any minute.
        """
        moment = Moment(self.now).to_json()["now"]
        opa = [opa_version(find_opa()), repr(self.opa)]
        complete = all(self.git.object_ids(tree, [MAIN]) for tree in self._trees)
        freezes = [repr(sorted(each.items())) for each in self._freezes.values()]
        return [
            *opa,
            moment,
            *freezes,
            str(self.shard),
            str(self.everything),
            "" if complete else shipped_digest(),
            str(self.is_pull_request),
            # New records must not be from the future, to the second.
            format_time(self.now) if self.has_other_records else "",
        ]

    def freezes(self, tree: str) -> Mapping[str, str]:
        """The freezes in force of each environment of the tree or of the base.

        Those of the base count, too: a change that removes one is still under it.
        """
        return self._freezes[tree]

    @cached_property
    def policy_files(self) -> Tree:
        """The files of ``policies/`` that decide: the base's, or its own without a base."""
        return self.git.read_tree(self.commit or self.tree_id, SHARED[:1], links=True)

    @property
    def commit(self) -> str | None:
        """The commit of the base."""
        return self.base.commit if self.base else None

    @property
    def is_pull_request(self) -> bool:
        """Whether it is not on the followed branch yet."""
        return self.base is not None and self.base.pull_request

    @cached_property
    def has_other_records(self) -> bool:
        """Whether its ledger differs from that of the base."""
        if self.commit is None:
            return False
        before = self.git.object_ids(self.commit, [_LEDGER])
        return self._ids.get(_LEDGER) != before.get(_LEDGER)

    @cached_property
    def _ids(self) -> Mapping[str, str]:
        return self.git.object_ids(self.tree_id, (*FOLDERS, *SHARED))

    @cached_property
    def _freezes(self) -> dict[str, dict[str, str]]:
        return {tree: self._freezes_of(tree) for tree in self._trees}

    @property
    def _trees(self) -> list[str]:
        return [self.tree_id, *([self.commit] if self.commit else [])]

    def _freezes_of(self, tree: str) -> dict[str, str]:
        homes = [p for p in self.git.object_ids(tree, ["clusters/"]) if p.count("/") == 1]
        files = [f"{home}/environment.yaml" for home in homes]
        fleet, _ = assemble(self.git.read_tree(tree, files, links=True) if files else {})
        environments = fleet.environments.items()
        return {name: repr(freezes_in_force(each, None, self.now)) for name, each in environments}
