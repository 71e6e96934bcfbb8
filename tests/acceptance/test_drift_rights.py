"""The rights that the how-to page gives are those that a comparison needs."""

from itertools import product
from pathlib import Path
from typing import Any

import yaml

from lockstep.render.targets.base import Component
from lockstep.render.targets.kubernetes.target import KUBERNETES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "drift.md"


def roles() -> dict[str, list[dict[str, Any]]]:
    """The rules of each ClusterRole of the page, by its name."""
    blocks = [part.partition("```")[0] for part in PAGE.read_text().split("```yaml\n")[1:]]
    found = [each for each in map(yaml.safe_load, blocks) if each.get("kind") == "ClusterRole"]
    return {each["metadata"]["name"]: each["rules"] for each in found}


def resources(rules: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {found for rule in rules for found in product(rule["apiGroups"], rule["resources"])}


def resources_of(*components: Component[Any]) -> set[tuple[str, str]]:
    found = set()
    for each in components:
        kind = each.kind.kind.lower()
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        found.add((each.kind.api_version.rpartition("/")[0], plural))
    return found


def test_the_page_has_a_rule_for_each_kind_that_is_rendered_and_no_other() -> None:
    target = KUBERNETES
    wanted = resources_of(*target.cluster, *target.environment, *target.tenant, *target.place)
    assert resources(roles()["lockstep-drift"]) == wanted
    assert resources(roles()["lockstep-drift-dashboards"]) == resources_of(*target.family) - wanted


def test_all_of_it_is_only_to_read() -> None:
    verbs = {verb for rules in roles().values() for rule in rules for verb in rule["verbs"]}
    assert verbs == {"get", "list"}
