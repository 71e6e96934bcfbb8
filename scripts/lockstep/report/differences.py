"""The difference between two fleets for people: text for a terminal, Markdown for a comment.

Both are bounded: what is the same in many clusters is one entry, and what does not fit is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lockstep.model.differences import ChangeType, Differences, FleetDiff
from lockstep.model.finding import arrange
from lockstep.model.outcome import Outcome
from lockstep.report import markdown, text
from lockstep.report.counting import count
from lockstep.report.difference_groups import DANGEROUS, SEVERAL, DifferenceEntry, Line, entries_of
from lockstep.report.envelope import Envelope
from lockstep.report.markup import code
from lockstep.text.sanitise import cut, one_line

_TEXT_LINES = 1_000
_PART = 2_000  # characters of one piece of a line
_RESERVE = 500  # characters for the headline, and the note about what is not shown


def format_text(found: Differences) -> str:
    """The difference for a terminal, dangers first; then what could not be read."""
    body = _fitting(found.diff, _TEXT, _TEXT_LINES)
    parts = [_in_text(_headline(found)), *(f"\n{section}" for section in body.sections)]
    if body.left:
        parts.append(f"\nNot shown: {count(body.left, 'change')}; --format json has all of them")
    if found.findings:
        parts.append("\n" + text.format_outcome(Outcome(found.findings)))
    return "\n".join(parts)


def format_markdown(found: Differences) -> str:
    """The difference as Markdown within the limit of a comment."""
    parts = [f"### Lockstep: {_in_markdown(_headline(found))}"]
    if found.findings:
        parts.append(markdown.format_outcome(Outcome(found.findings)))
    room = markdown.LIMIT - sum(len(part) + 2 for part in parts)
    return "\n\n".join([*parts, *format_sections(found.diff, room)])


def format_sections(diff: FleetDiff, room: int) -> Iterator[str]:
    """The dangers and the families as blocks of Markdown, in at most ``room`` characters.

    The last block counts what did not fit.
    """
    body = _fitting(diff, _MARKDOWN, room - _RESERVE)
    yield from body.sections
    if body.left:
        yield (
            f"**Not shown: {count(body.left, 'change')}.** They do not fit here. "
            "`lockstep diff --format json` has all of them."
        )


def format_json(found: Differences) -> str:
    """The difference as JSON; ``schemas/diff.json`` next to this file defines it."""
    summary = found.diff.to_json()
    objects = summary.pop("objects")
    return Envelope("diff", found.exit_code, summary, objects, arrange(found.findings)).format()


def _headline(found: Differences) -> Line:
    """``3 of 11 clusters change against main: 1 object added, 4 changed; 2 dangers``."""
    diff = found.diff
    if not Outcome(found.findings).has_checked:  # an error must not look like a change of nothing
        return (("what changes is not known, because the run failed", False),)
    against: Line = ((" against ", False), (diff.base, True)) if diff.base else ()
    changes = Counter(each.change for each in diff.objects)
    if not changes:
        return (("nothing changes in manifests, policies and settings", False), *against)
    first, *rest = [
        count(changes[kind], "object") + f" {kind.value}" if not index else
        f"{changes[kind]:,} {kind.value}"
        for index, kind in enumerate(kind for kind in ChangeType if changes[kind])
    ]  # fmt: skip
    dangers = sum(len(each.dangers) for each in diff.objects)
    tail = f": {', '.join([first, *rest])}; {count(dangers, 'danger')}"
    verb = "changes" if diff.clusters == 1 else "change"
    return ((f"{diff.clusters:,} of {count(diff.of, 'cluster')} {verb}", False), *against,
            (tail, False))  # fmt: skip


class _Style(NamedTuple):
    """How sections and their entries are written, and what counts as their size."""

    heading: Callable[[str], str]
    entry: Callable[[DifferenceEntry], str]
    size: Callable[[str], int]


class _Body(NamedTuple):
    """The sections that fit, and the number of changes that are left out."""

    sections: list[str]
    left: int


def _fitting(diff: FleetDiff, style: _Style, room: int) -> _Body:
    """The sections of a report as far as there is room."""
    entries = list(entries_of(diff))
    sections: dict[str, list[str]] = {}
    left = 0
    for index, each in enumerate(entries):
        made = [] if each.section in sections else [style.heading(each.section)]
        made.append(style.entry(each))
        room -= sum(map(style.size, made))
        if room < 0:  # what comes later is less important
            left = sum(other.changes for other in entries[index:])
            break
        sections.setdefault(each.section, []).extend(made)
    return _Body(["\n".join(lines) for lines in sections.values()], left)


def _in_text(line: Line) -> str:
    return one_line("".join(cut(part, _PART) for part, _ in line), log=True)


def _in_markdown(line: Line) -> str:
    return "".join(code(cut(part, _PART)) if is_code else part for part, is_code in line)


def _text_entry(entry: DifferenceEntry) -> str:
    below = [f"    {_in_text(line)}" for line in entry.lines]
    return "\n".join([f"  {_in_text(entry.head)}", *below])


def markdown_entry(entry: DifferenceEntry) -> str:
    """One entry as an item of a list."""
    below = [f"  - {_in_markdown(line)}" for line in entry.lines]
    return "\n".join([f"- {_in_markdown(entry.head)}", *below])


_TEXT = _Style(
    lambda name: one_line(name, log=True), _text_entry, lambda made: made.count("\n") + 1
)
_MARKDOWN = _Style(
    # A blank line, because some readers of Markdown begin no list without one.
    lambda name: f"#### {name if name in (DANGEROUS, SEVERAL) else code(name)}\n",
    markdown_entry,
    lambda made: len(made) + 2,
)
