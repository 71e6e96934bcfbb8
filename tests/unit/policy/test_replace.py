"""What brings a shipped rule or template into a fleet, and what is refused."""

import pytest

from lockstep.edges.resources import shipped_tree
from lockstep.model.errors import UsageError
from lockstep.policy.deviations import FILE, deviations, digest_of
from lockstep.policy.replace import Why, copied_rule, copied_template
from lockstep.spec.yaml.load import load_yaml

SHIPPED = shipped_tree()
WHY = Why("ml-platform@example.com", "ours is stricter")


def test_a_rule_comes_as_a_whole_and_with_its_entry() -> None:
    changes = copied_rule("min-replicas", {}, SHIPPED, WHY)
    folder = "policies/rules/min-replicas"
    assert {p for p in changes if p != FILE} == {p for p in SHIPPED if p.startswith(f"{folder}/")}
    document, findings = load_yaml(FILE, changes[FILE])
    assert document and not findings
    assert document.value["thresholds"]["rules"]["replaced"] == {
        folder: {
            "shipped": digest_of(folder, SHIPPED),
            "owner": WHY.owner, "reason": WHY.reason,
        }
    }  # fmt: skip
    titles = {"min-replicas": "Replicas"}
    found = deviations(changes, SHIPPED, titles)
    assert [(f.rule, f.severity.value) for f in found] == [("rules.replaced", "note")]


def test_thresholds_of_the_fleet_stay() -> None:
    path = "policies/rules/min-replicas/thresholds.yaml"
    own = {path: b"thresholds: {min_replicas: {production: 3}}\n"}
    assert path not in copied_rule("min-replicas", own, SHIPPED, WHY)


def test_a_template_that_does_not_differ_yet_is_no_finding() -> None:
    changes = copied_template("service", {}, SHIPPED, WHY)
    assert set(changes) == {FILE, "templates/service/service.yaml.j2"}
    assert deviations(changes, SHIPPED, {}) == []
    changes["templates/service/service.yaml.j2"] += b"# ours\n"
    assert [f.rule for f in deviations(changes, SHIPPED, {})] == ["rules.replaced"]


def test_an_entry_about_nothing_is_still_reported() -> None:
    changes = copied_template("service", {}, SHIPPED, WHY)
    found = deviations({FILE: changes[FILE]}, SHIPPED, {})
    assert [f.rule for f in found] == ["rules.unknown"]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("virtualservise", "did you mean virtualservice?"),
        ("zzzzzz", "the templates are alertmanagerconfig, application, "),
    ],
)
def test_a_template_that_does_not_ship(name: str, fix: str) -> None:
    with pytest.raises(UsageError, match="ships no template") as caught:
        copied_template(name, {}, SHIPPED, WHY)
    assert fix in caught.value.fix


def test_a_rule_that_does_not_ship() -> None:
    with pytest.raises(UsageError, match="ships no rule") as caught:
        copied_rule("frezee", {}, SHIPPED, WHY)
    assert caught.value.fix == "did you mean freeze?"


def test_what_the_fleet_has_is_not_overwritten() -> None:
    own = copied_rule("freeze", {}, SHIPPED, WHY)
    with pytest.raises(UsageError, match="has this folder already"):
        copied_rule("freeze", own, SHIPPED, WHY)
    own = copied_template("service", {}, SHIPPED, WHY)
    with pytest.raises(UsageError, match="has this folder already"):
        copied_template("service", own, SHIPPED, WHY)


def test_a_complete_tree_has_nothing_to_bring_in() -> None:
    own = {path: bytes(data) for path, data in SHIPPED.items()}
    for copied in (copied_rule, copied_template):
        with pytest.raises(UsageError, match="all policies and templates itself"):
            copied("service", own, SHIPPED, WHY)


@pytest.mark.parametrize("why", [Why("anna", "x"), Why("a@example.com", " ")])
def test_an_entry_that_the_check_would_refuse_is_refused(why: Why) -> None:
    with pytest.raises(UsageError, match="the entry would not be valid"):
        copied_rule("freeze", {}, SHIPPED, why)
