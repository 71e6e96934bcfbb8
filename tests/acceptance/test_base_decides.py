"""A change is checked by the base branch's rules: it cannot remove, weaken or outdate them."""

import re
from pathlib import Path

import pytest

from tests.acceptance.fleets import EU, FAMILY, Fleet, rules
from tests.acceptance.world import git

RULE = "policies/rules/image-registry"
ORGANISATION = "policies/data/organisation.yaml"
OUTSIDE = ("image: registry.example.com", "image: docker.io/evil")
DENIED = "policy.image-registry"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet.create(tmp_path)


def remove(fleet: Fleet, folder: str) -> None:
    git(fleet.root, "rm", "--quiet", "-r", folder)


def weaken(fleet: Fleet) -> None:
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    remove(fleet, RULE)
    fleet.edit(FAMILY, *OUTSIDE)
    fleet.commit("weaken and use it")


def test_a_change_that_removes_a_rule_is_still_checked_by_it(fleet: Fleet) -> None:
    weaken(fleet)
    code, findings = fleet.check("--base", "main")
    assert (code, rules(findings)) == (11, [DENIED])


def test_a_change_that_loosens_a_threshold_is_checked_by_the_old_one(fleet: Fleet) -> None:
    fleet.edit(ORGANISATION, "[registry.example.com]", "[docker.io/evil]")
    fleet.edit(FAMILY, *OUTSIDE)
    code, findings = fleet.check()
    assert code == 11
    (denied,) = [f for f in findings if f["rule"] == DENIED and f["file"] == FAMILY]
    assert denied["related"][-1]["file"] == f"{RULE}/image_registry.rego"
    assert denied["related"][-1]["note"].startswith("the base branch's version of this rule")


def test_what_both_deny_does_not_mention_the_base(fleet: Fleet) -> None:
    fleet.edit(ORGANISATION, "[registry.example.com]", "[images.example.com]")
    fleet.edit(FAMILY, *OUTSIDE)
    _, findings = fleet.check()
    denied = [finding for finding in findings if finding["rule"] == DENIED]
    assert denied and "of the base branch" not in str(denied)


def test_a_change_that_loosens_a_schema_is_checked_by_the_old_one(fleet: Fleet) -> None:
    bounds = (
        '"type": "integer",\n      "minimum": 1,\n      "maximum": {}'  # of the field port alone
    )
    path = "policies/schemas/cluster/serving.json"
    fleet.edit(path, bounds.format(65535), bounds.format(99999))
    fleet.edit(FAMILY, "port: 8080", "port: 70000")
    code, findings = fleet.check()
    assert code == 10
    assert "schema.range" in " ".join(rules(findings)) or findings[0]["pointer"].endswith("/port")


@pytest.mark.parametrize(
    ("kind", "schema"),
    [("service", "service-v1"), ("virtualservice", "virtualservice-networking-v1")],
)
def test_a_change_that_loosens_a_schema_of_manifests_is_checked_by_the_old_one(
    fleet: Fleet, kind: str, schema: str
) -> None:
    fleet.write(f"policies/schemas/rendered/{schema}.json", "{}")
    assert fleet.check()[0] == 0
    template = f"templates/{kind}/{kind}.yaml.j2"
    fleet.edit(template, "\nspec:\n", "\nspec:\n  nonsense: 1\n")
    code, findings = fleet.check()
    assert (code, set(rules(findings)), findings[0]["file"]) == (10, {"render.manifest"}, template)


def test_a_change_that_adds_a_rule_is_checked_by_it_too(fleet: Fleet) -> None:
    text = (fleet.root / f"{RULE}/image_registry.rego").read_text()
    remove(fleet, RULE)
    fleet.commit("no such rule yet")
    git(fleet.root, "checkout", "--quiet", "HEAD^", "--", RULE)
    assert text == (fleet.root / f"{RULE}/image_registry.rego").read_text()
    fleet.edit(FAMILY, *OUTSIDE)
    code, findings = fleet.check()
    assert (code, set(rules(findings)) & {DENIED}) == (11, {DENIED})


