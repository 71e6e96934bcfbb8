"""Thresholds: what nobody has written is one finding that shows what to write."""

from pathlib import Path

import yaml

from lockstep.edges.files import read_tree
from lockstep.policy import expected_rules
from lockstep.policy.thresholds import (
    MISSING,
    ORGANISATION,
    check_data,
    threshold_places,
    unusable,
)

TREE = dict(read_tree(Path(__file__).resolve().parents[3], ["policies"]))
NAMES = {
    "host-in-zone", "image-registry", "owner-of-tenant", "secret-references", "residency",
    "template-additions", "on-call-route",
}  # fmt: skip


def test_without_its_organisation_a_fleet_is_told_what_to_write_and_that_is_valid() -> None:
    (found,) = check_data({path: data for path, data in TREE.items() if path != ORGANISATION})
    assert (found.rule, found.file) == (MISSING, ORGANISATION)
    text = found.fix.removeprefix("write in it ")
    assert check_data({**TREE, ORGANISATION: text.encode()}) == []


def test_a_part_of_the_organisation_that_is_missing_is_shown_with_its_example() -> None:
    written = yaml.safe_load(TREE[ORGANISATION])
    del written["thresholds"]["organisation"]["registries"]
    (found,) = check_data({**TREE, ORGANISATION: yaml.safe_dump(written).encode()})
    assert (found.rule, found.fix) == (MISSING, "add registries: [registry.example.com]")


def test_thresholds_of_a_rule_that_are_missing_are_reported() -> None:
    path = "policies/rules/min-replicas/thresholds.yaml"
    (found,) = check_data({each: data for each, data in TREE.items() if each != path})
    assert (found.rule, found.file) == (MISSING, path)
    assert found.fix.startswith("write in it thresholds: {min_replicas: {production: ")


def test_rules_that_read_what_is_wrong_are_not_evaluated() -> None:
    rules = expected_rules(TREE)
    tree = {path: data for path, data in TREE.items() if path != ORGANISATION}
    assert {rule.name for rule in unusable(rules, check_data(tree))} == NAMES
    assert unusable(rules, []) == frozenset()


def test_a_rule_names_the_thresholds_that_its_libraries_read() -> None:
    rules = {rule.name: rule.thresholds for rule in expected_rules(TREE)}
    assert rules["no-secret-in-family"] == ("policies/rules/no-secret/thresholds.yaml",)
    assert rules["min-replicas"][0] == "policies/rules/min-replicas/thresholds.yaml"
    assert rules["freeze"] == ()


def test_a_threshold_is_shown_in_the_file_of_a_rule_that_has_it() -> None:
    (rule,) = (each for each in expected_rules(TREE) if each.name == "template-additions")
    own, shared = (place.file for place in threshold_places(rule, ["labels", "organisation"], TREE))
    assert own == "policies/rules/template-additions/thresholds.yaml"
    assert shared == ORGANISATION


def test_the_places_of_thresholds_are_lines_of_the_first_file_of_a_rule() -> None:
    rules = {rule.name: rule for rule in expected_rules(TREE)}
    path = "policies/rules/experiment-terms/thresholds.yaml"
    lines = TREE[path].decode().splitlines()
    fields = ["together", "experiment_terms"]
    places = threshold_places(rules["experiment-terms"], fields, TREE)
    assert {place.file for place in places} == {path}
    first, whole = (lines[place.line - 1].strip() for place in places)
    assert first.startswith("together:")
    assert whole == "experiment_terms:"
    assert [place.note for place in places] == ["the threshold together", "the thresholds"]


def test_a_rule_without_thresholds_or_without_their_file_has_no_places() -> None:
    rules = {rule.name: rule for rule in expected_rules(TREE)}
    assert threshold_places(rules["freeze"], ["production"], TREE) == ()
    assert threshold_places(rules["min-replicas"], ["production"], {}) == ()
