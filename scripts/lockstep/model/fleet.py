"""The fleet that one tree of files declares: environments, families, clusters, facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lockstep.model.decision import Record
from lockstep.model.document import Document, Json, Location, Pointer, value_at
from lockstep.model.ledger import LedgerFile

# Also from here, where most of those who read files get the rest of a fleet.
from lockstep.model.tree import NoFile as NoFile
from lockstep.model.tree import ShippedFile as ShippedFile
from lockstep.model.tree import Tree as Tree

DEFAULTS: Pointer = ("spec", "defaults")
"""Where a family keeps the spec that is merged under each of its clusters."""


Subject = tuple[str, str, str]
"""The names of an environment, a family and a cluster."""


@dataclass(frozen=True)
class Cluster:
    """One model cluster. ``effective`` is the document with the family's defaults merged under."""

    environment: str
    family: str
    document: Document
    family_document: Document
    effective: Json

    @property
    def subject(self) -> Subject:
        """The cluster by its names."""
        return self.environment, self.family, self.name

    @property
    def path(self) -> str:
        """The file that declares this cluster."""
        return self.document.path

    @property
    def name(self) -> str:
        """``metadata.name``; the file's own stem where the name is missing."""
        stem = self.path.rsplit("/", 1)[-1].removesuffix(".yaml")
        # The document may be malformed, so that the name is of any type.
        return str(value_at(self.effective, ("metadata", "name"), stem))

    @property
    def region(self) -> str:
        """``spec.region``, empty where it is missing."""
        return str(value_at(self.effective, ("spec", "region"), ""))

    @property
    def variants(self) -> list[Json]:
        """``spec.variants`` of the effective spec."""
        variants: list[Json] = value_at(self.effective, ("spec", "variants"), [])
        return variants

    def locate(self, pointer: Pointer, *, key: bool = False) -> Location:
        """Where the effective value at ``pointer`` was written: in this file or the family's."""
        document, inner = self.origin(pointer)
        return document.locate(inner, key=key)

    def origin(self, pointer: Pointer) -> tuple[Document, Pointer]:
        """The document that holds the effective value at ``pointer``, and the pointer there.

        Follows RFC 7396: mappings merge key by key, anything else comes whole from one side.
        A value that neither side wrote belongs to the cluster's own file.
        """
        # A family has defaults for spec only: the rest is always the cluster's own.
        if pointer[:1] != ("spec",):
            return self.document, pointer
        own = value_at(self.document.value, ("spec",))
        inherited = value_at(self.family_document.value, DEFAULTS)
        for part in pointer[1:]:
            in_inherited = isinstance(inherited, dict) and part in inherited
            if not isinstance(own, dict) or not in_inherited:
                return self.document, pointer
            if part not in own:  # the merge took it from the family
                return self.family_document, DEFAULTS + pointer[1:]
            own, inherited = own[part], inherited[part]
        return self.document, pointer


@dataclass(frozen=True)
class Family:
    """All clusters of one logical model in one environment, with the facts about its versions.

    ``clusters`` are in path order; ``locks`` by version; ``records`` in ledger order. ``broken``
    are the files of the ledger that are not among the records, because nothing may rely on them.
    """

    environment: str
    name: str
    document: Document
    clusters: tuple[Cluster, ...] = ()
    locks: Mapping[str, Document] = field(default_factory=dict)
    quarantine: Document | None = None
    records: tuple[Record, ...] = ()
    broken: tuple[LedgerFile, ...] = ()

    @property
    def spec(self) -> Json:
        """``spec`` of ``family.yaml``; an empty mapping where it is missing."""
        return value_at(self.document.value, ("spec",), {})

    @property
    def folder(self) -> str:
        """``clusters/<environment>/<family>``."""
        return self.document.path.rsplit("/", 1)[0]

    def digest_of(self, version: str) -> str | None:
        """The content digest in the lock of a version; None where there is none to be read."""
        lock = self.locks.get(version)
        digest = value_at(lock.value, ("spec", "identity", "digest")) if lock else None
        return digest if isinstance(digest, str) else None

    @cached_property
    def has_quarantine(self) -> bool:
        """Whether a version of it is in quarantine, or ever was."""
        # The records too: without quarantine.yaml a version is still in quarantine.
        broken = [file.record for file in self.broken if file.record]
        return self.quarantine is not None or any(
            record.decision.quarantines for record in (*self.records, *broken)
        )


@dataclass(frozen=True)
class Environment:
    """One environment with its families, in name order."""

    name: str
    document: Document
    families: Mapping[str, Family] = field(default_factory=dict)

    @cached_property
    def with_quarantine(self) -> tuple[Family, ...]:
        """Its families that have or had a version in quarantine: most never do."""
        return tuple(family for family in self.families.values() if family.has_quarantine)

    @property
    def spec(self) -> Json:
        """``spec`` of ``environment.yaml``; an empty mapping where it is missing."""
        return value_at(self.document.value, ("spec",), {})

    def region_index(self, name: str) -> int | None:
        """The index of the region with that name in ``spec.regions``; None where there is none."""
        regions = value_at(self.spec, ("regions",), [])
        # The file may be malformed: its schema reports that, so this must not raise.
        for index, entry in enumerate(regions if isinstance(regions, list) else []):
            if value_at(entry, ("name",)) == name:
                return index
        return None

    def tenant_index(self, name: str) -> int | None:
        """The first index of that tenant in ``spec.tenants``; None where it is not listed."""
        return self._tenants.get(name)

    @cached_property
    def _tenants(self) -> Mapping[str, int]:
        # Kept, because each cluster asks, and an environment can have as many tenants as clusters.
        listed = value_at(self.spec, ("tenants",), [])
        names = [value_at(each, ("name",)) for each in (listed if isinstance(listed, list) else [])]
        # From the last to the first, so that the first of a name counts.
        return {name: at for at, name in [*enumerate(names)][::-1] if isinstance(name, str)}

    @property
    def predecessor(self) -> str | None:
        """The environment that versions must pass before they enter this one."""
        name = value_at(self.spec, ("predecessor",))
        return name if isinstance(name, str) else None


@dataclass(frozen=True)
class Fleet:
    """Every environment of a repository, by name.

    ``strays`` are documents, each with the kind that its place requires, whose environment or
    family could not be read: they belong to nothing, and are still checked.
    """

    environments: Mapping[str, Environment] = field(default_factory=dict)
    strays: tuple[tuple[str, Document], ...] = ()

    def merged_with(self, others: "Fleet") -> "Fleet":
        """The same, with the families of another fleet that its own environments lack."""
        known = {name: other.families for name, other in others.environments.items()}
        return Fleet(
            {
                name: replace(own, families={**known.get(name, {}), **own.families})
                for name, own in self.environments.items()
            },
            self.strays,
        )

    def families(self) -> tuple[Family, ...]:
        """All families, by environment and name."""
        return tuple(f for e in self.environments.values() for f in e.families.values())

    def clusters(self) -> tuple[Cluster, ...]:
        """All clusters, by environment, family and path."""
        return tuple(c for f in self.families() for c in f.clusters)
