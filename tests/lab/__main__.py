"""A lab that stays until it is stopped: ``python -m tests.lab up|demo|down|status``."""

import sys
import time
from pathlib import Path

import click

from lockstep.cli.entry import run
from lockstep.model.exit_codes import ExitCode
from tests.lab import AlreadyRunning, Lab, running, start, stop
from tests.lab.layout import DEFAULT_FOLDER

_folder = click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=DEFAULT_FOLDER,
    show_default=True, help="The folder of the lab: a new or empty one, or that of an earlier lab.",
)  # fmt: skip


@click.group()
def lab() -> None:
    """Kubernetes, Argo CD and a git server on loopback, to try a fleet on."""


@lab.command()
@_folder
def up(folder: Path) -> ExitCode:
    """Start the lab and leave it running; say so where it runs already."""
    _introduce(_running_or_new(folder))
    return ExitCode.CLEAN


@lab.command()
@_folder
def demo(folder: Path) -> ExitCode:
    """Put the demo's fleet into the lab, which is started where it does not run."""
    # Imported late: it brings MLflow and scikit-learn.
    from tests.lab.demo import has_demo, introduction, put_demo

    found = _running_or_new(folder)
    if not has_demo(found):
        put_demo(found, click.echo)
    click.echo(introduction(found))
    return ExitCode.CLEAN


@lab.command()
@_folder
def down(folder: Path) -> ExitCode:
    """Stop the lab, and wait until all its processes have ended."""
    found = running(folder)
    if found:
        stop(found)
    click.echo("The lab is stopped." if found else "No lab runs here.")
    return ExitCode.CLEAN


@lab.command()
@_folder
def status(folder: Path) -> ExitCode:
    """Say what each part of the lab does."""
    found = running(folder)
    if not found:
        click.echo("No lab runs here.")
        return ExitCode.NOTHING_TO_CHECK
    for name, state in found.status().items():
        click.echo(f"{name:20} {state}")
    return ExitCode.CLEAN


def _running_or_new(folder: Path) -> Lab:
    began = time.monotonic()
    try:
        found = start(folder, attached=False)
    except AlreadyRunning:
        if not (found_before := running(folder)):
            raise
        click.echo("The lab runs already.")
        return found_before
    click.echo(f"The lab is up, after {time.monotonic() - began:.0f} seconds.")
    return found


def _introduce(found: Lab) -> None:
    click.echo(
        f"\n  export KUBECONFIG={found.kubeconfig}\n"
        f"  Argo CD's API: {found.argocd_server}, user admin, password in "
        f"{found.folder}/secrets/argocd-admin.password\n"
        f"  git: {found.git_url}/NAME.git, trusted with GIT_SSL_CAINFO={found.authority}\n"
        f"  logs: {found.folder}/logs\n"
        "  to stop it: make lab-stop"
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], lab))
