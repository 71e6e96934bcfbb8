"""An Application as Argo CD's API gives it: the fields that count, as frozen values.

https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/

The answer is another program's: each field that is read must have its type, fields that are not
known are left out, and every text may be hostile. Statuses stay texts, because a newer Argo CD may
have more of them; only those that are known to be good count as good.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert, field

from lockstep.model.document import Json

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone: Argo CD writes RFC 3339 in UTC."""

SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
"""The annotation of an Application that its controller leaves alone."""


class HealthState(Struct, frozen=True):
    """How something is: ``Healthy``, ``Progressing``, ``Degraded``, ``Missing`` and others."""

    status: str = ""
    message: str = ""


class ApplicationMeta(Struct, frozen=True, rename="camel"):
    """Which Application it is; ``deletion_timestamp`` is there while it is being deleted."""

    name: str
    namespace: str = ""
    deletion_timestamp: Moment | None = None
    annotations: Mapping[str, Json] = field(default_factory=dict)


class ApplicationSpec(Struct, frozen=True, rename="camel"):
    """What Argo CD was configured to sync, and to where.

    ``sources`` and ``source_hydrator`` are other ways to say what ``source`` says; Lockstep
    renders neither.
    """

    project: str = ""
    source: Mapping[str, Json] = field(default_factory=dict)
    destination: Mapping[str, Json] = field(default_factory=dict)
    ignore_differences: tuple[Mapping[str, Json], ...] = ()
    sources: tuple[Json, ...] = ()
    source_hydrator: Json = None


class ComparedTo(Struct, frozen=True):
    """The source and the destination of the comparison that gave a sync status."""

    source: Mapping[str, Json] = field(default_factory=dict)
    destination: Mapping[str, Json] = field(default_factory=dict)


class SyncState(Struct, frozen=True, rename="camel"):
    """Whether the live objects are those of ``revision``, which is what was *compared*.

    It is not what was synced: that is in the history, and in the last operation.
    """

    status: str = ""
    revision: str = ""
    compared_to: ComparedTo = ComparedTo()


class AppliedObject(Struct, frozen=True):
    """One object of the Application; ``health`` is None where Argo CD knows none for its kind."""

    kind: str = ""
    name: str = ""
    group: str = ""
    namespace: str = ""
    status: str = ""
    health: HealthState | None = None


class SyncedRevision(Struct, frozen=True, rename="camel"):
    """An entry of the history: a full sync that succeeded. The highest ``id`` is the newest."""

    id: int
    deployed_at: Moment
    revision: str = ""
    source: Mapping[str, Json] = field(default_factory=dict)


class ObjectResult(Struct, frozen=True):
    """What a sync did with one object."""

    kind: str = ""
    name: str = ""
    status: str = ""
    message: str = ""


class SyncResult(Struct, frozen=True):
    """What a sync has done so far; ``revision`` is the commit that it synced."""

    revision: str = ""
    source: Mapping[str, Json] = field(default_factory=dict)
    resources: tuple[ObjectResult, ...] = ()


class SyncRequest(Struct, frozen=True, rename="camel"):
    """What a sync was asked for: only some ``resources`` where it is partial."""

    dry_run: bool = False
    resources: tuple[Json, ...] = ()


class SyncOperation(Struct, frozen=True):
    """An operation; ``sync`` is None where it is none of a sync."""

    sync: SyncRequest | None = None


class OperationState(Struct, frozen=True, rename="camel"):
    """The last operation, or the one that runs; ``phase`` is ``Succeeded`` where it did all."""

    phase: str = ""
    message: str = ""
    operation: SyncOperation = SyncOperation()
    sync_result: SyncResult | None = None
    finished_at: Moment | None = None
    retry_count: int = 0


class ApplicationCondition(Struct, frozen=True):
    """Something that Argo CD warns of, such as a ``ComparisonError``."""

    type: str = ""
    message: str = ""


class ApplicationStatus(Struct, frozen=True, rename="camel"):
    """What Argo CD last saw; ``reconciled_at`` is when it last compared with git."""

    sync: SyncState = SyncState()
    health: HealthState = HealthState()
    history: tuple[SyncedRevision, ...] = ()
    resources: tuple[AppliedObject, ...] = ()
    conditions: tuple[ApplicationCondition, ...] = ()
    operation_state: OperationState | None = None
    reconciled_at: Moment | None = None


class Application(Struct, frozen=True):
    """One Application. ``operation`` is what is asked of Argo CD and has not begun; else None."""

    metadata: ApplicationMeta
    spec: ApplicationSpec
    status: ApplicationStatus = ApplicationStatus()
    operation: Json = None


def is_skipped(annotation: Json) -> bool:
    """Whether a value of ``SKIP_RECONCILE`` has Argo CD neither compare nor sync: true as in Go."""
    return annotation in ("1", "t", "T", "true", "True", "TRUE")


def read_application(answer: Json) -> Application:
    """The Application in an answer. Raises ValueError, which says what is wrong with it."""
    try:
        application = convert(answer, Application)
    except ValidationError as error:
        # Its text names types and the path of a field, and quotes nothing of the answer but keys.
        raise ValueError(str(error)) from None
    try:
        for moment in _moments(application):
            moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time in it is outside of the years 1 to 9999") from None
    return application


def _moments(application: Application) -> Iterator[datetime]:
    """All times of an answer, which have zones of their own."""
    status = application.status
    last = status.operation_state
    yield from (each.deployed_at for each in status.history)
    single = (
        application.metadata.deletion_timestamp, status.reconciled_at,
        last.finished_at if last else None,
    )  # fmt: skip
    yield from (each for each in single if each is not None)
