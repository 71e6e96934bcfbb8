"""The files of a fleet's page: HTML that shows everything without a server.

What others wrote (specs, records, the registry) becomes text and never markup: the templates
escape every value, and a policy in each page lets a browser run and load nothing else than the
style and the script that are in it, by their digests.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from lockstep import __version__
from lockstep.model.fleet_page import FamilyLedger, FleetPage
from lockstep.model.times import format_time, parse_time
from lockstep.report.block import Line
from lockstep.report.counting import count
from lockstep.report.history import approvers_of, describe_weights
from lockstep.report.status import (
    describe_next,
    describe_progress,
    describe_shown,
    describe_skew,
)
from lockstep.report.waits import describe_waits
from lockstep.site import family as families
from lockstep.site import index, lanes
from lockstep.text.sanitise import one_line

_LONGEST = 2_000
"""Characters of one value that are shown; the files and records have the whole of it."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def fleet_pages(page: FleetPage, templates: Mapping[str, str]) -> dict[str, bytes]:
    """Each file of the page by its path: ``index.html``, and one for each family below families/.

    Its bytes follow from ``page``, ``templates`` (by name) and the version of Lockstep alone.
    """
    environment = _environment(page, templates)
    shown = {(each.environment, each.family): each for each in page.status.families}
    files = {"index.html": environment.get_template("index.html.j2").render(page=page).encode()}
    template = environment.get_template("family.html.j2")
    for name in sorted({*shown, *page.ledgers}):
        ledger = page.ledgers.get(name) or FamilyLedger(*name)
        view = families.family_page(page, shown.get(name), ledger)
        files[page_path(*name)] = template.render(page=page, view=view).encode()
    return files


def page_path(environment: str, family: str) -> str:
    """The path of a family's page: its own, whatever characters a folder's name has."""
    return f"families/{_part(environment)}/{_part(family)}.html"


def _part(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    # No name of an environment or a family begins with an underscore.
    return "_" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _environment(page: FleetPage, templates: Mapping[str, str]) -> Environment:
    made = Environment(
        loader=DictLoader(dict(templates)), undefined=StrictUndefined, autoescape=True,
        finalize=_plain, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    style, script = templates["style.css"], templates["page.js"]
    made.globals.update(
        style=Markup(style), script=Markup(script),  # noqa: S704 - files of the program
        style_digest=_digest(style), script_digest=_digest(script), version=__version__,
        now=format_time(page.now), now_date=page.now.date(), page_path=page_path, look=index.look,
        states=index.states, by_urgency=index.by_urgency, freezes=index.freezes, alike=index.alike,
        worst_first=families.worst_first, approvers_of=approvers_of, progress=describe_progress,
        most_lanes=lanes.MOST_LANES, most_whole=index.MOST_WHOLE, count=count,
        shown_words=_shown_words(page),
    )  # fmt: skip
    made.filters.update(
        waits=lambda each: [_text(line) for line in describe_waits(each, page.now)],
        following=lambda each: [_text(line) for line in describe_next(each)],
        skew=lambda each: [_text(line) for line in describe_skew(each, page.now)],
        weights=describe_weights, measured=families.measured, time=_time, served=index.served,
    )  # fmt: skip
    return made


def _shown_words(page: FleetPage) -> list[str]:
    """Which branch is shown, and where it may be old, how old and why."""
    # Not wrapped: a browser does that.
    return list(describe_shown(page.status.shown, page.now, _LONGEST))


def _text(line: Line) -> str:
    return "".join(text for text, _ in line)


def _time(text: str) -> str:
    """``2026-03-01 08:00 UTC``; what is no time stays as it is."""
    try:
        moment = format_time(parse_time(text))
    except ValueError:
        return text
    return f"{moment[:10]} {moment[11:16]} UTC"


def _plain(value: Any) -> Any:
    """A value before it is escaped: text on one line, without what hides or turns other text."""
    return one_line(value, _LONGEST) if type(value) is str else value


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
