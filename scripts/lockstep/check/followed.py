"""The branch that Argo CD follows: decisions are made there, whatever is checked out.

``lockstep.yaml`` at HEAD says which repository it is in, so that the clone of a fork never moves
the fork. Which branch it is, the remote's default branch says: anybody may edit the file in a
work tree or on a branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lockstep.check.workspace import files_of
from lockstep.edges.git import Git, Remote
from lockstep.edges.git.remotes import RemoteTips
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.paths import SETTINGS
from lockstep.model.repository_address import same_repository
from lockstep.model.status import ShownTree
from lockstep.model.times import format_time
from lockstep.model.tree import Tree
from lockstep.spec.settings import EXAMPLE, Settings, read_settings
from lockstep.text.sanitise import bare_address, quoted


@dataclass(frozen=True, slots=True)
class Followed:
    """The followed branch: the remote that has it (None: this clone itself), and its tip."""

    branch: str
    remote: Remote | None
    tip: str

    def __str__(self) -> str:
        where = f"{self.remote.name}, {bare_address(self.remote.fetches[0])}" if self.remote else ""
        return f"branch {self.branch} of {where or 'this repository, which has no remote'}"


def find_followed(git: Git, remote: str | None = None) -> Followed:
    """The followed branch and its tip, fetched; ``remote`` is one that the caller names.

    Raises UsageError where it is not clear which remote or branch is meant, LockstepError where
    the remote cannot be read.
    """
    settings = _settings_here(git)
    known = git.remotes()
    if not known:
        if remote is not None:
            raise UsageError(f"there is no remote {quoted(remote)}", fix="leave out --remote")
        return _local(git, settings)
    chosen = choose_remote(known, remote, settings)
    return _at_remote(git, chosen, settings)


def refreshed(git: Git, followed: Followed) -> Followed:
    """The same branch with its tip of now, fetched."""
    if followed.remote is None:
        return Followed(followed.branch, None, _local_tip(git, followed.branch))
    tips = git.tips(followed.remote, [followed.branch])
    return _fetched(git, followed.remote, followed.branch, tips)


@dataclass(frozen=True, slots=True)
class KnownTip:
    """The tip of the followed branch as last fetched, and the branch's name in this clone.

    ``remote`` is the remote that has it, empty where this clone itself has it.
    """

    commit: str
    name: str
    remote: str = ""

    @property
    def branch(self) -> str:
        """The branch's name at its remote."""
        return self.name.removeprefix(f"{self.remote}/") if self.remote else self.name


def known_tip(git: Git, commit: str = "HEAD", remote: str | None = None) -> KnownTip | None:
    """The tip of the followed branch as this clone knows it, without asking a server.

    ``commit`` is the one whose ``lockstep.yaml`` says which repository it is; ``remote`` is one
    that the caller names. None where it is not clear which branch that is, or where it was never
    fetched.
    """
    try:
        settings = settings_at(git, commit) if git.resolve(commit) else None
        known = git.remotes()
        if settings is None:
            return None
        if not known:
            return _known(git, "refs/heads/", settings.branch)
        chosen = choose_remote(known, remote, settings).name
        home = git.resolve(f"refs/remotes/{chosen}/HEAD")
        # As in find_followed: a branch cannot choose by its own file what it is judged against.
        theirs = settings_at(git, home) if home else None
    except LockstepError:
        return None
    branch = f"{chosen}/{(theirs or settings).branch}"
    return _known(git, "refs/remotes/", branch, chosen)


def is_published(git: Git, commit: str, base: str) -> bool:
    """Whether a commit is on the followed branch as ``known_tip`` finds it by the base's file.

    By the base's, because a pull request could name its own branch as the followed one.
    """
    tip = known_tip(git, base)
    return tip is not None and git.is_ancestor(commit, tip.commit)


