"""How Kubernetes' APIs are reached: by a kubeconfig, a token file, or the account of a pod.

The official client reads kubeconfigs and their credentials: tokens, client certificates, exec
plug-ins. Nothing that it is given here is written back.
"""

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockstep.edges.http_address import certificate_file, is_loopback, parse_address, valid_token
from lockstep.edges.os_errors import reason
from lockstep.model.errors import LockstepError, UsageError
from lockstep.text.sanitise import bare_address, one_line, quoted

_VARIABLE = "KUBECONFIG"
_DEFAULT = "~/.kube/config"
_IN_POD = "KUBERNETES_SERVICE_HOST"
_LARGEST = 16 * 1024 * 1024
"""Bytes of a kubeconfig: one with a thousand contexts has a few million."""
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class KubernetesAccess:
    """What the caller gives: a kubeconfig with contexts, or one server with a token file.

    ``contexts`` has the context of each destination whose context has another name. Without a
    kubeconfig and a server, the kubeconfig is that of the environment variable KUBECONFIG or
    ~/.kube/config; where there is none, in a pod, its service account.
    """

    kubeconfig: str = ""
    contexts: Mapping[str, str] = field(default_factory=dict)
    server: str = ""
    token_file: str = ""
    ca: str = ""

    def check(self) -> None:
        """Raise UsageError where what is given does not fit together, or a file is not there."""
        if self.server and (self.kubeconfig or self.contexts):
            raise UsageError(
                "--server asks one API, and --kubeconfig and --context are for several",
                fix="give either",
            )
        if bool(self.server) != bool(self.token_file) or (self.ca and not self.server):
            raise UsageError(
                "--server, --token-file and --certificate-authority belong together",
                fix="give --server https://HOST:6443 --token-file FILE, and the CA's file if the "
                "system does not know it",
            )
        for option, path in (("--kubeconfig", self.kubeconfig), ("--token-file", self.token_file)):
            if path and not Path(path).is_file():
                raise UsageError("this file does not exist", where=path, fix=f"correct {option}")

    def connect(self, destination: str) -> "KubernetesConnection":
        """The connection to the API of a destination.

        It may start an exec plug-in of the kubeconfig, so it takes time. Raises LockstepError where
        there is no way to it.
        """
        if self.server:
            return _by_token(self)
        path = self.kubeconfig or os.environ.get(_VARIABLE, "") or os.path.expanduser(_DEFAULT)
        if not any(Path(each).expanduser().is_file() for each in path.split(os.pathsep) if each):
            if not self.kubeconfig and os.environ.get(_IN_POD):
                return _in_pod()
            raise LockstepError(
                "there is no kubeconfig", where=path,
                fix=f"give --kubeconfig FILE or set {_VARIABLE}, or give --server and --token-file",
            )  # fmt: skip
        return _by_context(path, self.contexts.get(destination, destination))


@dataclass(frozen=True, slots=True)
class KubernetesConnection:
    """An ``ApiClient`` of the official client, the server's address, and what messages call it."""

    client: Any = field(repr=False)
    server: str
    name: str

    def secrets(self) -> Iterator[str]:
        """What no message may show: a server may repeat it in an error."""
        header = str(self.client.configuration.api_key.get("authorization") or "")
        yield from filter(None, (header, header.partition(" ")[2]))


