"""Asks an OPA that runs elsewhere, once it has shown that it judges by the expected rules."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.edges.cache import Cache
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.opa.address import (
    OpaOptions,
    address_of,
    client_certificate,
    token_of,
    trusted,
)
from lockstep.opa.asking import ANSWER_PATIENCE, CONNECT_PATIENCE, OpaSession, new_client
from lockstep.opa.binary import judge_version
from lockstep.opa.bisect import EvaluationFault
from lockstep.opa.check import require_sound
from lockstep.opa.files import policies_digest, policy_files
from lockstep.opa.schemas import Schemas
from lockstep.opa.server import in_background
from lockstep.opa.transport_errors import failure_of

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_PUBLISH = (
    "publish the expected rules: check out the base branch, run lockstep policy bundle -o FILE, "
    "and let the OPA load it"
)
_UPDATE = "run OPA 1.22 or newer there"


class RemoteOpa(OpaSession):
    """A running OPA that holds a bundle of ``lockstep policy bundle`` with the expected rules.

    Before and after each question the OPA must tell the digest of exactly the files that are
    expected, and before the first one it must show that a builtin that fails is an error there. It
    must not say that it is too old; one that says nothing of its version cannot have loaded the
    bundle unless it is new enough (see opa_bundle). OPA's compiler judges the rules here.
    """

    def __init__(
        self,
        policies: Mapping[str, bytes],
        opa: Path,
        options: OpaOptions,
        *,
        schemas: Schemas | None = None,
        cache: Cache | None = None,
        patience: tuple[float, float] = (CONNECT_PATIENCE, ANSWER_PATIENCE),
    ) -> None:
        """``policies`` are the expected files by repository path, ``opa`` a program that compiles
        them, ``options`` say where the running one is. ``patience`` are the seconds to connect and
        to wait for an answer. Raises LockstepError for options that cannot be used.
        """
        super().__init__()
        self._address = address_of(options.url)
        self._token = token_of(options)
        self._ca = trusted(options) if self._address.encrypted else ""
        self._certificate = client_certificate(options) if self._address.encrypted else None
        self._patience = patience
        files = policy_files(policies)
        self._expected = policies_digest(files)
        self._gate = threading.Lock()
        self._ready = False
        self._sound = in_background(lambda: require_sound(files, opa, schemas, cache))

    def evaluate_all(self, batches: Sequence[Json]) -> list[Json]:
        """The answers to all batches, in their order, all by the expected rules."""
        answers = super().evaluate_all(batches)
        if batches:
            self._require_expected()  # the bundle may have been replaced in between
        return answers

    def close(self) -> None:
        """Nothing is left behind: connections end with their threads."""

    def _wait(self) -> None:
        with self._gate:
            if not self._ready:
                self._require_recent()
                self._require_expected()
                self._require_strict()
                self._sound.result()
                self._ready = True

    def _require_expected(self) -> None:
        told = self._query({}, "lockstep.bundle", "digest")
        if told is None:
            raise LockstepError(
                f"this OPA holds no bundle of Lockstep's; expected are rules {self._expected}",
                where=self._address.url, fix=_PUBLISH,
            )  # fmt: skip
        if told != self._expected:
            raise LockstepError(
                f"this OPA holds rules {str(told)[:80]}; expected are rules {self._expected}",
                where=self._address.url, fix=_PUBLISH,
            )  # fmt: skip

    def _require_strict(self) -> None:
        """Have a rule of the bundle answer, and then fail in a builtin: that must be an error."""
        answered = self._query({"number": "22"}, "lockstep.probe", "number")
        if answered == 22:
            try:
                answered = self._query({"number": "none"}, "lockstep.probe", "number")
            except EvaluationFault:
                return
        raise LockstepError(
            f"a builtin that fails is no error on this OPA (its probe gave {str(answered)[:40]})",
            where=self._address.url,
            fix=f"{_UPDATE}, and let what stands before it pass the query of a URL on",
        )

    def _require_recent(self) -> None:
        """Judge the version, where this OPA lets the token see its configuration."""
        try:
            told = self._client().get_config()
            version = told["result"]["labels"]["version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, OSError) and getattr(error, "response", None) is None:
                raise self._failure(error) from error
            return
        judge_version(self._address.url, str(version), fix=_UPDATE)

    def _failure(self, error: Exception) -> LockstepError:
        failure = failure_of(error, self._address.url)
        if self._token:  # a server may send back what it was sent
            failure.message = failure.message.replace(self._token, "[the token]")
            failure.where = failure.where.replace(self._token, "[the token]")
            failure.args = (failure.message,)
        return failure

    def _connect(self) -> "OpaClient":
        address = self._address
        client = new_client(
            address.host, address.port, self._token, timeout=self._patience,
            ssl=self._ca or False, cert=self._certificate,
        )  # fmt: skip
        client.root_url = f"{address.url}/{client.version}"  # with the path, and brackets of IPv6
        return client
