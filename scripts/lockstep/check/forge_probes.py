"""What ``doctor`` looks at in a forge: the token's rights, and the followed branch's protection.

By ``lockstep.yaml`` on the followed branch as last fetched, and not by the one of the work tree,
which may be a stranger's pull request: it says where the token goes.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from lockstep.check.followed import KnownTip, choose_remote, known_tip, settings_at
from lockstep.check.forge_of import forge_of
from lockstep.check.probing import WARNING, Found, ok, probe_all, warning
from lockstep.edges.git import Git
from lockstep.forges.base import Forge
from lockstep.forges.factory import KINDS, ForgePlace, NoForge, open_forge
from lockstep.model.errors import LockstepError
from lockstep.model.forge import APPROVAL_STATUS, BranchProtection, ForgeRights
from lockstep.model.tool_results import Probe
from lockstep.spec.settings import Settings

T = TypeVar("T")

CHECK_STATUS = "lockstep check"
"""The job that the workflow of a fleet runs for each pull request."""
_SECONDS = 20.0


def forge_probes(root: Path) -> Iterator[Probe]:
    """A probe for each part of the forge; one where none is known, and none outside of a clone."""
    try:
        git = Git.find(root)
    except LockstepError:  # which the probe of the repository says
        return
    fleet = _Fleet(git)
    first, *_ = probe_all([("forge", WARNING, fleet.reached)])
    yield first
    if fleet.is_reached:
        yield from probe_all((
            ("forge token", WARNING, fleet.token),
            ("protection", WARNING, fleet.statuses),
            ("bot", WARNING, fleet.bot),
        ))  # fmt: skip


@dataclass
class _Fleet:
    """The forge of one clone's fleet. The methods raise LockstepError as what they ask does."""

    git: Git
    is_reached: bool = False

    def reached(self) -> Found:
        """Which forge there is, whether it answers, and whose token that is."""
        place = self._place
        if isinstance(place, NoForge):
            return warning(f"{place.reason}, so no pull request is opened", place.fix)
        rights = self._rights
        self.is_reached = True
        return ok(f"{place}{f', as {rights.login}' if rights.login else ''}")

    def token(self) -> Found:
        """Whether the token may do what the verbs ask the forge for."""
        rights = self._rights
        named = {
            "push": rights.push,
            "open pull requests": rights.pull_requests,
            "set statuses": rights.statuses,
            "comment": rights.comments,
            "say who it is": bool(rights.login),
        }
        lacking = [name for name, may in named.items() if may is False]
        if lacking:
            return warning(f"the token may not {' or '.join(lacking)}",
                           KINDS[self._known_place.kind].rights)  # fmt: skip
        return ok(f"it may {', '.join(name for name, may in named.items() if may)}")

    def statuses(self) -> Found:
        """Whether the followed branch requires the statuses of the workflows."""
        branch, seen = self._branch, self._protection
        if not seen.protected:
            return warning(f"{branch} is not protected: what no check has passed can be merged",
                           f"protect it, and require the statuses {CHECK_STATUS} and "
                           f"{APPROVAL_STATUS}")  # fmt: skip
        required = (CHECK_STATUS, APPROVAL_STATUS)
        lacking = [each for each in required if not _requires(seen, each)]
        if lacking:
            return warning(f"{branch} does not require the status {' or '.join(lacking)}",
                           f"require it in the protection of {branch}")  # fmt: skip
        approvals = f", and {seen.required_approvals} approvals" if seen.required_approvals else ""
        return ok(f"{branch} requires {' and '.join(required)}{approvals}")

    def bot(self) -> Found:
        """Whether the account may push decisions to the followed branch."""
        branch, may = self._branch, self._protection.may_push
        if self._rights.push is False:
            may = False
        if may is False:
            return warning(f"the token's account may not push to {branch}: no rollout moves on",
                           f"let this account push to {branch}, and no person")  # fmt: skip
        if may is None and self._protection.protected:
            return warning(f"the forge does not say whether this account may push to {branch}",
                           "see that it is on the list of those who may bypass the "
                           "rules")  # fmt: skip
        return ok(f"this account may push to {branch}")

    @cached_property
    def _followed(self) -> tuple[KnownTip, Settings | None] | None:
        """The followed branch as last fetched, and what lockstep.yaml says there."""
        tip = known_tip(self.git)
        return (tip, settings_at(self.git, tip.commit)) if tip else None

    @cached_property
    def _place(self) -> ForgePlace | NoForge:
        if self._followed is None:
            return NoForge("it is not clear which branch is followed", "fix the remote first")
        tip, settings = self._followed
        known = self.git.remotes()
        if not known:
            return NoForge("there is no remote", "give this clone a remote at a forge")
        remote = choose_remote(known, None, settings)
        return forge_of(self.git, tip.commit, os.environ, remote)

    @property
    def _branch(self) -> str:
        settings = self._followed[1] if self._followed else None
        return settings.branch if settings else ""

    @cached_property
    def _rights(self) -> ForgeRights:
        return self._asked(lambda forge: forge.rights())

    @cached_property
    def _protection(self) -> BranchProtection:
        return self._asked(lambda forge: forge.protection(self._branch))

    @property
    def _known_place(self) -> ForgePlace:
        place = self._place
        if isinstance(place, NoForge):
            raise LockstepError(place.reason, fix=place.fix)
        return place

    def _asked(self, question: Callable[[Forge], T]) -> T:
        with open_forge(self._known_place, _SECONDS) as forge:
            return question(forge)


def _requires(seen: BranchProtection, status: str) -> bool:
    """Whether a status is required: a forge puts the workflow before the name of a job, and Gitea
    takes patterns."""
    return any(
        fnmatchcase(status, each) or status in each.split(" / ")[-1]
        for each in seen.required_statuses
    )
