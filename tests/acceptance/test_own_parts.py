"""Rules and templates of a fleet's own: written or brought in by a verb, and tested at once."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.fleets import FAMILY, ROOT, Fleet, rules
from tests.acceptance.test_shipped_policies import DIFFER, fleet
from tests.acceptance.world import git

__all__ = ["fleet"]

WHY = ("--owner", "ml-platform@example.com", "--reason", "ours is stricter")


def run(fleet: Fleet, *arguments: str) -> tuple[int, str]:
    return invoke([*arguments, "--root", str(fleet.root)])


def untouched(fleet: Fleet) -> bool:
    return not git(fleet.root, "status", "--porcelain")


@pytest.mark.parametrize("scope", ["cluster", "family", "environment"])
def test_a_new_rule_passes_its_tests_and_counts(fleet: Fleet, scope: str) -> None:
    name = f"my-{scope}"
    code, said = run(fleet, "policy", "new", name, "--scope", scope, "--category", "cost")
    assert code == 0 and f"lockstep policy test --rule {name}" in said
    code, said = run(fleet, "policy", "test")
    assert code == 0 and "100 %" in said, said
    fleet.commit("a rule of our own")
    assert fleet.check("--all") == (0, [])
    code, said = run(fleet, "policy", "list")
    assert name in said and "added" in said
    edits = {
        "cluster": (FAMILY, "timeout: 2s", "timeout: 2s\n      retries: {attempts: 9}"),
        "family": (FAMILY, "weight: 10,", "weight: 40,"),
        "environment": ("clusters/prod/environment.yaml", "budget: 3000", "budget: 30000"),
    }
    fleet.edit(*edits[scope])
    assert f"policy.{name}" in rules(fleet.check()[1])


def test_a_new_rule_in_a_sub_folder_is_written_to_the_fleet(fleet: Fleet) -> None:
    code, _ = invoke(["policy", "new", "mine", "--root", str(fleet.root / "clusters/prod")])
    assert code == 0 and (fleet.root / "policies/rules/mine/mine.rego").is_file()


@pytest.mark.parametrize("name", ["freeze", "Mine", "if", "../../x", "mine-test"])
def test_a_name_that_cannot_be_used_writes_nothing(fleet: Fleet, name: str) -> None:
    code, said = run(fleet, "policy", "new", name)
    assert code == 2 and "fix:" in said and untouched(fleet)


def test_a_category_that_there_is_not_writes_nothing(fleet: Fleet) -> None:
    code, said = run(fleet, "policy", "new", "mine", "--category", "costs")
    assert code == 2 and "use one of traffic, " in said and untouched(fleet)


def test_a_rule_is_not_written_twice(fleet: Fleet) -> None:
    assert run(fleet, "policy", "new", "mine")[0] == 0
    code, said = run(fleet, "policy", "new", "mine")
    assert code == 2 and "already" in said


def test_a_rule_that_is_brought_in_is_replaced_and_named(fleet: Fleet) -> None:
    code, said = run(fleet, "policy", "copy", "min-replicas", *WHY)
    assert code == 0 and DIFFER in said
    assert run(fleet, "policy", "test")[0] == 0
    code, findings = fleet.check()
    assert (code, rules(findings)) == (0, ["rules.replaced"])


def test_a_template_that_is_brought_in_is_clean_before_and_after_its_edit(fleet: Fleet) -> None:
    assert run(fleet, "template", "copy", "service", *WHY)[0] == 0
    assert fleet.check() == (0, [])
    path = fleet.root / "templates/service/service.yaml.j2"
    path.write_text(path.read_text() + "# ours\n")
    code, findings = fleet.check()
    assert (code, rules(findings)) == (0, ["rules.replaced"])


def test_what_people_wrote_in_rules_yaml_stays(fleet: Fleet) -> None:
    text = "# ours\nthresholds:\n  rules:\n    # off\n    switchedOff: {} # none\n"
    fleet.write(DIFFER, text)
    assert run(fleet, "policy", "copy", "freeze", *WHY)[0] == 0
    assert run(fleet, "template", "copy", "service", *WHY)[0] == 0
    after = (fleet.root / DIFFER).read_text()
    kept = [line for line in after.splitlines() if line in text.splitlines()]
    assert kept == text.splitlines()
    assert fleet.check()[0] == 0


def test_where_the_entry_cannot_be_written_nothing_is(fleet: Fleet) -> None:
    fleet.write(DIFFER, "thresholds: {rules: {switchedOff: {freeze: {owner: a, reason: b}}}}\n")
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=in one line")
    code, said = run(fleet, "policy", "copy", "min-replicas", *WHY)
    assert code == 10 and "add to it: policies/rules/min-replicas:" in said and untouched(fleet)


def test_where_a_file_cannot_be_written_none_is(fleet: Fleet) -> None:
    fleet.write("templates", "not a folder")
    code, said = run(fleet, "template", "copy", "service", *WHY)
    assert code == 1 and not (fleet.root / DIFFER).exists(), said


def test_a_repository_that_has_all_itself_is_refused(tmp_path: Path) -> None:
    complete = Fleet.create(tmp_path)
    for verb in (("policy", "copy", "freeze"), ("template", "copy", "service")):
        code, said = run(complete, *verb, *WHY)
        assert code == 2 and "has all policies and templates itself" in said
    assert run(complete, "policy", "new", "mine")[0] == 0


def test_progress_is_shown_on_a_terminal_only(fleet: Fleet) -> None:
    argv = [sys.executable, "-m", "lockstep", "policy", "test", "--rule", "min-replicas",
            "--root", str(fleet.root)]  # fmt: skip
    piped = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert piped.stderr == ""
    ours, theirs = pty.openpty()
    # The logs of CI have a terminal, too, and show none.
    env = {name: value for name, value in os.environ.items() if name != "CI"} | {"TERM": "xterm"}
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=theirs, check=True, env=env)
    os.close(theirs)
    assert b"examples of min-replicas (1 of 1)" in os.read(ours, 4096)
    os.close(ours)
    assert done.stdout.decode() == piped.stdout


def test_the_thresholds_and_entries_that_a_page_shows_are_valid(fleet: Fleet) -> None:
    text = (ROOT / "docs/how-to/own-rules.md").read_text().split("## Worked examples")[0]
    thresholds, entry = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    fleet.write("policies/rules/min-replicas/thresholds.yaml", thresholds)
    fleet.write(DIFFER, entry)
    found = set(rules(fleet.check()[1]))
    assert {"rules.switched-off", "rules.thresholds"} <= found
    assert not [rule for rule in found if rule.startswith(("schema.", "data.", "yaml."))]
