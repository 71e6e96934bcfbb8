"""The difference between the manifests of two trees: by object and field, with what is dangerous.

The bounds (``Meta``) hold for what is read back: a report may come from the run of a pull request.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, MsgspecError, Struct, convert, to_builtins

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding
from lockstep.model.outcome import exit_code_of

LONGEST_VALUE = 1_000
"""Characters of a value as JSON; a longer one is replaced by a text that says how much is cut."""

LONGEST_NAME = 1_000
"""Characters of a name."""

LONGEST_PATH = 5_000
"""Characters of the path of a file or of a field."""

LONGEST_TEXT = 2_000
"""Characters of a sentence about a danger."""

_MOST_OBJECTS = 1_000_000
_MOST_FIELDS = 100_000

_Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
_Path = Annotated[str, Meta(max_length=LONGEST_PATH)]
_Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
_Weight = Annotated[int, Meta(ge=0, le=1_000_000)]


class ChangeType(StrEnum):
    """What happens to an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class FieldChange(Struct, frozen=True):
    """A field of an object, such as ``spec.template.spec.containers[model].image``, from and to.

    A side that does not have the field is None: no manifest holds an empty value. Items of lists
    are named by what identifies them, not by their index.
    """

    path: _Path
    before: Json
    after: Json


class Danger(Struct, frozen=True):
    """Why a change is dangerous: ``id`` names the kind, ``text`` is a sentence for people.

    ``rank`` orders the kinds: 0 is the worst.
    """

    id: _Name
    text: _Text
    rank: Annotated[int, Meta(ge=0, le=1_000)] = 0


class WeightChange(Struct, frozen=True):
    """The share of a route's requests that a version gets, in percent, from and to."""

    route: _Name
    version: _Name
    before: _Weight
    after: _Weight


class ObjectChange(Struct, frozen=True):
    """One object that differs: where it belongs, what it is, and what changes.

    ``family``, ``cluster`` and ``region`` are empty for what belongs to a tenant or an environment,
    and ``environment`` too for policies, templates and settings. ``role`` is the name without the
    cluster's, which objects of the same purpose share in all clusters: ``v41``. ``fields`` are
    those of a changed object in the order of their paths; the weights of routes are in ``weights``
    and not among them. ``dangers`` are the worst first.
    """

    environment: _Name
    family: _Name
    cluster: _Name
    region: _Name
    kind: _Name
    name: _Name
    role: _Name
    namespace: _Name
    file: _Path
    change: ChangeType
    fields: Annotated[tuple[FieldChange, ...], Meta(max_length=_MOST_FIELDS)] = ()
    weights: Annotated[tuple[WeightChange, ...], Meta(max_length=_MOST_FIELDS)] = ()
    dangers: Annotated[tuple[Danger, ...], Meta(max_length=1_000)] = ()

    @property
    def owner(self) -> str:
        """The family, as ``prod/fraud``; for other objects the environment, or ``the fleet``."""
        if self.family:
            return f"{self.environment}/{self.family}"
        return self.environment or "the fleet"

    @property
    def place(self) -> str:
        """Where in its family it is: the region, or the cluster where that is not known."""
        return self.region or self.cluster


class FleetDiff(Struct, frozen=True):
    """All objects that differ between a base and a change, dangerous ones first.

    ``base`` is what reports call it, empty where nothing was committed before. ``commit`` is its
    id. ``clusters`` counts the clusters of which a manifest differs, ``of`` those of the fleet.
    """

    base: _Name
    commit: _Name = ""
    clusters: Annotated[int, Meta(ge=0)] = 0
    of: Annotated[int, Meta(ge=0)] = 0
    objects: Annotated[tuple[ObjectChange, ...], Meta(max_length=_MOST_OBJECTS)] = ()

    @property
    def dangerous(self) -> tuple[ObjectChange, ...]:
        """The objects with a danger."""
        return tuple(each for each in self.objects if each.dangers)

    def to_json(self) -> Json:
        """The difference as plain JSON data, which from_json reads back."""
        return to_builtins(self)

    @classmethod
    def from_json(cls, data: Json) -> "FleetDiff":
        """The inverse of to_json. Raises ValueError for another shape, or beyond the bounds.

        Fields that this program does not know are ignored.
        """
        try:
            return convert(data, cls)
        except (MsgspecError, RecursionError) as error:
            raise ValueError(str(error) or "its values are nested too deep") from error


class Differences(Struct, frozen=True):
    """What ``lockstep diff`` found: the difference, and what could not be read."""

    diff: FleetDiff
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """0 whatever differs; 10 where a file cannot be read; see exit_code_of."""
        return exit_code_of(self.findings)
