"""What a cluster costs: the label by which OpenCost adds up, and the alert on the budget.

OpenCost exports what each container is allocated, and what a core, a GiB and a GPU of each node
cost an hour, with these metrics: https://opencost.io/docs/integrations/metrics
"""

from lockstep.model.document import Json
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.names import label_value, versioned_name
from lockstep.render.targets.origins import Origin, OriginTree, in_spec
from lockstep.render.view import ClusterView
from lockstep.text.promql import label_matcher
from lockstep.text.sanitise import quoted

_HERE = ("spec", "observability", "cost")
_COST = ("spec", "cost")
_CENTER = "lockstep.dev/cost-center"

HOURS_OF_MONTH = 730
"""As OpenCost counts: a year has 8,760."""

CURRENCY = (*_HERE, "currency")
"""Where an environment says in which currency OpenCost has its prices."""

BUDGET: Origin = in_spec("cost", "monthly")
"""The origin of the budget of a cluster."""


def read_cost(fields: Fields, environment: Environment) -> dict[str, Json]:
    """``cost``: centre and monthly budget of the cluster, where it has them.

    Empty where the environment has no OpenCost. Raises Unrenderable, also where OpenCost has its
    prices in another currency than the budgets.
    """
    written = Fields(environment.document)
    if not written.has(*_HERE):
        return {}
    _require_currency(written)
    found: dict[str, Json] = {}
    if fields.has(*_COST, "center"):
        found["center"] = fields.text(*_COST, "center")
    if fields.has(*_COST, "monthly"):
        found["monthly"] = fields.integer(*_COST, "monthly")
        found["currency"] = written.text(*_HERE, "currency")
    return {"cost": found} if found else {}


def _require_currency(written: Fields) -> None:
    budgets, prices = written.text("spec", "currency"), written.text(*_HERE, "currency")
    if budgets != prices:
        written.fail(
            (*_HERE, "currency"), "render.currency",
            f"OpenCost has its prices in {quoted(prices, 20)} and budgets are in "
            f"{quoted(budgets, 20)}, so they cannot be compared",
            "give OpenCost prices in the currency of the budgets, and write that one here",
        )  # fmt: skip


def cost_labels(view: ClusterView) -> dict[str, str]:
    """The cost centre as a label of pods; those of family, cluster and tenant are always there."""
    center = view.observability.get("cost", {}).get("center")
    return {} if center is None else {_CENTER: label_value(center)}


def cost_origins() -> dict[str, OriginTree]:
    """The origins of ``cost_labels``."""
    return {_CENTER: in_spec("cost", "center")}


def hourly_cost(view: ClusterView) -> str:
    """PromQL for what the pods of a cluster cost an hour, all its versions together.

    Each part is the largest of what several replicas of OpenCost say. Without a GPU there is no
    series of GPUs, and they cost nothing.
    """
    pods = _pods(view)
    cores = _part("container_cpu_allocation", "node_cpu_hourly_cost", pods)
    memory = _part("container_memory_allocation_bytes", "node_ram_hourly_cost", pods)
    devices = _part("container_gpu_allocation", "node_gpu_hourly_cost", pods)
    return f"{cores} + {memory} / {2**30} + ({devices} or vector(0))"


def _part(allocated: str, price: str, pods: str) -> str:
    return (
        f"sum(max by (namespace, pod, container, node) ({allocated}{{{pods}}})"
        f" * on (node) group_left () max by (node) ({price}))"
    )


def _pods(view: ClusterView) -> str:
    """The pods of the versions by their names: the Deployment's, a hash, five characters.

    Neither part has a hyphen, so the pods of a cluster whose name begins alike do not match.
    """
    names = "|".join(versioned_name(view.name, version.slug) for version in view.running)
    return ",".join(
        (
            label_matcher("namespace", view.namespace),
            label_matcher("pod", f"({names})-[a-z0-9]+-[a-z0-9]+", "=~"),
        )
    )
