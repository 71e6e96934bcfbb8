"""The pull request for a branch that Lockstep has pushed: opened, or brought up to date."""

import os

from lockstep.check.followed import Followed
from lockstep.check.forge_of import forge_of
from lockstep.edges.git import Git
from lockstep.forges.base import Forge
from lockstep.forges.factory import NoForge, open_forge
from lockstep.model.errors import LockstepError
from lockstep.model.forge import PullRequest, PullRequestDraft
from lockstep.model.repository_address import repository_place
from lockstep.model.result import NO_OFFER, Offer

LABEL = "lockstep"
_SECONDS = 60.0
"""What all requests to the forge may take together: in a rollback, other families wait."""


def offer_branch(
    git: Git, followed: Followed, branch: str, text: tuple[str, str], *, keep_text: bool
) -> Offer:
    """Open the pull request from a branch to the followed one, or bring an open one up to date.

    ``text`` is its title and its text in Markdown. With ``keep_text``, those of an open one stay as
    people wrote them. Raises nothing: the branch is pushed by then, and whatever kept the forge
    from it is part of the result.
    """
    if followed.remote is None:
        return NO_OFFER
    try:
        place = forge_of(git, followed.tip, os.environ, followed.remote)
        if isinstance(place, NoForge):
            # Nobody expects a pull request where git itself talks to no server.
            if all(not repository_place(address)[0] for address in followed.remote.pushes):
                return NO_OFFER
            return Offer(problem=place.reason, fix=place.fix)
        title, body = text
        draft = PullRequestDraft(title, body, branch, followed.branch)
        with open_forge(place, _SECONDS) as forge:
            return _offer(forge, draft, keep_text=keep_text)
    except LockstepError as error:
        return Offer(problem=error.located(), fix=error.fix, failed=True)


def _offer(forge: Forge, draft: PullRequestDraft, *, keep_text: bool) -> Offer:
    found = forge.pull_request_of(draft.head, draft.base) if keep_text else None
    opened, created = (found, False) if found else forge.open_or_update(draft)
    return Offer(opened.url, opened.number, created, *_label(forge, opened))


def _label(forge: Forge, opened: PullRequest) -> tuple[str, str]:
    """Label it; why that failed, and what to do: the pull request is open all the same."""
    if LABEL in opened.labels:
        return "", ""
    try:
        forge.add_labels(opened.number, [LABEL])
    except LockstepError as error:
        return f"it has no label {LABEL}: {error.message}", error.fix
    return "", ""
