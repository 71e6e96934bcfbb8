"""The options that say which OPA evaluates policy, for every verb that needs one."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from lockstep.opa.address import OpaOptions

_FILE = click.Path(dir_okay=False, path_type=Path)

_URL = click.option(
    "--opa-url", envvar="LOCKSTEP_OPA_URL", default="",
    help="Use this running OPA, which has loaded a bundle of lockstep policy bundle; by default "
    "one is started. Also LOCKSTEP_OPA_URL.",
)  # fmt: skip
# No option takes the token itself: other users of the machine can read command lines.
_TOKEN = click.option(
    "--opa-token-file",
    envvar="LOCKSTEP_OPA_TOKEN_FILE",
    type=_FILE,
    help="The file with the bearer token for it; by default LOCKSTEP_OPA_TOKEN is the token.",
)
_CA = click.option(
    "--opa-ca",
    envvar="LOCKSTEP_OPA_CA",
    type=_FILE,
    help="The CA in PEM that signed its certificate; by default the system's CAs are trusted.",
)
_CERT = click.option(
    "--opa-cert",
    envvar="LOCKSTEP_OPA_CERT",
    type=_FILE,
    help="Certificate and key in one PEM, for an OPA that requires client certificates.",
)


def opa_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it gets them as one argument ``opa``, an OpaOptions."""

    @_URL
    @_TOKEN
    @_CA
    @_CERT
    @wraps(function)
    def command(
        *args: Any,
        opa_url: str,
        opa_token_file: Path | None,
        opa_ca: Path | None,
        opa_cert: Path | None,
        **others: Any,
    ) -> Any:
        chosen = OpaOptions(opa_url, opa_token_file, opa_ca, opa_cert)
        return function(*args, opa=chosen, **others)

    return command
