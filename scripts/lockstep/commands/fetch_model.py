"""``lockstep fetch-model``: put the model of a lock into a folder, or nothing.

It runs in an init container, beside the model server and without a repository. So that git, the
registry and the pod agree, the digest is verified before anything is at the final path.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import bounded, scratch
from lockstep.edges.os_errors import cannot_write
from lockstep.model.errors import UsageError, VerificationFailed
from lockstep.model.tool_results import FetchedModel
from lockstep.registry.base import Unreachable
from lockstep.registry.content import digest_folder
from lockstep.registry.factory import open_registry

_FOLDER, _FILE = 0o755, 0o644


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """Which model, by the source and the digest of its lock, and where to put it.

    ``seconds`` bounds the whole run, ``most`` the bytes of the files; ``registry`` is an address,
    or None for that of the environment.
    """

    source: str
    digest: str
    target: Path
    seconds: float
    most: int
    registry: str | None = None


def run(options: FetchOptions) -> FetchedModel:
    """Fetch, verify and publish; where the model is there already, verify it again.

    Raises VerificationFailed where the content is not that of the digest, in the registry or at the
    target; Unreachable where the whole takes too long; UsageError where the target cannot be used.
    """
    # Not resolved: a link in the place of the target must be seen as one.
    target = Path(os.path.abspath(options.target))
    if not target.parent.is_dir():
        raise UsageError(
            "this folder does not exist",
            where=str(target.parent),
            fix="mount the volume there, or make the folder",
        )
    # A killed run leaves its folder: the next one on the same volume needs the room.
    for left in scratch.abandoned(target.parent):
        scratch.remove_folder(left)
    if _is_there(target):
        _verify(digest_folder(target), options, str(target))
        return FetchedModel(str(target), options.digest, fetched=False)
    with scratch.folder(target.parent) as made:
        _verify(_download(options, made / "model"), options, f"the files of {options.source}")
        _publish(made / "model", target)
    return FetchedModel(str(target), options.digest, fetched=True)


def _is_there(target: Path) -> bool:
    """Whether something is at the target; an empty folder is nothing."""
    if target.is_dir() and not target.is_symlink():
        return any(target.iterdir())
    return os.path.lexists(target)


def _download(options: FetchOptions, into: Path) -> str:
    """The digest of what the registry sent; all of it within the bound in time."""
    late = Unreachable(
        f"the model was not fetched within {options.seconds:g} seconds",
        where=options.source,
        fix="check the network and the registry, or allow more with --timeout "
        "(spec.serving.fetch.timeout)",
    )

    def download() -> str:
        into.mkdir()
        registry = open_registry(options.registry, options.seconds)
        registry.download(options.source, into, options.most)
        return digest_folder(into)

    return bounded.ask(f"model {options.source}", download, options.seconds, late)


def _verify(found: str, options: FetchOptions, what: str) -> None:
    if found != options.digest:
        raise VerificationFailed(
            f"the digest is {found}; the lock has {options.digest}",
            where=what,
            fix="do not serve it: find out who changed the model in the registry (lockstep lock "
            "--check), and register it again as a new version",
        )


def _publish(made: Path, target: Path) -> None:
    """Put a verified model in its place at once, readable for the model server's own user."""
    try:
        for folder, _, files in os.walk(made):
            os.chmod(folder, _FOLDER)
            for name in files:
                os.chmod(os.path.join(folder, name), _FILE)
        os.rename(made, target)
    except OSError as error:
        raise cannot_write(
            error, str(target), "check that nothing else writes there, and that you may"
        ) from error
