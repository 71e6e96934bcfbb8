"""What people write for the verbs that make the first files: asked for, and read as values."""

import math
from typing import TYPE_CHECKING, Any

import click

from lockstep.model.errors import UsageError
from lockstep.text.sanitise import quoted

if TYPE_CHECKING:
    from lockstep.scaffold.requests import RegionRequest

TIERS = ("development", "staging", "production")
REGION = "eu-west-1:EU"
"""An example of a region, and the default."""


def ask(given: dict[str, Any]) -> None:
    """Ask for what was not given and matters most. Raises UsageError where there is no answer."""
    try:
        if given["tier"] is None:
            text = "How much do the rules ask: tier"
            given["tier"] = click.prompt(text, "development", type=click.Choice(TIERS))
        if not given["regions"]:
            given["regions"] = (click.prompt("Region, and its jurisdiction", REGION),)
        if given["model"] is None:
            given["model"] = click.prompt("Registered model", given["family"] or "scoring")
        if given["owner"] is None:
            given["owner"] = click.prompt("Mail address of its owner", "ml-team@example.com")
        if given["image"] is None:
            text = "Image that serves it, by digest (empty: an example to replace)"
            given["image"] = click.prompt(text, "", show_default=False) or None
    except click.Abort as error:
        raise UsageError(
            "the questions were not answered", fix="give the options, and --yes to ask nothing"
        ) from error


def regions_of(given: tuple[str, ...], environment: str) -> "tuple[RegionRequest, ...]":
    """The regions of ``--region NAME:JURISDICTION[:DESTINATION]``. Raises UsageError."""
    from lockstep.scaffold.requests import RegionRequest

    found = []
    for text in given:
        name, colon, rest = text.partition(":")
        jurisdiction, _, destination = rest.partition(":")
        if not colon:
            raise UsageError(
                f"--region: {quoted(text, 80)} names no jurisdiction",
                fix=f"write it like {REGION}",
            )
        found.append(RegionRequest(name, jurisdiction, destination or f"{environment}-{name}"))
    return tuple(found)


def labels_of(given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The labels of ``--operator-label KEY=VALUE``. Raises UsageError."""
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"--operator-label: {quoted(text, 80)} has no value",
                fix="write it like release=monitoring",
            )
        if key in found:
            raise UsageError(
                f"--operator-label: {quoted(key, 80)} is given twice", fix="give each label once"
            )
        found[key] = value
    return tuple(found.items())


def gate_of(given: dict[str, Any]) -> dict[str, Any]:
    """What a family's first gate is made from. Raises UsageError for a bound that is no number."""
    if not math.isfinite(given["minimum"]):
        raise UsageError("--min is not a number", fix="give a number, such as 0.8")
    return {key: given[key] for key in ("metric", "dataset", "minimum")}


def label_of(model: str) -> str:
    """A family's name for a model: what a DNS label cannot have becomes a hyphen."""
    text = "".join(c if c.isascii() and c.isalnum() else "-" for c in model.lower())
    return text.strip("-")[:40].rstrip("-") or "model"
