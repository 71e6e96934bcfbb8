"""The workflows of a forge as text: they check changes, move rollouts, ask for approvals."""

from collections.abc import Mapping
from functools import cache

from jinja2 import DictLoader, Environment, StrictUndefined

GITHUB = (
    "check", "comment", "reviewed", "approval", "propose", "advance", "hold", "resume", "revert",
    "audit", "site",
)  # fmt: skip
"""The workflows for GitHub Actions, each in a file of its own."""

_OF_PULL_REQUESTS = "check"
# Where check.yml installs the program: what a pull request brings must not be run.
_OUTSIDE = '"$RUNNER_TEMP"/lockstep/.venv/bin/lockstep'
_INSIDE = ".venv/bin/lockstep"


def github_path(name: str) -> str:
    """The path in a repository of one of ``GITHUB``."""
    return f".github/workflows/{name}.yml"


def github_workflows(branch: str, templates: Mapping[str, str], *, own: bool) -> dict[str, bytes]:
    """Each workflow for GitHub Actions by its path, where ``branch`` is the followed one.

    ``branch`` is already a YAML scalar. With ``own`` they are those of Lockstep's own repository,
    which installs itself; else a fleet's, which install what ``lockstep.yaml`` pins.
    """
    environment = _environment(tuple(templates.items()))
    return {
        github_path(name): environment.get_template(f"github/{name}.yml")
        .render(branch=branch, own=own, program=_program(name, own=own))
        .encode()
        for name in GITHUB
    }


def _program(name: str, *, own: bool) -> str:
    return _OUTSIDE if name == _OF_PULL_REQUESTS and not own else _INSIDE


@cache
def _environment(templates: tuple[tuple[str, str], ...]) -> Environment:
    return Environment(
        loader=DictLoader(dict(templates)), undefined=StrictUndefined,
        # Two braces are GitHub's own.
        variable_start_string="<[", variable_end_string="]>",
        keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - YAML; the one value is a scalar
    )  # fmt: skip
