"""What the placeholders in the texts of a gate mean, whatever source it asks."""

from lockstep.model.document import Json, value_at
from lockstep.model.evidence import Question


def placeholder_values(question: Question, *, stable: bool = False) -> dict[str, str]:
    """The values of placeholders by name, for the candidate or for the stable version.

    One that has no value here, such as the segment of a cluster without segments, is empty.
    """
    place = question.place
    workload = (place.stable if stable else place.candidate) if place else ""
    return {
        "region": question.region,
        "cluster": question.cluster,
        "environment": question.environment,
        "segment": question.segment,
        "namespace": place.namespace if place else "",
        "workload": workload,
        "version": version_of(question.stable if stable else question.candidate),
    }


def version_of(lock: Json) -> str:
    """The version in the registry that a lock is for; empty where it does not say."""
    return str(value_at(lock, ("identity", "version"), ""))
