"""What others need to know of a family: the places where it may collide."""

from lockstep.check.summary import summarise
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, tree_of

UNIT = ("prod", "fraud")


def test_every_host_is_taken_and_a_place_where_families_may_collide() -> None:
    tree = tree_of(cluster(hosts=["fraud.example.com"]))
    tree["clusters/prod/fraud/eu.yaml"] = tree.pop("clusters/prod/fraud/c0.yaml")
    _, family = rendering.only_family(fleet_of(tree))
    summary = summarise(UNIT, tree, family, family, "")
    hosts = {("host", "fraud-eu.models.example.com"), ("host", "fraud.example.com")}
    assert hosts <= set(summary.neighbourhood)
    assert hosts <= set(summary.taken)
