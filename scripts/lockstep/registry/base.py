"""What Lockstep asks of a model registry: the interface, and the errors that callers tell apart."""

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from lockstep.model.document import Json
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.evidence import Measurement
from lockstep.registry.newest import Newest


class NotInRegistry(Invalid):
    """The registry answered, and has no such model, version or logged model.

    Callers tell it from all other errors: it is an answer, and it forbids a rollback to the
    version. A registry that gave no answer forbids nothing.
    """


class Unreachable(LockstepError):
    """The server gave no answer in time. It is not asked again in the same run."""


class LoggedValue(NamedTuple):
    """One value of a metric as it was logged: NaN is NaN. ``time`` in milliseconds since 1970.

    Values of one version with the same ``call`` and time were logged together.
    """

    metric: str
    value: float
    time: int
    call: tuple[str, int, str]


class RegisteredCopy(NamedTuple):
    """A version that may have the content of another one, by its number, and what says so."""

    version: str
    hint: str


class Registry(Protocol):
    """A reader of one model registry; it writes nothing there."""

    @property
    def server(self) -> str:
        """The registry's address without credentials, for messages."""
        ...

    def serving(self, model: str) -> str:
        """The number of the version that serves: of an alias that says so, else the highest.

        Raises NotInRegistry where the model has no version that could serve; LockstepError where
        the registry cannot be asked or its answer cannot be used.
        """
        ...

    def serving_aliases(self, model: str) -> Mapping[str, str]:
        """The aliases that say which version serves, each with the number that it names.

        Those that ``serving`` looks at; empty where the model has none. Raises as ``serving`` does.
        """
        ...

    def newest(self, model: str, tags: Mapping[str, str]) -> Newest:
        """The newest version, by number, that may serve and has all tags, compared exactly.

        One that is archived or not ready may not. A bounded number of versions is looked at. Raises
        LockstepError where the registry cannot be asked, or does not list the newest first.
        """
        ...

    def facts(self, model: str, version: str, read_at: str, known: Json = None) -> Json:
        """The ``spec`` of a lock, ``{identity, facts}``, for one version of a registered model.

        ``read_at`` (RFC 3339 UTC) is when the caller asks. ``known`` is the ``spec`` of the lock
        that there is, of which facts stay where the registry has removed what they came from, such
        as a run; ``facts.lineage.removed`` then names that. Raises Invalid for a version that is
        not a number, such as an alias; NotInRegistry where the registry has no such version;
        Unlockable where a fact is beyond its bound, or was removed and is not in ``known``;
        LockstepError where the registry cannot be asked or its answer cannot be used.
        """
        ...

    def copies_of(self, model: str, identity: Json) -> tuple[RegisteredCopy, ...]:
        """The versions of ``model`` that say that they have the content of a lock's ``identity``.

        They come from the same version or logged model, or have the tag ``lockstep.digest`` with
        its digest. The newest comes first; none of them is compared here. Raises NotInRegistry or
        gives none where there is no such model; Invalid where it has too many versions to look at
        them all; LockstepError where the registry cannot be asked.
        """
        ...

    def measure(
        self, lock: Json, metric: str, dataset: str | None, now: str, needed: float = 0
    ) -> Measurement:
        """The newest value of a metric of the version that a lock's ``spec`` describes.

        ``dataset`` None means values that were logged without one. Values dated after ``now``
        (RFC 3339 UTC) do not count. Where the newest is not a number of at least ``needed``
        samples, its ``earlier`` is the newest that is. What the registry does not have is a
        measurement with a problem. Raises LockstepError where it cannot be asked.
        """
        ...

    def values(
        self, lock: Json, metrics: Collection[str], dataset: str | None, after: datetime,
        until: datetime,
    ) -> list[LoggedValue]:  # fmt: skip
        """All values of some metrics of the version that a lock's ``spec`` describes.

        Those that are dated ``until`` are among them, and those dated ``after`` are not.
        ``dataset`` as for ``measure``. Raises NotInRegistry where the version has no metrics by
        dataset or is no longer there; LockstepError where the registry cannot be asked, or cannot
        tell a NaN from a zero.
        """
        ...

    def download(self, source: str, into: Path, most: int) -> None:
        """Write the files of the model at ``source``, as a lock names it, into an empty folder.

        Nothing is written outside of the folder. The content is not verified: see
        ``content.digest_folder``. Raises UsageError for a source that can move to another model;
        NotInRegistry where the registry has none there; LockstepError where it cannot be asked,
        where a file cannot be used or written, or where all have more than ``most`` bytes.
        """
        ...
