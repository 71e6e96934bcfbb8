"""Finds the version of a family's model that a proposal means by ``--newest``."""

from collections.abc import Mapping
from typing import NamedTuple

from lockstep.model.errors import Denied
from lockstep.registry.base import NotInRegistry
from lockstep.registry.factory import open_registry
from lockstep.registry.newest import Newest, describe_tags
from lockstep.spec.variants import serving_versions
from lockstep.text.sanitise import plain_line
from lockstep.transactions.run import RunOptions
from lockstep.transactions.state import FamilyState


class Chosen(NamedTuple):
    """A version, and why it is that one, as a sentence."""

    version: str
    why: str


def newest_version(options: RunOptions, state: FamilyState, tags: Mapping[str, str]) -> Chosen:
    """The newest registered version of the family's model that may serve and has all tags.

    Raises NotInRegistry where there is none; it names the newest, and what each lacks. Raises
    Denied where it is older than what serves: nobody goes back without naming the version.
    """
    registry = open_registry(options.registry)
    model = state.family.document.value["spec"]["model"]["name"]
    found = registry.newest(model, tags)
    version = found.version
    if version is None:
        raise _none(state, model, tags, found, registry.server)
    having = f" with {described}" if (described := describe_tags(tags)) else ""
    why = f"version {version} is the newest of {plain_line(model, 60)}{having}"
    if older_than := _newer_in_use(state, version):
        raise Denied(
            f"{why}, and older than version {older_than}, which serves",
            where=state.title,
            fix=f"to propose it all the same, name it: lockstep propose {state.title} {version}",
        )
    skipped = f" ({'; '.join(found.passed_over)})" if found.passed_over else ""
    return Chosen(version, why + skipped)


def _none(
    state: FamilyState, model: str, tags: Mapping[str, str], found: Newest, server: str
) -> NotInRegistry:
    having = f" and has {described}" if (described := describe_tags(tags)) else ""
    among = "" if found.whole else f" among the newest {found.looked_at:,}"
    listed = "".join(f"\n  {each}" for each in found.passed_over)
    return NotInRegistry(
        f"no version of {plain_line(model, 60)} can serve{having}{among}{listed}",
        where=server,
        fix="register a version, or set the tags of one in the registry; or name a version: "
        f"lockstep propose {state.title} VERSION",
    )


def _newer_in_use(state: FamilyState, version: str) -> str:
    """The highest version that serves, if it is higher than this one; else empty."""
    serving = {v for c in state.family.clusters for v in serving_versions(c.variants)}
    higher = [int(v) for v in serving if v.isdecimal() and int(v) > int(version)]
    return str(max(higher)) if higher else ""