def test_a_stale_branch_cannot_bring_older_rules(fleet: Fleet) -> None:
    remove(fleet, RULE)
    fleet.commit("before the rule")
    git(fleet.root, "switch", "--quiet", "--create", "stale")
    git(fleet.root, "switch", "--quiet", "main")
    git(fleet.root, "revert", "--no-edit", "HEAD")
    git(fleet.root, "switch", "--quiet", "stale")
    fleet.edit(FAMILY, *OUTSIDE)
    fleet.commit("an image from elsewhere")
    code, findings = fleet.check("--base", "main")
    assert (code, rules(findings)) == (11, [DENIED])


def test_the_merge_result_is_checked_not_the_branch(fleet: Fleet) -> None:
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    fleet.edit(EU, 'version: "7"', 'version: "8"')
    fleet.commit("another version in the EU at once")
    git(fleet.root, "switch", "--quiet", "main")
    elsewhere = "clusters/prod/scoring/us-east-1.yaml"
    fleet.edit(elsewhere, "region: us-east-1", "region: us-east-1 # busy")
    fleet.commit("a comment elsewhere")
    git(fleet.root, "switch", "--quiet", "pull")
    code, findings = fleet.check("--base", "main")
    assert code == 11
    assert "policy.step-in-plan" in rules(findings)


def test_a_change_in_conflict_with_its_base_is_not_checked(fleet: Fleet) -> None:
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    fleet.edit(FAMILY, "timeout: 2s", "timeout: 3s")
    fleet.commit("slower")
    git(fleet.root, "switch", "--quiet", "main")
    fleet.edit(FAMILY, "timeout: 2s", "timeout: 1s")
    fleet.commit("quicker")
    git(fleet.root, "switch", "--quiet", "pull")
    code, findings = fleet.check("--base", "main")
    assert code == 1
    assert "does not merge with its base" in findings[0]["message"]
    assert FAMILY in findings[0]["message"]


def test_uncommitted_changes_are_part_of_what_is_merged(fleet: Fleet) -> None:
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    git(fleet.root, "switch", "--quiet", "main")
    fleet.edit("clusters/prod/environment.yaml", "reason: the office", "reason: the whole office")
    fleet.commit("main moves on")
    git(fleet.root, "switch", "--quiet", "pull")
    fleet.edit(FAMILY, *OUTSIDE)
    code, findings = fleet.check("--base", "main")
    assert DENIED in rules(findings)
    assert f"M {FAMILY}" in git(fleet.root, "status", "--porcelain")
    assert code in (10, 11)


@pytest.mark.parametrize("place", ["refs/tags/main", "refs/remotes/main/HEAD", "refs/main"])
def test_no_other_ref_with_the_name_of_the_base_replaces_it(fleet: Fleet, place: str) -> None:
    weaken(fleet)
    git(fleet.root, "update-ref", place, "pull")
    code, findings = fleet.check("--base", "main")
    assert (code, "names several commits" in findings[0]["message"]) == (2, True)
    code, findings = fleet.check("--base", "refs/heads/main")
    assert (code, rules(findings)) == (11, [DENIED])


