"""``lockstep site``: the page of a fleet, as files that a browser shows without a server."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lockstep.check.fleet_page import read_fleet_page
from lockstep.check.followed import find_shown
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.edges.resources import site_templates
from lockstep.edges.site_folder import MARK, mark, require_site_folder, stale_files
from lockstep.model.fleet_page import SiteWritten
from lockstep.site.pages import fleet_pages


@dataclass(frozen=True, slots=True)
class SiteRequest:
    """What to show, and the folder to write it to.

    ``days`` is how far back time lines and whole decisions go. Without ``fetch`` no server is
    asked: the branch is shown as it was last fetched. ``work_tree``: not the followed branch.
    """

    root: Path
    output: Path
    now: datetime
    days: int
    remote: str | None = None
    work_tree: bool = False
    fetch: bool = True


def run(request: SiteRequest) -> SiteWritten:
    """Write the page, and remove what an earlier run wrote and nothing refers to any more.

    Raises UsageError where the folder holds anything else, before anything is read.
    """
    git = Git.find(request.root)
    require_site_folder(request.output, git.root)
    shown = find_shown(git, request.remote, work_tree=request.work_tree, fetch=request.fetch)
    page = read_fleet_page(git, shown, request.now, request.days)
    files = fleet_pages(page, site_templates())
    files[MARK] = mark(files)
    stale = stale_files(request.output, files)
    request.output.mkdir(parents=True, exist_ok=True)
    write_changes(request.output, {**files, **dict.fromkeys(stale)})
    return SiteWritten(
        str(request.output),
        tuple(sorted(files)),
        stale,
        len(page.status.families),
        page.status.shown,
        request.now,
        page.status.findings,
        page.status.exit_code,
    )
