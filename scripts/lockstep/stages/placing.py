"""Findings at the place where a value was written: in its own file, or in the family's."""

from dataclasses import dataclass

from lockstep.model.document import Document, Pointer, to_json_pointer
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster
from lockstep.stages.schema_words import field_path


@dataclass(frozen=True, slots=True)
class Place:
    """A value inside one file."""

    document: Document
    pointer: Pointer

    @classmethod
    def in_cluster(cls, cluster: Cluster, pointer: Pointer) -> "Place":
        """Where the effective value of a cluster was written."""
        return cls(*cluster.origin(pointer))

    @property
    def field(self) -> str:
        """The field in the words of its author."""
        return field_path(self.pointer)

    def finding(self, rule: str, message: str, fix: str, *, at_key: bool = False) -> Finding:
        """A finding at this place; with ``at_key`` at the key rather than at its value."""
        where = self.document.locate(self.pointer, key=at_key)
        pointer = to_json_pointer(self.pointer)
        return Finding(where.file, where.line, where.column, rule, message, fix, pointer)
