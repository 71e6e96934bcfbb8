"""Whether a family's plan can work: its steps rise to 100, and each gate can pass."""

from collections.abc import Iterator

from lockstep.model.blocks import COUNTS
from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment, Family
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import InvalidPlaces, entries
from lockstep.text.phrases import brief


def check_steps(family: Family, invalid: InvalidPlaces) -> Iterator[Finding]:
    """Whether each step gives the candidate more weight than the one before, and the last all."""
    pointer = ("spec", "rollout", "steps")
    steps = entries(family.document.value, pointer)
    weights = [value_at(step, ("weight",)) for step in steps]
    doubtful = invalid.within(family.document, pointer)
    # By type, not isinstance: true is an int in Python.
    if not weights or doubtful or not all(type(weight) is int for weight in weights):
        return
    for index in range(1, len(weights)):
        if weights[index] <= weights[index - 1]:
            yield Place(family.document, (*pointer, index, "weight")).finding(
                "structure.step-order",
                f"the weight {brief(weights[index])} follows {brief(weights[index - 1])}",
                "give each step more weight than the one before",
            )
            # One finding is enough: the weights after a wrong one often follow from it.
            return
    if weights[-1] != 100:
        yield Place(family.document, (*pointer, len(weights) - 1, "weight")).finding(
            "structure.last-step",
            f"the last step gives the candidate {brief(weights[-1])} percent, not 100",
            "add a step with weight 100",
        )


def check_step_bounds(family: Family, invalid: InvalidPlaces) -> Iterator[Finding]:
    """Whether some gate is asked at the steps, and up to the last one.

    A gate with ``when: propose`` or ``promote`` protects no user once the rollout is running, and a
    live comparison is not asked where the candidate has all traffic.
    """
    pointer = ("spec", "gates")
    gates = entries(family.document.value, pointer)
    # A gate that the schema rejects may be the one that bounds the steps.
    if not gates or invalid.within(family.document, pointer) or any(map(_bounds_steps, gates)):
        return
    yield Place(family.document, pointer).finding(
        "structure.no-step-bound",
        "no gate of the family bounds its steps up to the last one",
        "add a gate with min or max that is asked at the steps: without when: propose or promote",
    )


def _bounds_steps(gate: Json) -> bool:
    if value_at(gate, ("when",)) in ("propose", "promote"):
        return False
    absolute = any(value_at(gate, (bound,)) is not None for bound in ("min", "max", "equals"))
    # All that Prometheus knows is of live traffic, and so is what is counted by block. Argo CD
    # knows whether a version runs, and nothing of what it answers.
    live = (
        value_at(gate, ("live",)) is True
        or value_at(gate, ("source",)) in ("prometheus", "argocd")
        or value_at(gate, (COUNTS,)) is not None
    )
    return absolute or not live


def check_gates(
    family: Family, environment: Environment, invalid: InvalidPlaces
) -> Iterator[Finding]:
    """Whether some value meets both bounds of each gate that has two, and each can be asked."""
    for index, gate in enumerate(entries(family.document.value, ("spec", "gates"))):
        here = ("spec", "gates", index)
        if value_at(gate, ("when",)) == "promote" and environment.predecessor is None:
            yield Place(family.document, (*here, "when")).finding(
                "structure.gate-promote",
                f"the gate is asked by promotions, and {environment.name} has no predecessor",
                "remove the gate, or name the environment that versions come from: "
                f"spec.predecessor in {environment.document.path}",
            )
        if value_at(gate, ("when",)) == "propose" and value_at(gate, ("live",)) is True:
            yield Place(family.document, (*here, "live")).finding(
                "structure.gate-live",
                "the gate is asked before any step, and counts only what was measured since one",
                "remove live, or let the gate be asked at the steps: when: step",
            )
        least, most = value_at(gate, ("min",)), value_at(gate, ("max",))
        are_numbers = all(type(bound) in (int, float) for bound in (least, most))
        if are_numbers and least > most and not invalid.within(family.document, here):
            yield Place(family.document, (*here, "min")).finding(
                "structure.gate-bounds",
                f"no value is both {brief(least)} or more and {brief(most)} or less",
                "correct min or max; no version could pass this gate",
            )