def _by_token(access: KubernetesAccess) -> KubernetesConnection:
    address = parse_address(access.server, "Kubernetes", "--server", "give it with --token-file")
    try:
        text = Path(access.token_file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is not text"
        raise LockstepError(
            f"the token cannot be read: {why}", where=access.token_file, fix="correct --token-file"
        ) from None
    token = valid_token(text, access.token_file)
    if not token:
        raise LockstepError(
            "this file has no token", where=access.token_file, fix="write a new one"
        )
    configuration = _configuration()
    configuration.host = address.url
    configuration.api_key["authorization"] = f"Bearer {token}"
    if access.ca:
        configuration.ssl_ca_cert = certificate_file(Path(access.ca), "CA")
    return _connected(configuration, "")


def _in_pod() -> KubernetesConnection:
    from kubernetes.config import ConfigException, load_incluster_config

    configuration = _configuration()
    try:
        load_incluster_config(client_configuration=configuration)
    except (ConfigException, OSError) as error:
        raise LockstepError(
            f"the pod's service account cannot be used: {one_line(str(error), 200)}",
            fix="mount its token (automountServiceAccountToken), or give --kubeconfig",
        ) from None
    return _connected(configuration, "")


def _by_context(path: str, context: str) -> KubernetesConnection:
    import yaml
    from kubernetes.config import ConfigException, kube_config

    _refuse_large(path)
    configuration = _configuration()
    try:
        with _collected_errors() as said:
            known = kube_config.KubeConfigMerger(path).config
            _require_context(known, context, path)
            loader = kube_config.KubeConfigLoader(known, context)
            loader.load_and_set(configuration)
    except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError,
            yaml.YAMLError) as error:  # fmt: skip
        # Of YAML only the place: its text may be that of a key.
        mark = getattr(error, "problem_mark", None)
        why = f"line {mark.line + 1} is not YAML" if mark else one_line(str(error), 200)
        raise LockstepError(
            f"the kubeconfig cannot be used: {why}", where=path,
            fix=f"try kubectl --context {quoted(context)} auth whoami",
        ) from None  # fmt: skip
    # The client only logs that a plug-in has failed, and would go on without credentials.
    if said:
        raise LockstepError(
            f"the kubeconfig has no credentials for the context {quoted(context)}: "
            f"{one_line(said[0], 300)}",
            where=path, fix=f"try kubectl --context {quoted(context)} auth whoami",
        )  # fmt: skip
    return _connected(configuration, context)


def _require_context(known: Any, context: str, path: str) -> None:
    named = [str(each.value["name"]) for each in known["contexts"]] if known else []
    if context in named:
        return
    more = f" and {len(named) - _SHOWN} more" if named[_SHOWN:] else ""
    raise LockstepError(
        f"the kubeconfig has no context {quoted(context)}",
        where=path,
        fix=f"map it with --context {context}=CONTEXT"
        + (f"; there are {', '.join(sorted(named)[:_SHOWN])}{more}" if named else ""),
    )


def _connected(configuration: Any, context: str) -> KubernetesConnection:
    from kubernetes.client import ApiClient

    address = parse_address(
        str(configuration.host), "Kubernetes", "the kubeconfig", "give a token or a certificate"
    )
    if configuration.api_key and not (address.encrypted or is_loopback(address.host)):
        raise LockstepError(
            "a token is sent over https only, or to this machine",
            where=address.url, fix="give the server's https address",
        )  # fmt: skip
    server = bare_address(address.url)
    try:
        client = ApiClient(configuration)
    except (OSError, ValueError) as error:
        raise LockstepError(
            f"the certificates for this server cannot be used: {type(error).__name__}",
            where=server, fix="check the CA, and the client's certificate with its key",
        ) from None  # fmt: skip
    return KubernetesConnection(
        client, server, f"context {context} ({server})" if context else server
    )


def _configuration() -> Any:
    """A new configuration: the client's default one may have been changed by others."""
    from kubernetes.client import Configuration

    made = Configuration()
    made.retries = False
    return made


def _refuse_large(path: str) -> None:
    for each in filter(None, path.split(os.pathsep)):
        file = Path(each).expanduser()
        if file.is_file() and file.stat().st_size > _LARGEST:
            raise LockstepError(
                f"the kubeconfig has more than {_LARGEST} bytes", where=each, fix="name another"
            )


class _Collector(logging.Handler):
    """Keeps what the thread that made it logs: others read other kubeconfigs meanwhile."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said.append(record.getMessage())


@contextmanager
def _collected_errors() -> Iterator[list[str]]:
    """What the client logs in the block, which would otherwise go to standard error."""
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield collector.said
    finally:
        root.removeHandler(collector)
