"""From a place in a rendered manifest back to what caused it: a value of the spec, or a template.

Nothing here runs while rendering goes well. A finding makes the file be rendered once more with
marks (``marks``), and its component says where the marked values come from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import yaml

from lockstep.model.document import Document, Location, Pointer, value_at
from lockstep.model.finding import Finding, Related
from lockstep.render.context import Context
from lockstep.render.parse import is_plain
from lockstep.render.targets.kubernetes.manifests import Component, View
from lockstep.render.templates import TemplateSet
from lockstep.render.trace.origin_lookup import Authors, origin_at
from lockstep.render.trace.origins import Origins
from lockstep.render.trace.template_marks import Mark, Marked, mark
from lockstep.spec.place import Place
from lockstep.spec.yaml.compose import Composer

_NARROW = 2
"""The parts of a pointer that names something: all of a spec is no cause of anything."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What caused a part of a rendered manifest.

    ``place`` is the value to change; None where no written value is involved, and the line of the
    template is what to change. ``template`` is that line, where one could be found. ``related``
    are the other values that are involved. ``computed`` tells that an expression there wrote it,
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
        """The same where the template is to blame, whatever the value: the value is related."""
        if self.place is None or self.template is None:
            return self
        what = self.place.related_as(f"{self.place.field} is what it writes")
        return replace(self, place=None, related=(what,))

    @property
    def cure(self) -> str:
        """What a person can change, to be the fix of a finding."""
        if self.template is None:
            return "correct the spec, or the template"
        line = f"line {self.template.line} of {self.template.file}"
        return f"correct this value, or {line}" if self.place else f"mend {line}"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a component: its context, and what tells where that comes from."""

    component: str
    context: Context
    origins: Callable[[], Origins]

    @classmethod
    def of(cls, component: Component[View], view: View, file: str, context: Context) -> "Part":
        """A file as ``Component.parts`` gave it for a view."""
        return cls(component.name, context, partial(component.origins, view, file))


class Tracer:
    """Traces the places of one rendered file. Raises nothing: what it cannot find is the spec.

    Lines are those of what the template wrote, without a header.
    """

    def __init__(self, part: Part, texts: TemplateSet, authors: Authors) -> None:
        self._part = part
        self._authors = authors
        self._path, source = texts.sources[part.component]
        self._marked: Marked | None = None
        self._manifest = Document(self._path, None)
        try:
            self._marked = mark(self._path, source, part.context)
            self._manifest = _read(self._path, self._marked.text)
        except Exception:  # a template can fail in any way that Python can, and was reported then
            return

    def at(self, pointer: Pointer, *, key: bool = False) -> Trace:
        """What caused the value at a pointer of the manifest, or its nearest parent.

        With ``key`` what caused that there is such a key.
        """
        if not self._manifest.spans:
            return Trace(self._authors.whole)
        if key and pointer in self._manifest.key_spans:
            return self._caused_by(self._mark(pointer, key=True))
        while pointer and pointer not in self._manifest.spans:
            pointer = pointer[:-1]
        value = value_at(self._manifest.value, pointer)
        if value is not None and not isinstance(value, dict | list):
            return self._caused_by(self._mark(pointer))
        common = self._common(pointer)
        template = self._line(self._mark(pointer, key=True))
        return Trace(self._authors.settle(common) if common else None, template)

    def at_line(self, line: int) -> Trace:
        """What caused a line that is no YAML: its key, where the template's own part is in order.

        A quoted value is always YAML. As a key it can be one that is refused, or stand twice.
        """
        if self._marked is None:
            return Trace(self._authors.whole)
        head = self._marked.head(line)
        if not is_plain(self.frame(line)):
            return Trace(None, self._line(head))
        return self._caused_by(head)

    def frame(self, line: int) -> str:
        """A line without what differs from cluster to cluster: ``"x"`` stands for each value."""
        lines = self._marked.frame.split("\n") if self._marked else []
        return lines[line - 1] if 0 < line <= len(lines) else ""

    def _mark(self, pointer: Pointer, *, key: bool = False) -> Mark:
        where = self._manifest.locate(pointer, key=key)
        return (self._marked or Marked("")).at(where.line, where.column)

    def _caused_by(self, written: Mark) -> Trace:
        template = self._line(written)
        if places := self._places(written):
            first, *others = map(self._authors.settle, places)
            return Trace(first, template, tuple(map(_also, others)), computed=True)
        return Trace(None, template, computed=written.expression)

    def _places(self, written: Mark) -> list[Place]:
        if written.value is None:
            return []
        origin, below = origin_at(self._part.origins(), self._part.context, written.value)
        return self._authors.places(origin, below) if origin else []

    def _common(self, pointer: Pointer) -> Place | None:
        """The one thing that all values below a list or a mapping are parts of, if there is one."""
        common: Place | None = None
        for leaf in self._leaves(pointer):
            places = self._places(self._mark(leaf))
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

    def _line(self, written: Mark) -> Location:
        return Location(self._path, written.line, written.column)


def _read(path: str, text: str) -> Document:
    composer = Composer(path, text)
    value = composer.compose(yaml.CSafeLoader(text))
    return Document(path, value, composer.spans, composer.key_spans)


def _also(place: Place) -> Related:
    where = place.document.locate(place.pointer)
    return Related(*where, f"{place.field} has to do with it too")


def _shared(one: Place, other: Place) -> Place | None:
    length = 0
    for left, right in zip(one.pointer, other.pointer, strict=False):
        if left != right:
            break
        length += 1
    same = one.document is other.document and length >= _NARROW
    return Place(one.document, one.pointer[:length]) if same else None