def _known(git: Git, folder: str, name: str, remote: str = "") -> KnownTip | None:
    commit = git.resolve(folder + name)
    return KnownTip(commit, name, remote) if commit else None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a verb shows that changes nothing: a commit, or the work tree (None), in words.

    ``tree`` says the same as values, and how old it may be.
    """

    commit: str | None
    words: str
    tree: ShownTree = field(default_factory=ShownTree)

    def read(self, git: Git, folders: Sequence[str], *, links: bool = False) -> Tree:
        """The files below the folders, wherever they are. Raises Invalid for links in them.

        With ``links``, a link in a commit is a NoFile in the tree, which is a finding.
        """
        if self.commit is None:
            git.require_work_tree()
            return files_of(git, folders)
        return git.read_tree(self.commit, folders, links=links)


FETCH_SECONDS = 20.0
"""How long a verb that only shows something waits for a remote, in all."""


def find_shown(
    git: Git, remote: str | None = None, *, work_tree: bool = False, fetch: bool = True
) -> Shown:
    """The followed branch, fetched if that is possible; the work tree where it is not clear.

    Or where the caller asks for it, with ``work_tree``. Without ``fetch`` no server is asked.
    Raises UsageError for a ``remote`` that does not exist, and LockstepError where the branch
    cannot be fetched and never was.
    """
    if work_tree:
        return _work_tree(git, "the work tree")
    if not fetch:
        return _without_fetch(git, remote)
    try:
        followed = find_followed(git.within(FETCH_SECONDS), remote)
    except UsageError as error:
        if remote is not None:
            raise
        return _work_tree(git, f"the work tree, because {error.message}", error.message)
    except LockstepError as error:
        known = known_tip(git, remote=remote)
        if known is None:
            raise
        return _as_last_fetched(git, known, error.message)
    where = followed.remote
    return Shown(
        followed.tip,
        str(followed),
        ShownTree(
            followed.tip, followed.branch, where.name if where else "",
            bare_address(where.fetches[0]) if where else "", fetched=where is not None, behind=0,
        ),
    )  # fmt: skip


def _without_fetch(git: Git, remote: str | None) -> Shown:
    known = known_tip(git, remote=remote)
    if known is not None:
        return _as_last_fetched(git, known, "")
    if remote is not None:
        choose_remote(git.remotes(), remote, None)  # raises where there is none
    raise LockstepError(
        "it is not known here which branch Argo CD follows, or it was never fetched",
        where=str(git.root),
        fix="leave out --no-fetch, or show the work tree with --work-tree",
    )


def _as_last_fetched(git: Git, known: KnownTip, problem: str) -> Shown:
    """The followed branch as this clone has it; ``problem`` is why no server was asked."""
    # What git says may have several lines; the words are one.
    why = f", because {' '.join(problem.split())}" if problem else ""
    if not known.remote:  # this repository is the only one there is
        tree = ShownTree(known.commit, known.branch, behind=0, problem=problem)
        return Shown(known.commit, f"branch {known.name} of this repository{why}", tree)
    remote = next(each for each in git.remotes() if each.name == known.remote)
    since = _last_fetched(git, known)
    when = f" at {since}" if since else ""
    return Shown(
        known.commit,
        f"commit {known.commit[:12]} of {known.name}, as last fetched{when}{why}",
        ShownTree(
            known.commit, known.branch, known.remote, bare_address(remote.fetches[0]),
            fetched_at=since, problem=problem,
        ),
    )  # fmt: skip


def _last_fetched(git: Git, known: KnownTip) -> str | None:
    remote = next((each for each in git.remotes() if each.name == known.remote), None)
    at = git.last_fetched(remote, known.branch) if remote else None
    return format_time(at) if at else None


def _work_tree(git: Git, words: str, problem: str = "") -> Shown:
    """The work tree, and how many commits of the followed branch its HEAD is known to lack."""
    known = known_tip(git)
    if known is None:
        return Shown(None, words, ShownTree(problem=problem))
    return Shown(
        None,
        words,
        ShownTree(
            None, known.branch, known.remote, fetched_at=_last_fetched(git, known),
            behind=git.commits_between("HEAD", known.commit), problem=problem,
        ),
    )  # fmt: skip


def _settings_here(git: Git) -> Settings | None:
    """What ``lockstep.yaml`` says at HEAD; None where there is none, or no commit yet."""
    return settings_at(git, "HEAD") if git.resolve("HEAD") else None


def settings_at(git: Git, commit: str) -> Settings | None:
    """What ``lockstep.yaml`` says in a commit; None where there is none, Invalid where unread."""
    data = git.read_tree(commit, [SETTINGS]).get(SETTINGS)
    return read_settings(data, f"{SETTINGS} at {commit}") if data is not None else None


def _local(git: Git, settings: Settings | None) -> Followed:
    if settings is None:
        raise UsageError(
            f"this repository has no remote, and no {SETTINGS} at HEAD that names the branch to "
            "move",
            fix=f"commit {SETTINGS} with {EXAMPLE}",
        )
    return Followed(settings.branch, None, _local_tip(git, settings.branch))


def _local_tip(git: Git, branch: str) -> str:
    tip = git.resolve(f"refs/heads/{branch}")
    if tip is None:
        raise UsageError(
            f"{SETTINGS} names the branch {quoted(branch)}, which this repository does not have",
            fix=f"create it, or correct {SETTINGS}",
        )
    return tip


def choose_remote(known: Sequence[Remote], named: str | None, settings: Settings | None) -> Remote:
    """The remote that is the fleet's repository. Raises UsageError where it is not clear."""
    names = ", ".join(each.name for each in known)
    if named is not None:
        found = [each for each in known if each.name == named]
        if not found:
            raise UsageError(f"there is no remote {quoted(named)}", fix=f"choose from {names}")
        return found[0]
    # A clone from before lockstep.yaml came: with one remote there is nothing to confuse.
    if settings is None and len(known) == 1:
        return known[0]
    if settings is None:
        raise UsageError(
            f"there is no {SETTINGS} at HEAD that says which remote is the fleet's: {names}",
            fix="name it with --remote",
        )
    found = [each for each in known if _is_at(each, settings.repository)]
    if len(found) == 1:
        return found[0]
    says = f"{SETTINGS} says that the fleet's repository is {bare_address(settings.repository)}"
    if found:
        which = ", ".join(each.name for each in found)
        text, fix = f"{says}, and several remotes are: {which}", "name the remote with --remote"
    else:
        text = f"{says}, and no remote has this address (the remotes are: {names})"
        fix = "add a remote that has it, or name the one to use with --remote"
    raise UsageError(text, fix=fix)


