"""A session with an OPA that runs elsewhere, once it has shown that it holds the expected rules."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.edges import bounded
from lockstep.edges.cache import Cache
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.address import (
    OpaOptions,
    ca_of,
    client_certificate,
    parse_address,
    read_token,
)
from lockstep.opa.base import (
    ANSWER_TIMEOUT,
    CONNECT_TIMEOUT,
    EXCHANGE_TIMEOUT,
    OpaSession,
    in_background,
    new_client,
)
from lockstep.opa.binary import require_version
from lockstep.opa.bisect import EvaluationFailed
from lockstep.opa.compiler import InputSchemas, require_compiled
from lockstep.opa.files import policies_digest, policy_files
from lockstep.opa.transport_errors import error_of
from lockstep.text.sanitise import one_line

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_PUBLISH = (
    "publish the expected rules: check out the base branch, run lockstep policy bundle -o FILE, "
    "and let the OPA load it"
)
_UPDATE = "run OPA 1.22 or newer there"


class RemoteOpa(OpaSession):
    """A session with a running OPA that holds the expected rules as a bundle.

    The bundle is one of ``lockstep policy bundle``. Before and after each evaluation the OPA must
    report the digest of exactly the expected files. Before the first one it must show that a
    builtin that fails is an error there, and must not report an old version. An OPA that hides its
    version can only have loaded the bundle if it is new enough (see bundle). OPA's compiler checks
    the rules on this machine, because a running OPA says nothing about impure builtins.
    """

    def __init__(
        self,
        policies: Mapping[str, bytes],
        opa: Path,
        options: OpaOptions,
        *,
        schemas: InputSchemas | None = None,
        cache: Cache | None = None,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT, ANSWER_TIMEOUT),
        bound: float = EXCHANGE_TIMEOUT,
    ) -> None:
        """``policies`` are the expected files by repository path, ``opa`` a program that compiles
        them, ``options`` say where the running one is. ``timeouts`` are the seconds to connect and
        to wait for a part of an answer, ``bound`` those that a whole request may take. Raises
        LockstepError for options that cannot be used.
        """
        super().__init__()
        self._address = parse_address(options.url)
        self._token = read_token(options)
        self._ca = ca_of(options) if self._address.encrypted else ""
        self._certificate = client_certificate(options) if self._address.encrypted else None
        self._timeouts, self._bound = timeouts, bound
        files = policy_files(policies)
        self._expected = policies_digest(files)
        self._lock = threading.Lock()
        self._ready = False
        self._compiled = in_background(lambda: require_compiled(files, opa, schemas, cache))

    def evaluate_all(self, batches: Sequence[Json]) -> list[Json]:
        """The answers to all batches, in their order, all by the expected rules."""
        answers = super().evaluate_all(batches)
        if batches:
            self._require_expected()  # the bundle may have been replaced in between
        return answers

    def close(self) -> None:
        """Nothing is left behind: connections end with their threads."""

    def _wait(self) -> None:
        with self._lock:
            if not self._ready:
                # The version first: what an old OPA does wrong next is harder to understand.
                self._require_recent()
                self._require_expected()
                self._require_strict()
                self._compiled.result()
                self._ready = True

    def _require_expected(self) -> None:
        """Raise LockstepError unless the OPA reports the digest of the expected rules."""
        digest = self._query({}, "lockstep.bundle", "digest")
        if digest is None:
            raise LockstepError(
                f"this OPA holds no bundle of Lockstep's; expected are rules {self._expected}",
                where=self._address.url, fix=_PUBLISH,
            )  # fmt: skip
        if digest != self._expected:
            raise LockstepError(
                f"this OPA holds rules {one_line(str(digest), 80)}; "
                f"expected are rules {self._expected}",
                where=self._address.url, fix=_PUBLISH,
            )  # fmt: skip

    def _require_strict(self) -> None:
        """Have a rule of the bundle answer, and then fail in a builtin: that must be an error.

        A proxy may drop the query of the URL that asks for it: each rule that fails would then be
        undefined, and pass.
        """
        answered = self._query({"number": "22"}, "lockstep.probe", "number")
        # A valid number first: an OPA on which every evaluation fails must not look strict.
        if answered == 22:
            try:
                answered = self._query({"number": "none"}, "lockstep.probe", "number")
            except EvaluationFailed:
                return
        raise LockstepError(
            "a builtin that fails is not an error on this OPA "
            f"(its probe gave {one_line(str(answered), 40)})",
            where=self._address.url,
            fix=f"{_UPDATE}, and configure a proxy before it to keep the query of URLs",
        )

    def _require_recent(self) -> None:
        """Check the version, where this OPA shows its configuration to the token."""
        try:
            config = self._exchange(self._client().get_config)
            version = config["result"]["labels"]["version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, OSError) and getattr(error, "response", None) is None:
                raise self._error_of(error) from error  # it was not reached at all
            return
        require_version(self._address.url, str(version), fix=_UPDATE)

    def _exchange(self, request: Callable[[], Json]) -> Json:
        late = LockstepError(
            f"OPA gave no answer within {self._bound:g} seconds", where=self._address.url,
            fix="check that it is not overloaded, and read its log; then run the command again",
        )  # fmt: skip
        return bounded.ask(self._address.url, request, self._bound, late)

    def _error_of(self, error: Exception) -> LockstepError:
        raised = error_of(error, self._address.url)
        if self._token:  # a server's message may repeat what it received
            raised.message = raised.message.replace(self._token, "[the token]")
            raised.where = raised.where.replace(self._token, "[the token]")
            # A traceback shows args, and they still hold the old message.
            raised.args = (raised.message,)
        return raised

    def _connect(self) -> "OpaClient":
        address = self._address
        client = new_client(
            address.host, address.port, self._token, timeout=self._timeouts,
            ssl=self._ca or False, cert=self._certificate,
        )  # fmt: skip
        client.root_url = f"{address.url}/{client.version}"  # with the path, and brackets of IPv6
        return client
