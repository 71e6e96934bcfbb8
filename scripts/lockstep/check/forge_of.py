"""Which forge holds the fleet, by ``lockstep.yaml`` in a commit and by the remote."""

from collections.abc import Mapping

from lockstep.check.followed import settings_at
from lockstep.edges.git import Git, Remote
from lockstep.forges.factory import ForgePlace, NoForge, find_forge
from lockstep.model.forge import UNDECLARED
from lockstep.model.repository_address import same_repository


def forge_of(
    git: Git, commit: str, environ: Mapping[str, str], remote: Remote | None = None
) -> ForgePlace | NoForge:
    """The place of the fleet's repository; ``remote`` is the one that is pushed to, where known.

    ``commit`` has to be one of the followed branch, and none of a pull request: its
    ``lockstep.yaml`` says where the token goes. Raises as ``find_forge``.
    """
    settings = settings_at(git, commit)
    declared = settings.forge if settings else UNDECLARED
    addresses = [*(remote.pushes + remote.fetches if remote else ())]
    # git may reach the fleet's address elsewhere (url.<base>.insteadOf), the forge's name stays.
    if settings and (
        not remote or any(same_repository(each, settings.repository) for each in addresses)
    ):
        addresses = [settings.repository]
    if not addresses:
        return NoForge("no repository is named", "write repository in lockstep.yaml")
    return find_forge(addresses[0], environ, declared)