def test_a_shallow_clone_without_the_base_is_an_error(
    fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    weaken(fleet)
    clone = tmp_path_factory.mktemp("shallow")
    git(clone, "clone", "--quiet", "--depth=1", f"file://{fleet.root}", ".")
    code, findings = Fleet(clone).check()
    assert (code, "too shallow" in findings[0]["message"]) == (1, True)
    git(clone, "fetch", "--quiet", "--deepen=1")
    assert Fleet(clone).check()[0] == 11


@pytest.mark.parametrize("folder", ["policies", "clusters/prod/more"])
def test_a_submodule_is_refused_whether_its_files_are_there_or_not(
    fleet: Fleet, folder: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = tmp_path_factory.mktemp("module")
    git(module, "init", "--quiet")
    if folder == "policies":
        (fleet.root / folder).rename(module / "kept")
        git(fleet.root, "rm", "-r", "--quiet", "--cached", folder)
        (module / "kept").rename(fleet.root / folder)
    git(fleet.root, "update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},{folder}")
    (fleet.root / folder).mkdir(exist_ok=True)  # a clone leaves an empty folder
    code, findings = fleet.check()
    assert (code, f"{folder}: this is a submodule" in findings[0]["message"]) == (10, True)


FREEZE = """\
  freezes:
    - {name: audit, reason: books, from: "2026-06-01T07:30:00Z", until: "2026-06-02T08:00:00Z"}
"""


def with_freezes(fleet: Fleet, freezes: str) -> str:
    """The file of the environment with other freezes."""
    text = (fleet.root / "clusters/prod/environment.yaml").read_text()
    changed, count = re.subn(r"^  freezes:.*\n(?:    .*\n)*", freezes, text, flags=re.MULTILINE)
    assert count == 1
    return changed


def test_a_change_cannot_lift_the_freeze_that_it_moves_in(fleet: Fleet) -> None:
    head = "clusters/prod/environment.yaml"
    fleet.write(head, with_freezes(fleet, FREEZE))
    fleet.commit("a freeze")
    fleet.write(head, with_freezes(fleet, ""))
    assert fleet.check()[0] == 0
    fleet.edit(EU, 'version: "7"', 'version: "8"')
    assert "policy.freeze" in rules(fleet.check()[1])
    assert "policy.freeze" not in rules(fleet.check(now="2026-06-02T08:00:00Z")[1])


@pytest.mark.parametrize("freeze", ["[null]", "[from and cron]", "[{cron: 3}]", "[{from: 1}]"])
def test_a_malformed_freeze_is_a_finding_of_the_schema(fleet: Fleet, freeze: str) -> None:
    head = "clusters/prod/environment.yaml"
    fleet.write(head, with_freezes(fleet, f"  freezes: {freeze}\n"))
    code, findings = fleet.check()
    assert code == 10
    assert findings[0]["rule"].startswith("schema.")


def test_the_heads_own_rules_count_where_the_base_has_none(tmp_path: Path) -> None:
    fleet = Fleet.create(tmp_path)
    remove(fleet, "policies")
    git(fleet.root, "commit", "--quiet", "--message=no policies")
    git(fleet.root, "checkout", "--quiet", "HEAD^", "--", "policies")
    assert fleet.check()[0] == 0


def test_a_base_with_policies_for_another_lockstep_is_one_error(fleet: Fleet) -> None:
    fleet.edit("policies/main.rego", "#   input: 2\n", "#   input: 1\n")
    git(fleet.root, "commit", "--quiet", "--all", "--message=older policies")
    git(fleet.root, "switch", "--quiet", "--create", "pull")
    fleet.edit("policies/main.rego", "#   input: 1\n", "#   input: 2\n")
    fleet.edit(FAMILY, *OUTSIDE)
    fleet.commit("bring my own")
    code, findings = fleet.check("--base", "main")
    assert code == 1
    assert [finding["rule"] for finding in findings] == ["run.could-not-run"]
    assert findings[0]["file"] == "policies/main.rego"


THRESHOLD = ("policies/rules/min-replicas/thresholds.yaml", "production: 2", "production: two")


def test_a_malformed_threshold_is_one_finding(fleet: Fleet) -> None:
    fleet.edit(*THRESHOLD)
    code, findings = fleet.check()
    assert (code, rules(findings)) == (10, ["schema.type"])
    git(fleet.root, "commit", "--quiet", "--all", "--message=malformed")
    code, findings = fleet.check("--base", "main")
    assert (code, rules(findings)) == (10, ["schema.type"])


def test_a_malformed_threshold_of_the_base_is_not_a_pass(fleet: Fleet) -> None:
    fleet.edit(*THRESHOLD)
    git(fleet.root, "commit", "--quiet", "--all", "--message=malformed")
    path, right, wrong = THRESHOLD
    fleet.edit(path, wrong, right)
    code, findings = fleet.check()
    assert code == 1
    assert {finding["rule"] for finding in findings} == {"policy.error"}