def _is_at(remote: Remote, repository: str) -> bool:
    """Whether a remote is fetched from a repository and pushed to it, and to no other one."""
    fetched = any(same_repository(address, repository) for address in remote.fetches)
    return fetched and (
        set(remote.pushes) <= set(remote.fetches)
        or all(same_repository(address, repository) for address in remote.pushes)
    )


def _at_remote(git: Git, remote: Remote, here: Settings | None) -> Followed:
    """The followed branch as the remote's own lockstep.yaml names it."""
    # Both at once: as a rule the followed branch is the default one, or that of HEAD's file.
    tips = git.tips(remote, [here.branch] if here else [])
    home = tips.default if tips.default in tips.commits else here.branch if here else None
    if home is None:
        raise UsageError(
            f"{remote.name} has no default branch that could say which one Argo CD follows",
            fix=f"commit {SETTINGS} here with {EXAMPLE}",
        )
    found = _fetched(git, remote, home, tips)
    theirs = settings_at(git, found.tip)
    if theirs is None:
        raise UsageError(
            f"{home} of {remote.name} has no {SETTINGS}, which names the branch that Argo CD "
            "follows",
            fix=f"commit there {SETTINGS} with {EXAMPLE}",
        )
    if here and not same_repository(here.repository, theirs.repository):
        raise UsageError(
            f"{SETTINGS} at HEAD names the repository {bare_address(here.repository)}, and the one "
            f"of {remote.name} names {bare_address(theirs.repository)}",
            fix=f"name the remote with --remote, or correct {SETTINGS}",
        )
    if theirs.branch == home:
        return found
    if theirs.branch not in tips.commits:
        tips = git.tips(remote, [theirs.branch])
    return _fetched(git, remote, theirs.branch, tips)


def _fetched(git: Git, remote: Remote, branch: str, tips: RemoteTips) -> Followed:
    tip = tips.commits.get(branch)
    if tip is None:
        raise LockstepError(
            f"{remote.name} has no branch {quoted(branch)}",
            fix=f"push it, or correct {SETTINGS} on the default branch",
        )
    git.fetch(remote, branch, tip)
    return Followed(branch, remote, tip)
