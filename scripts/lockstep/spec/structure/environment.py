"""Environments: their names, regions and freezes, and what their predecessors lead to."""

from collections.abc import Collection, Iterator

from lockstep.model.document import value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment, Fleet
from lockstep.spec.freezes import check_freezes
from lockstep.spec.place import Place
from lockstep.spec.structure.names import check_name, check_repeated
from lockstep.text.phrases import brief, known_names


def check_environment(
    environment: Environment, fleet: Fleet, families: Collection[str]
) -> Iterator[Finding]:
    """What is wrong with an environment's own file.

    ``families`` are the names of all its families, whether or not ``fleet`` holds them.
    """
    yield from _alone(environment, fleet)
    yield from check_freezes(environment, families)
    yield from _promotion(environment, families)


def _alone(environment: Environment, fleet: Fleet) -> Iterator[Finding]:
    document = environment.document
    yield from check_name(document, environment.name, f"the folder is clusters/{environment.name}/")
    yield from check_repeated(document, ("spec", "regions"), "name", "region")
    predecessor = Place(document, ("spec", "predecessor"))
    if environment.predecessor is None:
        return
    if environment.predecessor not in fleet.environments:
        # brief escapes the name; its quotes are cut off in the path.
        others = known_names(fleet.environments.keys() - {environment.name})
        yield predecessor.finding(
            "structure.unknown-predecessor",
            f"there is no environment {brief(environment.predecessor)}"
            + (f"; the others are {others}" if others else ""),
            f"name another one, or add clusters/{brief(environment.predecessor)[1:-1]}/"
            "environment.yaml",
        )
    elif environment.name in _predecessors(environment, fleet):
        yield predecessor.finding(
            "structure.predecessor-circle",
            "the predecessors lead back to this environment",
            "remove spec.predecessor from the first environment",
        )


def _promotion(environment: Environment, families: Collection[str]) -> Iterator[Finding]:
    """A promotion policy without a predecessor, and families in it that are not there."""
    promotion = value_at(environment.spec, ("promotion",))
    if not isinstance(promotion, dict):
        return
    place = Place(environment.document, ("spec", "promotion"))
    if environment.predecessor is None:
        yield place.finding(
            "structure.promotion-source",
            "nothing can be promoted to this environment: it names no predecessor",
            "add spec.predecessor, or remove spec.promotion",
        )
    listed = promotion.get("automatic")
    for index, name in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(name, str) and name not in families:
            of = Place(environment.document, ("spec", "promotion", "automatic", index))
            known = f"; its families are {known_names(families)}" if families else ""
            yield of.finding(
                "structure.promotion-family",
                f"there is no family {brief(name)} in this environment{known}",
                "write the name of one of its families, or remove it",
            )


def _predecessors(environment: Environment, fleet: Fleet) -> set[str]:
    seen: set[str] = set()  # ends the walk in a circle
    name = environment.predecessor
    while name and name in fleet.environments and name not in seen:
        seen.add(name)
        name = fleet.environments[name].predecessor
    return seen
