"""Drift: where the live clusters and the registry differ from what git says."""

from enum import StrEnum

from msgspec import Struct, to_builtins

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode


class DriftClass(StrEnum):
    """What a drift means, the worst first."""

    FAMILY = "family"
    """The regions of a family no longer serve what git says: the incident."""
    PERSON = "person"
    """Nothing but a person ends it."""
    HEALS = "argocd-heals"
    """Argo CD ends it by itself."""


class DriftKind(StrEnum):
    """What differs."""

    CHANGED = "changed"
    MISSING = "missing"
    ORPHAN = "orphan"
    UNNAMED_VERSION = "unnamed-version"
    SKEW = "skew"
    APPLICATION = "application"
    REVISION = "revision"
    NOT_AUTOMATED = "not-automated"
    SYNC_FAILED = "sync-failed"
    OUT_OF_SYNC = "out-of-sync"
    SYNC_WINDOW = "sync-window"
    REGISTRY = "registry"
    ALIAS = "alias"


class DriftField(Struct, frozen=True):
    """A field of an object: what git says, and what is live. None where a side does not have it.

    ``hidden`` says that a live value is not shown, because it could be a secret.
    """

    path: str
    git: Json
    live: Json
    hidden: bool = False


class Drift(Struct, frozen=True, rename="camel"):
    """One drift: where it is, what differs, what it means and what to do.

    ``destination`` is the name of the Kubernetes cluster, empty for the registry; ``family``,
    ``cluster`` and ``region`` are empty for what belongs to no single one. ``object_kind``,
    ``namespace`` and ``name`` are those of the object. ``what`` says what differs and ``means``
    what that leads to, each in a sentence; ``fix`` says what to do.
    """

    drift: DriftKind
    classified: DriftClass
    environment: str
    family: str
    cluster: str
    region: str
    destination: str
    object_kind: str
    namespace: str
    name: str
    what: str
    means: str
    fix: str = ""
    fields: tuple[DriftField, ...] = ()

    @property
    def owner(self) -> str:
        """The family, as ``prod/fraud``; for other objects the environment."""
        return f"{self.environment}/{self.family}" if self.family else self.environment

    @property
    def place(self) -> str:
        """The region; the destination where there is none."""
        return self.region or self.destination


class Unread(Struct, frozen=True):
    """What could not be compared: ``what`` it is, ``why``, and how to ``fix`` that."""

    what: str
    why: str
    fix: str = ""


class Compared(Struct, frozen=True):
    """How much was compared: ``left`` names what the caller has left out."""

    clusters: int = 0
    objects: int = 0
    applications: int = 0
    versions: int = 0
    left: tuple[str, ...] = ()


class DriftReport(Struct, frozen=True):
    """What ``lockstep drift`` found, the worst first, and what it could not read.

    ``shown`` names the branch that was compared, ``commit`` is its tip.
    """

    shown: str = ""
    commit: str = ""
    compared: Compared = Compared()
    drifts: tuple[Drift, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """1 where something could not be read, else 13 where anything has drifted."""
        if self.unread:
            return ExitCode.COULD_NOT_RUN
        return ExitCode.VERIFICATION_FAILED if self.drifts else ExitCode.CLEAN

    def to_json(self) -> Json:
        """The report as plain JSON data."""
        return to_builtins(self)
