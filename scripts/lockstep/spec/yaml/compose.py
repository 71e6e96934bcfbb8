"""Composes YAML events into plain values, with the place of each and what is wrong."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from lockstep.model.document import Json, Pointer, Span, to_json_pointer
from lockstep.model.finding import Finding, Related
from lockstep.spec.yaml.scalars import AmbiguousScalar, resolve_plain
from lockstep.text.phrases import brief

MAX_DEPTH = 40  # merges, schemas and writers recurse into values
MAX_NODES = 50_000
"""Values in a document, counting what aliases repeat: a few lines of aliases can mean billions."""

_NO_KEY = object()  # not None, which a file can hold
_NO_KEY_FIX = "write a text key; put a value that begins with {{ in quotes"
_BARE_TAG = re.compile(r"(&\S+\s+)?!")


class InvalidYaml(Exception):
    """The file cannot be read further; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end is not read yet."""

    value: Any
    pointer: Pointer
    start: Any
    anchor: str | None
    nodes_before: int
    key: Any = _NO_KEY
    height: int = 1  # levels of values in it: what an alias of it adds to the depth


@dataclass(slots=True)
class Composer:
    """Composes one document of one file; use a new one for each file."""

    path: str
    text: str
    spans: dict[Pointer, Span] = field(default_factory=dict)
    key_spans: dict[Pointer, Span] = field(default_factory=dict)
    flow: set[Pointer] = field(default_factory=set)
    written: dict[Pointer, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Json, int, int]] = field(default_factory=dict)
    _nodes: int = 0
    _root: Any = _NO_KEY
    _documents: int = 0

    def compose(self, events: Any) -> Json:
        """The value of the document. Raises InvalidYaml, or yaml.YAMLError where it is not YAML."""
        while True:
            event = events.get_event()
            kind = type(event)  # compared by identity: this runs for every value of a fleet
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event, {} if kind is MappingStartEvent else [])
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close(event)
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                self._document(event)
            elif kind is StreamEndEvent:
                break
        # Only comments, or nothing but the word null.
        if self._root is _NO_KEY or self._root is None:
            fix = "write the document, or delete the file"
            raise InvalidYaml(Finding(self.path, 1, 1, "yaml.empty", "the file is empty", fix))
        return self._root

    def _document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            fix = "move each document into a file of its own"
            self._refuse(event, "yaml.documents", "the file has more than one document", fix)
        if event.tags or event.version not in (None, (1, 2)):
            message = "directives (%) are not allowed: every file is read as YAML 1.2"
            self._note(event, "yaml.directive", message, "remove the lines that begin with %")

    def _open(self, event: Any, value: Json) -> None:
        self._check_depth(event, 1)
        self._check_tag(event)
        self._anchors.pop(event.anchor, None)  # an alias inside would repeat itself without end
        before = self._nodes
        pointer = self._place(value, event)
        if event.flow_style:
            # For machine edits, which work on block lists only (see spec.edit).
            self.flow.add(pointer)
        self._stack.append(_Open(value, pointer, event.start_mark, event.anchor, before))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        start, end = done.start, event.end_mark
        self.spans[done.pointer] = Span(
            start.line + 1, start.column + 1, end.line + 1, end.column + 1
        )
        if self._stack:
            self._stack[-1].height = max(self._stack[-1].height, done.height + 1)
        if done.anchor:
            nodes = self._nodes - done.nodes_before
            # Only now: how much an alias of it repeats is not known before its end.
            self._anchors[done.anchor] = (done.value, nodes, done.height)

    def _scalar(self, event: ScalarEvent) -> None:
        self._check_tag(event)
        value: Json = event.value
        if event.implicit[0]:  # without quotes: anything else is text
            try:
                value = resolve_plain(event.value)
            except AmbiguousScalar as trap:
                message = f"{brief(event.value)} is {trap}"
                fix = _quote_it(event.value) + (f", or {trap.instead}" if trap.instead else "")
                self._note(event, "yaml.ambiguous", message, fix)
        if self._wants_key():
            self._key(event, value)
            return
        pointer = self._place(value, event)
        # 1.10 is read as 1.1, and a message must show what the author sees.
        if type(value) in (int, float) and repr(value) != event.value:
            self.written[pointer] = event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1, 0)

    def _alias(self, event: AliasEvent) -> None:
        anchor = event.anchor or ""
        if anchor not in self._anchors:
            inside = any(holder.anchor == anchor for holder in self._stack)
            what = "is inside the value that it repeats" if inside else "has no anchor above it"
            message = f"the alias {brief('*' + anchor)} {what}"
            self._refuse(event, "yaml.alias", message, "write the value out")
        if self._wants_key():
            self._refuse(event, "yaml.alias", "an alias cannot be a key", "write the key out")
        value, nodes, height = self._anchors[anchor]
        self._check_depth(event, height)
        self._count(event, nodes - 1)  # the last one is counted by _place
        self._place(value, event)
        if self._stack:
            self._stack[-1].height = max(self._stack[-1].height, height + 1)

    def _wants_key(self) -> bool:
        return (
            bool(self._stack)
            and isinstance(self._stack[-1].value, dict)
            and (self._stack[-1].key is _NO_KEY)
        )

    def _key(self, event: ScalarEvent, value: Json) -> None:
        holder = self._stack[-1]
        key = event.value
        pointer = (*holder.pointer, key)
        # In quotes, << is a key like any other.
        if key == "<<" and event.implicit[0]:
            fix = "write the fields out, or move them to the family's defaults"
            self._note(event, "yaml.merge-key", "merge keys (<<) are not part of YAML 1.2", fix)
        elif not isinstance(value, str):
            message = f"the key {brief(key)} is not text"
            self._note(event, "yaml.key", message, _quote_it(key))
        elif key in holder.value:
            self._duplicate(event, pointer)
        self.key_spans.setdefault(pointer, _span(event))  # of the first, which duplicates refer to
        # Set after a mistake, too: reading goes on, so that one run reports all of them.
        holder.key = key

    def _duplicate(self, event: ScalarEvent, pointer: Pointer) -> None:
        span = self.key_spans[pointer]
        message = f"duplicate key {brief(event.value)}, first defined on line {span.line}"
        self._note(event, "yaml.duplicate-key", message, "keep one of the two", pointer)
        first = Related(self.path, span.line, span.column, "the first of the two")
        self.findings[-1] = replace(self.findings[-1], related=(first,))

    def _place(self, value: Json, event: Any) -> Pointer:
        """Put a value into its parent. Its span is that of the event until its end is known."""
        self._count(event, 1)
        if not self._stack:
            self._root = value
            pointer: Pointer = ()
        else:
            holder = self._stack[-1]
            if isinstance(holder.value, list):
                pointer = (*holder.pointer, len(holder.value))
                holder.value.append(value)
            elif holder.key is _NO_KEY:
                self._refuse(event, "yaml.key", "a list or mapping cannot be a key", _NO_KEY_FIX)
            else:
                pointer = (*holder.pointer, holder.key)
                holder.value[holder.key] = value
                holder.key = _NO_KEY
        self.spans[pointer] = _span(event)
        return pointer

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            message = f"the file has more than {MAX_NODES} values, counting what aliases repeat"
            self._refuse(event, "yaml.size", message, "split the file, or remove the aliases")

    def _check_depth(self, event: Any, height: int) -> None:
        """Aliases count as what they repeat: readers of the result recurse into it."""
        if height and len(self._stack) + height > MAX_DEPTH:
            message = f"values are nested deeper than {MAX_DEPTH} levels"
            self._refuse(event, "yaml.depth", message, "flatten the structure")

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None or self._has_bare_tag(event):
            message = f"the tag {brief(event.tag or '!')} is not allowed"
            self._note(event, "yaml.tag", message, "remove the tag and quote the value if needed")

    def _has_bare_tag(self, event: Any) -> bool:
        """libyaml drops the tag ``!`` of a scalar, which turns a number into text in YAML 1.2."""
        # The pattern is tried only where a tag can be: at the start, or after an anchor.
        start = event.start_mark.index
        if type(event) is not ScalarEvent or not (
            event.anchor or self.text[start : start + 1] == "!"
        ):
            return False
        return bool(_BARE_TAG.match(self.text, start))

    def _note(
        self, event: Any, rule: str, message: str, fix: str, pointer: Pointer | None = None
    ) -> None:
        mark = event.start_mark
        where = self._here() if pointer is None else pointer
        self.findings.append(
            Finding(
                self.path,
                mark.line + 1,
                mark.column + 1,
                rule,
                message,
                fix,
                to_json_pointer(where),
            )
        )

    def _here(self) -> Pointer:
        """The pointer of the value that is read next."""
        if not self._stack:
            return ()
        holder = self._stack[-1]
        if isinstance(holder.value, list):
            return (*holder.pointer, len(holder.value))
        return holder.pointer if holder.key is _NO_KEY else (*holder.pointer, holder.key)

    def _refuse(self, event: Any, rule: str, message: str, fix: str) -> Any:
        self._note(event, rule, message, fix)
        # Removed from the list, because load_yaml adds the finding of the refusal itself.
        raise InvalidYaml(self.findings.pop())


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _quote_it(text: str) -> str:
    return f'write it in quotes: "{text}"' if len(text) <= 60 else "write it in quotes"
