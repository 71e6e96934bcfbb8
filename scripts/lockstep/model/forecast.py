"""What a family does next once a change is merged: which step, which wave, when at the earliest."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(max_length=300)]
"""A name, or a time, or a version: short."""

Text = Annotated[str, Meta(max_length=8_000)]
"""A message or a reason."""

LONGEST_NAME, LONGEST_TEXT = 200, 4_000
"""To how many characters the texts of others are cut; what says that they are needs some more."""

Whole = Annotated[int, Meta(ge=0, le=1_000_000)]
"""How many of something, or which one."""

Percent = Annotated[int, Meta(ge=0, le=100)]
"""A share of the traffic."""


class Follow(StrEnum):
    """What has to come next for a family."""

    NOTHING = "nothing"  # no rollout is running
    STEPS = "steps"  # advance makes the next one
    RESUME = "resume"  # it is held
    RESTORE = "restore"  # the second half of a rollback
    ADOPT = "adopt"  # it has no record yet
    SETTLE = "settle"  # it has diverged


class ForecastStep(Struct, frozen=True, rename="camel"):
    """One step: wave and step count from 1, ``at`` is the earliest time (RFC 3339 UTC)."""

    wave: Whole
    step: Whole
    regions: Annotated[tuple[Name, ...], Meta(max_length=200)]
    weight: Percent
    at: Name


class Forecast(Struct, frozen=True, rename="camel"):
    """What follows for a family if a change is merged at ``merged`` (RFC 3339 UTC).

    ``steps`` are those that are left, ``waves`` and ``steps_of_wave`` how many a whole rollout has.
    ``verified_at`` is when the version is verified at the earliest, empty outside of a rollout.
    ``gates`` are the names of the gates that are asked on the way. ``freezes`` are those that delay
    it. ``reason`` says why nothing moves, where that is so.
    """

    kind: Follow
    merged: Name
    version: Name = ""
    waves: Whole = 0
    steps_of_wave: Whole = 0
    steps: Annotated[tuple[ForecastStep, ...], Meta(max_length=2_000)] = ()
    verified_at: Name = ""
    gates: Annotated[tuple[Name, ...], Meta(max_length=500)] = ()
    freezes: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    reason: Text = ""
