"""Where a fleet differs from what ships: each case is a finding, and of the right severity."""

from lockstep.edges.resources import shipped_tree
from lockstep.model.finding import Severity
from lockstep.policy.deviations import (
    FILE,
    deviations,
    differing_rules,
    digest_of,
    replaced_folders,
    switched_off,
)

SHIPPED = shipped_tree()
TITLES = {"freeze": "Freeze", "cost-declared": "Cost"}
RULE = "policies/rules/freeze"
OWN_RULE = {path: bytes(data) + b"\n" for path, data in SHIPPED.items() if path.startswith(RULE)}
OWNER = "owner: ml@example.com, reason: ours"


def entries(text: str) -> dict[str, bytes]:
    return {FILE: f"thresholds:\n  rules:\n{text}".encode()}


def found(own: dict[str, bytes]) -> list[tuple[str, Severity]]:
    return [(each.rule, each.severity) for each in deviations(own, SHIPPED, TITLES)]


def test_a_fleet_that_uses_what_ships_differs_in_nothing() -> None:
    assert found({}) == [] and differing_rules({}, SHIPPED) == {}


def test_a_tree_with_all_policies_of_its_own_is_compared_with_nothing() -> None:
    own = {path: bytes(data) for path, data in SHIPPED.items()}
    assert found(own) == [] and replaced_folders(own, SHIPPED) == {}


def test_a_rule_that_is_switched_off_is_a_note_and_needs_owner_and_reason() -> None:
    own = entries(f"    switchedOff: {{cost-declared: {{{OWNER}}}, freeze: {{reason: x}}}}\n")
    assert switched_off(own) == {"cost-declared": "ours (ml@example.com)"}
    assert found(own) == [("rules.switched-off", Severity.NOTE)]
    assert differing_rules(own, SHIPPED) == {"cost-declared": "switched off: ours (ml@example.com)"}


def test_an_entry_about_no_rule_is_an_error_with_the_name_that_was_meant() -> None:
    own = entries(f"    switchedOff: {{freezes: {{{OWNER}}}}}\n")
    (error,) = deviations(own, SHIPPED, TITLES)
    assert error.rule == "rules.unknown" and error.fix == "did you mean freeze?"


def test_a_replaced_folder_needs_an_entry_with_the_digest_of_the_shipped_one() -> None:
    assert found(OWN_RULE) == [("rules.unlisted", Severity.ERROR)]
    digest = digest_of(RULE, SHIPPED)
    listed = entries(f"    replaced: {{{RULE}: {{shipped: '{digest}', {OWNER}}}}}\n")
    assert found(OWN_RULE | listed) == [("rules.replaced", Severity.NOTE)]
    assert differing_rules(OWN_RULE | listed, SHIPPED) == {"freeze": "replaced"}
    old = entries(f"    replaced: {{{RULE}: {{shipped: 'sha256:{'0' * 64}', {OWNER}}}}}\n")
    assert found(OWN_RULE | old) == [
        ("rules.outdated", Severity.WARNING),
        ("rules.replaced", Severity.NOTE),
    ]


def test_an_entry_that_replaces_nothing_is_an_error() -> None:
    own = entries(f"    replaced: {{{RULE}: {{shipped: 'sha256:{'0' * 64}', {OWNER}}}}}\n")
    assert found(own) == [("rules.unknown", Severity.ERROR)]


def test_other_thresholds_are_a_note_with_both_values() -> None:
    path = "policies/rules/min-replicas/thresholds.yaml"
    own = {path: b"thresholds: {min_replicas: {production: 1}}\n"}
    (note,) = deviations(own, SHIPPED, TITLES)
    assert (note.rule, note.severity) == ("rules.thresholds", Severity.NOTE)
    assert note.message.endswith("production is 1, not 2")
    assert differing_rules(own, SHIPPED) == {"min-replicas": "other thresholds"}


def test_a_file_of_the_program_and_an_unknown_template_are_errors() -> None:
    own = {"policies/lib/more.rego": b"", "templates/secret/secret.yaml.j2": b""}
    assert found(own) == [
        ("rules.not-replaceable", Severity.ERROR),
        ("rules.unknown", Severity.ERROR),
    ]
