"""From a place in a rendered manifest back to what caused it: a value of the spec, or a template.

Nothing here runs while rendering goes well. A finding makes the file be rendered once more with
marks (``template_marks``), and its component says where the marked values come from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from lockstep.model.document import Document, Location, Places, Pointer, value_at
from lockstep.model.finding import Finding, Related
from lockstep.render.parse import is_plain
from lockstep.render.targets.base import ManifestFile
from lockstep.render.templates import TemplateSet
from lockstep.render.trace.origin_lookup import OriginLookup, origin_at
from lockstep.render.trace.template_marks import MarkedText, TemplateMark, render_marked
from lockstep.spec.place import Place
from lockstep.spec.yaml.compose import Composer

_SHORTEST_SHARED = 2
"""A shared pointer must have that many parts: all of a spec is not the cause of anything."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What caused a part of a rendered manifest.

    ``place`` is the value to change; None where no written value is involved, and the line of the
    template is what to change. ``template`` is that line, where one could be found. ``related``
    are the other values that are involved. ``computed`` says that an expression there wrote it,
    so that it may be another text for another cluster.
    """

    place: Place | None
    template: Location | None = None
    related: tuple[Related, ...] = ()
    computed: bool = False

    def finding(self, rule: str, message: str, fix: str) -> Finding:
        """A finding there."""
        if self.place:
            return self.place.finding(rule, message, fix, others=self.related)
        where = self.template or Location("templates", 1, 1)
        return Finding(*where, rule, message, fix, related=self.related)

    def in_template(self) -> "Trace":
        """The same at the line of the template, for what no value can fix: the value is related."""
        if self.place is None or self.template is None:
            return self
        what = self.place.related_as(f"the template writes {self.place.field} there")
        return replace(self, place=None, related=(what,))

    @property
    def fix(self) -> str:
        """What a person can change, to be the fix of a finding."""
        if self.template is None:
            return "correct the spec, or the template"
        line = f"line {self.template.line} of {self.template.file}"
        return f"correct this value, or {line}" if self.place else f"fix {line}"


class Tracer:
    """Traces the places of one file of a component. Raises nothing: the spec is the last resort.

    Lines are those of what the template wrote, without a header.
    """

    def __init__(
        self, component: str, file: ManifestFile, texts: TemplateSet, lookup: OriginLookup
    ) -> None:
        self._file = file
        self._lookup = lookup
        self._path, source = texts.sources[component]
        self._marked: MarkedText | None = None
        self._manifest = Document(self._path, None)
        try:
            self._marked = render_marked(self._path, source, file.context)
            self._manifest = _read(self._path, self._marked.text)
        except Exception:  # a template can fail in any way that Python can, and was reported then
            return

    def at(self, pointer: Pointer, *, key: bool = False) -> Trace:
        """What caused the value at a pointer of the manifest, or its nearest parent.

        With ``key`` what caused that there is such a key.
        """
        # The template failed, or wrote no YAML: no place of the manifest is known.
        if not self._manifest.spans:
            return Trace(self._lookup.whole_spec)
        if key and pointer in self._manifest.key_spans:
            return self._caused_by(self._mark(pointer, key=True))
        # A field that is missing has no span: its parent is where it would be written.
        while pointer and pointer not in self._manifest.spans:
            pointer = pointer[:-1]
        value = value_at(self._manifest.value, pointer)
        # A list or a mapping has no mark of its own: its parts may have one common cause.
        if value is not None and not isinstance(value, dict | list):
            return self._caused_by(self._mark(pointer))
        common = self._common(pointer)
        template = self._line(self._mark(pointer, key=True))
        return Trace(self._lookup.where_written(common) if common else None, template)

    def at_line(self, line: int) -> Trace:
        """What caused a line that is not YAML: its key, where the template's own part is valid.

        A quoted value is always YAML. As a key it can be refused, or be a duplicate.
        """
        if self._marked is None:
            return Trace(self._lookup.whole_spec)
        first = self._marked.first_mark(line)
        # It is wrong even with harmless values, so no value of the spec is the cause.
        if not is_plain(self.frame(line)):
            return Trace(None, self._line(first))
        return self._caused_by(first)

    def sources(self, pointer: Pointer, *, key: bool = False) -> list[Place]:
        """The values that make the one at a pointer, or with ``key`` its key.

        Each is in the document that has it: a value of the effective cluster in the cluster's, even
        where it is a default of the family.
        """
        return self._places(self._mark(pointer, key=key)) if self._manifest.spans else []

    def frame(self, line: int) -> str:
        """A line without what differs from cluster to cluster: each value is ``"x"``."""
        lines = self._marked.frame.split("\n") if self._marked else []
        return lines[line - 1] if 0 < line <= len(lines) else ""

    def _mark(self, pointer: Pointer, *, key: bool = False) -> TemplateMark:
        where = self._manifest.locate(pointer, key=key)
        return (self._marked or MarkedText("")).mark_at(where.line, where.column)

    def _caused_by(self, mark: TemplateMark) -> Trace:
        template = self._line(mark)
        if places := self._places(mark):
            first, *others = map(self._lookup.where_written, places)
            return Trace(first, template, tuple(map(_as_related, others)), computed=True)
        return Trace(None, template, computed=mark.is_expression)

    def _places(self, mark: TemplateMark) -> list[Place]:
        if mark.value is None:
            return []
        origin, below = origin_at(self._file.origins(), self._file.context, mark.value)
        return self._lookup.places(origin, below) if origin else []

    def _common(self, pointer: Pointer) -> Place | None:
        """The one thing that all values below a list or a mapping are parts of, if there is one."""
        common: Place | None = None
        for leaf in self._leaves(pointer):
            places = self._places(self._mark(leaf))
            # A part that the template itself wrote has no cause in common with the others.
            if not places:
                return None
            common = _shared(common or places[0], places[0])
            if common is None:
                return None
        return common

    def _leaves(self, pointer: Pointer) -> Iterator[Pointer]:
        for other in self._manifest.spans:
            inside = other[: len(pointer)] == pointer
            if inside and not isinstance(value_at(self._manifest.value, other), dict | list):
                yield other

    def _line(self, mark: TemplateMark) -> Location:
        return Location(self._path, mark.line, mark.column)


def _read(path: str, text: str) -> Document:
    composer = Composer(path, text)
    value = composer.compose(yaml.CSafeLoader(text))
    return Document(path, value, lambda: Places(composer.spans, composer.key_spans))


def _as_related(place: Place) -> Related:
    where = place.document.locate(place.pointer)
    return Related(*where, f"{place.field} is involved too")


def _shared(one: Place, other: Place) -> Place | None:
    length = 0
    for left, right in zip(one.pointer, other.pointer, strict=False):
        if left != right:
            break
        length += 1
    same = one.document is other.document and length >= _SHORTEST_SHARED
    return Place(one.document, one.pointer[:length]) if same else None
