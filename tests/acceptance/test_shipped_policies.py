"""A fleet without rules and templates of its own goes by those that ship, and says where not."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from lockstep.edges.resources import shipped_tree
from lockstep.policy.deviations import digest_of
from tests.acceptance.fleets import EU, FAMILY, ROOT, Fleet, rules
from tests.acceptance.world import git

ORGANISATION = "policies/data/organisation.yaml"
DIFFER = "policies/data/rules.yaml"
FREEZE = "policies/rules/freeze/freeze.rego"
OWNER = "owner: ml-platform@example.com, reason: ours is stricter"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """The example fleet with its organisation, and with nothing that ships."""
    shutil.copytree(ROOT / "policies/examples/clusters", tmp_path / "clusters")
    target = tmp_path / ORGANISATION
    target.parent.mkdir(parents=True)
    shutil.copy(ROOT / "policies/examples" / ORGANISATION, target)
    made = Fleet(tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "ML platform")
    git(tmp_path, "config", "user.email", "ml-platform@example.com")
    made.commit("the fleet")
    return made


def shipped(path: str) -> str:
    return shipped_tree()[path].decode()


def copy_rule(fleet: Fleet, name: str) -> None:
    folder = f"policies/rules/{name}"
    for path in shipped_tree():
        if path.startswith(f"{folder}/"):
            fleet.write(path, shipped(path))


def differing(entries: str) -> str:
    return "thresholds:\n  rules:\n" + entries


def replaced(folder: str, digest: str = "") -> str:
    digest = digest or digest_of(folder, shipped_tree())
    return differing(f"    replaced:\n      {folder}: {{shipped: '{digest}', {OWNER}}}\n")


def notes(findings: list[dict[str, Any]]) -> list[str]:
    return [f["message"] for f in findings if f["severity"] == "note"]


def test_the_fleet_is_clean_and_its_rules_are_those_that_ship(fleet: Fleet) -> None:
    assert fleet.check("--all") == (0, [])
    fleet.edit(FAMILY, "image: registry.example.com", "image: docker.io/evil")
    code, findings = fleet.check()
    assert (code, rules(findings)) == (11, ["policy.image-registry"])


def test_list_and_explain_show_the_rules_that_ship_where_there_is_no_fleet(tmp_path: Path) -> None:
    code, said = invoke(["policy", "list", "--root", str(tmp_path)])
    assert code == 0 and "image-registry" in said and "differs" not in said
    assert invoke(["policy", "explain", "freeze", "--root", str(tmp_path)])[0] == 0


def test_without_its_organisation_it_is_shown_what_to_write_and_nothing_else(fleet: Fleet) -> None:
    git(fleet.root, "rm", "--quiet", ORGANISATION)
    fleet.commit("nobody knows whose it is")
    code, (found,) = fleet.check("--all")
    assert (code, found["rule"], found["file"]) == (10, "data.missing", ORGANISATION)
    fleet.write(ORGANISATION, found["fix"].removeprefix("write in it "))
    assert fleet.check("--all") == (0, [])


def test_a_rule_that_is_replaced_in_silence_is_an_error(fleet: Fleet) -> None:
    copy_rule(fleet, "freeze")
    fleet.edit(FREEZE, "deny contains", "deny contains {} if false\n\n_never contains")
    code, findings = fleet.check()
    assert code == 10
    assert "rules.unlisted" in rules(findings)


def test_a_rule_that_is_replaced_is_named_in_every_report(fleet: Fleet) -> None:
    copy_rule(fleet, "freeze")
    fleet.edit(FREEZE, "# title: No forward", "# title: Our freeze, no forward")
    fleet.write(DIFFER, replaced("policies/rules/freeze"))
    assert fleet.check()[0] == 0
    fleet.commit("a freeze of our own")
    fleet.edit(EU, "region: eu-west-1", "region: eu-west-1 # here")
    code, findings = fleet.check()
    (note,) = notes(findings)
    assert note.startswith("policies/rules/freeze replaces the program's: ours is stricter (")
    assert code == 0
    _, text = invoke(["policy", "list", "--root", str(fleet.root)])
    assert "replaced" in text and "Our freeze" in text
    for kind in ("text", "json", "sarif", "junit", "markdown", "github", "gitlab"):
        where = ["--root", str(fleet.root), "--format", kind, "--now", "2026-06-01T08:00:00Z"]
        assert "replaces the program" in invoke(["check", *where])[1], kind


def test_a_shipped_rule_that_has_changed_since_is_a_warning(fleet: Fleet) -> None:
    copy_rule(fleet, "freeze")
    fleet.edit(FREEZE, "# title: No forward", "# title: Our freeze, no forward")
    fleet.write(DIFFER, replaced("policies/rules/freeze", "sha256:" + "0" * 64))
    code, findings = fleet.check()
    assert code == 0
    assert ("rules.outdated", "warning") in [(f["rule"], f["severity"]) for f in findings]


def test_other_thresholds_are_named_with_both_values(fleet: Fleet) -> None:
    path = "policies/rules/min-replicas/thresholds.yaml"
    fleet.write(path, "thresholds: {min_replicas: {production: 1}}\n")
    code, findings = fleet.check()
    assert code == 0
    assert notes(findings) == ["thresholds differ from the program's: production is 1, not 2"]
    _, text = invoke(["policy", "list", "--root", str(fleet.root)])
    assert "other thresholds" in text


def test_a_finding_names_the_file_of_the_threshold_that_decided_it(fleet: Fleet) -> None:
    fleet.edit(FAMILY, "image: registry.example.com", "image: docker.io/evil")
    fleet.edit(FAMILY, "replicas: 3", "replicas: 1")
    found = {f["rule"]: f["related"] for f in fleet.check()[1]}
    few = "lockstep:policies/rules/min-replicas/thresholds.yaml", "the threshold production"
    elsewhere = ORGANISATION, "the threshold registries"
    assert few in [(each["file"], each["note"]) for each in found["policy.min-replicas"]]
    assert elsewhere in [(each["file"], each["note"]) for each in found["policy.image-registry"]]


def test_a_rule_that_a_change_switches_off_still_counts_in_that_change(fleet: Fleet) -> None:
    entry = f"    switchedOff:\n      image-registry: {{{OWNER}}}\n"
    fleet.write(DIFFER, differing(entry))
    fleet.edit(FAMILY, "image: registry.example.com", "image: docker.io/evil")
    code, findings = fleet.check()
    assert code == 11
    (denied,) = [f for f in findings if f["rule"] == "policy.image-registry"]
    assert "lockstep:policies/rules/image-registry/image_registry.rego" in [
        each["file"] for each in denied["related"]
    ]
    git(fleet.root, "checkout", "--quiet", "--", FAMILY)
    fleet.commit("switch it off")
    fleet.edit(FAMILY, "image: registry.example.com", "image: docker.io/evil")
    code, findings = fleet.check()
    assert (code, notes(findings)[0].split(" (")[0]) == (0, "rule image-registry")
    _, text = invoke(["policy", "list", "--root", str(fleet.root)])
    assert "switched off: ours is stricter" in " ".join(text.split())


@pytest.mark.parametrize(
    "entry",
    ["image-registri: {owner: a@example.com, reason: none}", "image-registry: {reason: none}"],
)
def test_an_entry_that_is_not_right_switches_nothing_off(fleet: Fleet, entry: str) -> None:
    fleet.write(DIFFER, differing(f"    switchedOff:\n      {entry}\n"))
    fleet.commit("try it")
    fleet.edit(FAMILY, "image: registry.example.com", "image: docker.io/evil")
    _, findings = fleet.check()
    assert "policy.image-registry" in rules(findings)
    assert {"rules.unknown", "schema.missing-field"} & set(rules(findings))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("policies/lib/cluster.rego", "package lockstep.lib.cluster\n"),
        ("policies/lib/more.rego", "package lockstep.lib.pods\n\nadded := []\n"),
        ("policies/schemas/cluster/serving.json", "{}"),
        ("policies/schemas/more.json", "{}"),
        ("policies/examples/clusters/prod/environment.yaml", "kind: Environment\n"),
    ],
)
def test_what_belongs_to_the_program_is_refused_and_not_read(
    fleet: Fleet, path: str, text: str
) -> None:
    fleet.write(path, text)
    fleet.edit(FAMILY, "port: 8080", "port: 70000")
    code, findings = fleet.check()
    assert code == 10
    assert [f["file"] for f in findings if f["rule"] == "rules.not-replaceable"] == [path]
    assert any(f["pointer"].endswith("/port") for f in findings)


def test_an_entry_point_of_its_own_is_still_checked_by_the_one_that_ships(fleet: Fleet) -> None:
    fleet.write("policies/main.rego", shipped("policies/main.rego"))
    for path in shipped_tree():
        if path.startswith(("policies/lib/", "policies/schemas/", "policies/rules/freeze/")):
            fleet.write(path, shipped(path))
    fleet.edit(FAMILY, "image: registry.example.com", "image: docker.io/evil")
    code, findings = fleet.check()
    assert code != 0 and "policy.image-registry" in rules(findings)


def test_a_template_that_is_replaced_is_used_and_named(fleet: Fleet) -> None:
    path = "templates/service/service.yaml.j2"
    fleet.write(path, shipped(path) + "# ours\n")
    assert "rules.unlisted" in rules(fleet.check()[1])
    fleet.write(DIFFER, replaced("templates/service"))
    code, findings = fleet.check()
    assert (code, len(notes(findings))) == (0, 1)


def test_a_template_of_an_unknown_component_is_refused(fleet: Fleet) -> None:
    path = "templates/secret/secret.yaml.j2"
    fleet.write(path, "kind: Secret\n")
    code, (found,) = fleet.check()
    assert (code, found["rule"], found["file"]) == (10, "rules.unknown", path)


def test_only_rules_of_its_own_are_tested_whatever_its_thresholds(fleet: Fleet) -> None:
    where = ["--root", str(fleet.root)]
    code, said = invoke(["policy", "test", *where])
    assert code == 3 and "no rule of its own" in said
    fleet.write(
        "policies/rules/min-replicas/thresholds.yaml",
        "thresholds: {min_replicas: {production: 9}}\n",
    )
    copy_rule(fleet, "freeze")
    code, said = invoke(["policy", "test", *where])
    assert (code == 0 and said.startswith("1 rules")) or said.startswith("1 rule,"), said
    fleet.edit(FREEZE, "deny contains", "deny contains {} if false\n\n_never contains")
    code, said = invoke(["policy", "test", *where])
    assert code == 10 and "freeze" in said


def test_one_rule_is_tested_alone_and_one_that_there_is_not_is_a_mistake(fleet: Fleet) -> None:
    where = ["--root", str(fleet.root)]
    code, said = invoke(["policy", "test", "--rule", "min-replicas", *where])
    assert code == 0, said
    code, said = invoke(["policy", "test", "--rule", "min-replica", *where])
    assert code == 2 and "did you mean min-replicas?" in said
