"""The place where a value was written, its own file or the family's, and findings there."""

from collections.abc import Iterable
from dataclasses import dataclass

from lockstep.model.document import Document, Pointer, to_json_pointer, value_at
from lockstep.model.finding import Finding, Related
from lockstep.model.fleet import DEFAULTS, Cluster
from lockstep.text.phrases import field_path

INHERITS = "uses this default"
REPLACES = "the family's default that it replaces"
MERGES = "the family's default, which is merged with it"


@dataclass(frozen=True, slots=True)
class Place:
    """A value inside one file, and the other places that are involved."""

    document: Document
    pointer: Pointer
    related: tuple[Related, ...] = ()

    @classmethod
    def in_cluster(cls, cluster: Cluster, pointer: Pointer) -> "Place":
        """Where the effective value of a cluster was written.

        Related is the cluster that uses a default, or the default that the cluster replaces.
        """
        document, inner = cluster.origin(pointer)
        if document is not cluster.document:
            return cls(document, inner, (related(cluster.document, pointer, INHERITS),))
        default, note = _default_below(cluster, pointer)
        if not default:
            return cls(document, inner)
        return cls(document, inner, (related(cluster.family_document, default, note),))

    @property
    def field(self) -> str:
        """The field as messages name it, with the path that it has in this file."""
        return field_path(self.pointer)

    def related_as(self, note: str) -> Related:
        """This place as a related one of another finding."""
        return Related(*self.document.locate(self.pointer), note)

    def finding(
        self,
        rule: str,
        message: str,
        fix: str,
        *,
        at_key: bool = False,
        others: Iterable[Related] = (),
    ) -> Finding:
        """A finding at this place; with ``at_key`` at the key rather than at its value.

        ``others`` are further related places.
        """
        where = self.document.locate(self.pointer, key=at_key)
        return Finding(
            where.file,
            where.line,
            where.column,
            rule,
            message,
            fix,
            to_json_pointer(self.pointer),
            related=(*self.related, *others),
        )


def related(document: Document, pointer: Pointer, note: str) -> Related:
    """The field at ``pointer``, or its nearest parent that was written in this file."""
    while pointer and pointer not in document.key_spans:
        pointer = pointer[:-1]
    return Related(*document.locate(pointer, key=True), note)


def _default_below(cluster: Cluster, pointer: Pointer) -> tuple[Pointer, str]:
    """Where the family has a default for a value of the cluster's own, and what becomes of it."""
    own = value_at(cluster.document.value, pointer[:1])
    default = value_at(cluster.family_document.value, DEFAULTS)
    # Only spec has defaults, and neither file need be valid when a finding is made.
    if pointer[:1] != ("spec",) or not isinstance(own, dict) or not isinstance(default, dict):
        return (), ""
    for depth, part in enumerate(pointer[1:], start=2):
        if part not in own or part not in default:
            return (), ""
        own, default = own[part], default[part]
        if not isinstance(own, dict) or not isinstance(default, dict):
            return DEFAULTS + pointer[1:depth], REPLACES
    return DEFAULTS + pointer[1:], MERGES
