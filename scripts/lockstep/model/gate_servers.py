"""Where the server of a gate source is, by what environment.yaml says."""

from lockstep.model.document import Json, value_at


def server_of(environment_spec: Json, region: str) -> str:
    """The address of the Prometheus with the samples of a region; empty where none is named.

    ``environment_spec`` is the ``spec`` of environment.yaml. A region's own comes before that of
    the whole environment, which is written as pods reach it. The rule gate-server refuses a gate
    for which this is empty.
    """
    for region_spec in value_at(environment_spec, ("regions",), []):
        if value_at(region_spec, ("name",)) == region and value_at(region_spec, ("prometheus",)):
            return str(region_spec["prometheus"])
    return str(value_at(environment_spec, ("prometheus",), ""))
