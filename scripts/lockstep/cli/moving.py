"""Verbs that move a family: propose, advance, hold, resume, revert, release, adopt."""

from pathlib import Path
from typing import Any

import click

from lockstep.cli import options
from lockstep.edges import clock
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.transactions.run import Steering

_FAMILY = click.argument("family")


def _steering(
    root: Path, environment: str | None, registry: str | None, now: str | None
) -> Steering:
    folder, given = options.existing(root), now is not None
    return Steering(folder, clock.now(now), environment, registry, time_given=given)


def _done(report: Report, output: str) -> ExitCode:
    options.show(report.text, report.data, output)
    return report.exit_code


@click.command()
@_FAMILY
@click.argument("version")
@click.option("--reason", default="", help="Why, in a sentence; by default that it was registered.")
@click.option("--push", is_flag=True, help="Push the branch to the remote.")
@options.steering
def propose(
    family: str, version: str, reason: str, push: bool, output: str, **steering: Any
) -> ExitCode:
    """Commit VERSION as candidate of FAMILY, with lock, manifests and record, on a branch."""
    from lockstep.commands import propose as verb

    return _done(verb.run(_steering(**steering), verb.Wish(family, version, reason, push)), output)


@click.command()
@click.argument("families", nargs=-1)
@options.steering
def advance(families: tuple[str, ...], output: str, **steering: Any) -> ExitCode:
    """Ask the gates of each of FAMILIES (by default all) and make the decision that is due.

    Exit code 12 while a family may not move, or when it was taken back.
    """
    from lockstep.commands import advance as verb

    reports = verb.run_all(_steering(**steering), families)
    options.show("\n".join(r.text for r in reports), [r.data for r in reports], output)
    return max((report.exit_code for report in reports), default=ExitCode.CLEAN, key=_rank)


_EXPECTED = (ExitCode.CLEAN, ExitCode.NOTHING_TO_CHECK, ExitCode.GATE_CLOSED)


def _rank(code: ExitCode) -> int:
    """A gate that is closed is an ordinary day, and must not hide what could not be decided."""
    return _EXPECTED.index(code) if code in _EXPECTED else len(_EXPECTED) + code


@click.command()
@_FAMILY
@options.reason
@options.steering
def hold(family: str, reason: str, output: str, **steering: Any) -> ExitCode:
    """Let the rollout of FAMILY stand still; a failing gate still takes it back."""
    from lockstep.commands.hold import run

    return _done(run(_steering(**steering), family, reason), output)


@click.command()
@_FAMILY
@options.reason
@options.steering
def resume(family: str, reason: str, output: str, **steering: Any) -> ExitCode:
    """Let the rollout of FAMILY go on; the bake of its step starts again."""
    from lockstep.commands.resume import run

    return _done(run(_steering(**steering), family, reason), output)


@click.command()
@_FAMILY
@options.reason
@options.steering
def revert(family: str, reason: str, output: str, **steering: Any) -> ExitCode:
    """Take the newest version of FAMILY back, in every cluster, and quarantine it."""
    from lockstep.commands import revert as verb

    return _done(verb.run(_steering(**steering), family, reason), output)


@click.command()
@_FAMILY
@click.argument("version")
@options.reason
@options.steering
def release(family: str, version: str, reason: str, output: str, **steering: Any) -> ExitCode:
    """End the quarantine of VERSION of FAMILY in this environment."""
    from lockstep.commands import release as verb

    return _done(verb.run(_steering(**steering), family, version, reason), output)


@click.command()
@_FAMILY
@options.reason
@options.steering
def adopt(family: str, reason: str, output: str, **steering: Any) -> ExitCode:
    """Record FAMILY as it stands as the truth, and as the state that a revert returns to."""
    from lockstep.commands import adopt as verb

    return _done(verb.run(_steering(**steering), family, reason), output)
