"""``promote`` against hostile and broken input: forged records, malformed files, odd gates."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.environments import copy_prod, name_predecessor
from tests.acceptance.promotions import (
    DAY,
    PROD,
    SETTINGS,
    STAGING,
    Stages,
    declare,
)
from tests.acceptance.rollouts import add_sibling, publish

SERVED = "{name: served, source: ledger, when: promote, served: 1h}"
LATER = f"{DAY}10:00:00Z"


@pytest.fixture
def stages(stages: Stages) -> Stages:
    """Prod's registry says which version it is that staging has verified."""
    stages.tag("2")
    return stages


def record(stages: Stages, number: int) -> Any:
    return json.loads((stages.clone / "ledger" / STAGING / f"{number:06d}.json").read_text())


def digest_of_record(stages: Stages, number: int) -> str:
    """The digest of a record of staging, as the next one has it."""
    return str(record(stages, number + 1)["spec"]["previous"])


def proposed(stages: Stages) -> Path:
    """The record of a promotion, on its branch, which is checked out."""
    branch = stages.promoted("scoring")["branch"]
    stages.git("fetch", "--quiet", "origin")
    stages.git("switch", "--quiet", "--detach", f"origin/{branch}")
    return sorted((stages.clone / "ledger" / PROD).glob("*.json"))[-1]


def checked(stages: Stages) -> tuple[int, str]:
    """What the check says of all that is committed here, as a change to the followed branch."""
    stages.git("add", "--all")
    stages.git("commit", "--quiet", "--amend", "--no-edit")
    return stages.lockstep("check", "--base", "origin/main", at=LATER)


@pytest.mark.parametrize(
    "number", [1, 5, None], ids=["other content", "no verification", "no such"]
)
def test_a_record_that_has_not_verified_the_content_is_no_source(
    stages: Stages, number: int | None
) -> None:
    forged = digest_of_record(stages, number) if number else "sha256:" + "0" * 64
    file = proposed(stages)
    body = json.loads(file.read_text())["spec"]["promotedFrom"]
    text = file.read_text().replace(body["record"], forged)
    file.write_text(text.replace('"sequence": 7\n', f'"sequence": {number or 7}\n', 1)
                    if number else text)  # fmt: skip
    assert json.loads(file.read_text())["spec"]["promotedFrom"]["record"] == forged
    code, said = checked(stages)
    assert code == 10, said
    assert f"it promotes version 3 of {STAGING}" in said and "has not verified" in said


def test_an_environment_that_is_not_the_predecessor_is_no_source(stages: Stages) -> None:
    file = proposed(stages)
    file.write_text(file.read_text().replace('"environment": "staging"', '"environment": "prod"'))
    code, said = checked(stages)
    assert code == 10 and f"it promotes from {PROD}, and the predecessor of prod is staging" in said


@pytest.mark.parametrize("to", [None, "other"], ids=["removed", "replaced"])
def test_a_change_of_the_predecessor_lets_nothing_in_with_it(
    stages: Stages, to: str | None
) -> None:
    """What staging has not verified is denied, whatever the same change says of staging."""
    clusters = stages.clone / "clusters"
    if to:
        copy_prod(clusters / "prod", clusters / to)
    name_predecessor(clusters / "prod", to)
    stages.do(PROD, "lock", "3", at=LATER)
    for region in ("us-east-1", "eu-west-1"):
        file = stages.clone / f"clusters/{PROD}/{region}.yaml"
        item = "weight: 100}\n    - {name: candidate, version: '3', weight: 0}"
        file.write_text(file.read_text().replace("weight: 100}", item))
    stages.must("render")
    stages.git("switch", "--quiet", "--create", "change")
    publish_on(stages, "change")
    code, said = stages.lockstep("check", "--base", "origin/main", at=LATER)
    assert code != 0 and "its content has not been verified in" in said, said


def publish_on(stages: Stages, branch: str) -> None:
    stages.git("add", "--all")
    stages.git("commit", "--quiet", "-m", "by hand")
    stages.git("push", "--quiet", "origin", branch)


@pytest.mark.parametrize(
    ("environment", "predecessor"),
    [("prod", "prod"), ("staging", "prod")],
    ids=["itself", "circle"],
)
def test_predecessors_in_a_circle_promote_nothing(
    stages: Stages, environment: str, predecessor: str
) -> None:
    name_predecessor(stages.clone / "clusters" / environment, predecessor)
    publish(stages)
    for arguments in (("prod/scoring",), ("prod/scoring", "2"), ("--all",)):
        code, said = stages.promote(*arguments)
        assert stages.branches() == [] and "Traceback" not in said
        assert code in (0, 10, 11), said
    code, said = stages.lockstep("check", "--all", at=LATER)
    assert code == 10 and "the predecessors lead back to this environment" in said


@pytest.mark.parametrize("bake", ["24", "[24h]", "tomorrow", "null"])
def test_a_bake_that_is_no_length_of_time_promotes_nothing(stages: Stages, bake: str) -> None:
    stages.policy(f"{{bake: {bake}, automatic: [scoring, unknown]}}")
    for arguments in (("scoring",), ("--all",)):
        code, said = stages.promote(*arguments)
        assert code in (10, 11) and "Traceback" not in said, said
        assert "spec.promotion" in said or "spec/promotion" in said
    assert stages.branches() == [] and stages.newest(PROD)["spec"]["action"] == "adopt"
    code, said = stages.lockstep("status", "scoring", at=LATER)
    assert code != 1 and "Traceback" not in said


def test_a_bake_of_nothing_and_one_of_decades_are_lengths_of_time(stages: Stages) -> None:
    stages.policy("{bake: 9999d}")
    code, said = stages.promote("scoring")
    assert code == 12 and "prod asks for 9999d: until 2053-" in said
    stages.policy("{bake: 0s}")
    assert stages.promoted("scoring")["outcome"] == "proposed"


def test_a_gate_of_a_segment_that_is_not_there_is_not_passed_by_another_gate(
    stages: Stages,
) -> None:
    vip = "{name: vip, source: mlflow, when: promote, segment: vip, metric: auc, "
    vip += "dataset: holdout, min: 0.1}"
    declare(stages, SERVED, vip)
    code, said = stages.promote("scoring")
    assert code == 11, said
    assert f"no cluster of {STAGING} is of the segment vip" in said and "the gate vip" in said
    assert stages.branches() == []


def test_gates_are_not_asked_about_a_version_whose_lock_is_gone(stages: Stages) -> None:
    stages.adopt_in_staging("4", at=f"{DAY}01:00:00Z")
    lock = stages.clone / f"clusters/{STAGING}/locks/3.yaml"
    kept = lock.read_bytes()
    lock.unlink()
    declare(stages, SERVED)
    code, said = stages.promote("prod/scoring", "2")
    assert code == 11, said
    assert "has no lock of version 3" in said and f"lockstep lock {STAGING} 3" in said
    lock.write_bytes(kept)
    publish(stages)
    assert stages.promoted("prod/scoring", "2")["outcome"] == "proposed"


def test_of_all_families_only_those_that_wait_are_clean(stages: Stages) -> None:
    everything = ("--all", "--waiting-is-clean")
    stages.policy("{bake: 24h, automatic: [scoring]}")
    assert stages.promote("--all")[0] == 12
    code, said = stages.promote(*everything)
    assert code == 0 and "prod asks for 24h: until" in said
    declare(stages, SERVED.replace("1h", "1h, verdicts: pass"))
    stages.policy("{automatic: [scoring]}")
    stages.edit(f"clusters/{STAGING}/eu-west-1.yaml", 'version: "3"', 'version: "1"')
    code, said = stages.promote(*everything)
    assert code == 12 and "has diverged from its newest record" in said
    code, said = stages.promote("scoring", "--waiting-is-clean")
    assert code == 2 and "--waiting-is-clean is for --all" in said


def test_a_gate_that_fails_needs_a_person_and_one_that_waits_does_not(stages: Stages) -> None:
    stages.policy("{automatic: [scoring]}")
    declare(stages, SERVED.replace("served: 1h", "served: 24h"))
    assert stages.promote("--all", "--waiting-is-clean")[0] == 0
    stages.do(STAGING, "adopt", "--reason", "settled", at=f"{DAY}01:00:00Z")
    declare(stages, SERVED.replace("name: served", "name: more").replace("1h", "1h, requests: 10"))
    code, said = stages.promote("--all", "--waiting-is-clean", "--format", "json")
    assert code == 0 and json.loads(said)["items"][0]["needsPerson"] is False, said


def test_what_is_in_quarantine_is_nothing_to_promote_among_all(stages: Stages) -> None:
    stages.roll(PROD, "2", DAY, "01")
    stages.do(PROD, "revert", "2", "--reason", "slow", at=f"{DAY}02:00:00Z")
    stages.policy("{automatic: [scoring]}")
    code, said = stages.promote("--all")
    assert code == 0 and f"nothing to promote: version 3 of {STAGING} is in quarantine" in said
    assert stages.promote("scoring")[0] == 11
    assert stages.newest(PROD)["spec"]["action"] == "restore"


TENANTS = """\
  tenants:
    - name: credit
      owner: credit-ml@example.com
      namespaces: [scoring, twin]
      quota: {cpu: "5", memory: 64Gi}
      budget: 1000000
"""


def test_an_automatic_proposal_has_to_fit_beside_the_other_families(stages: Stages) -> None:
    """Each family has room for a candidate of its own, and not the two of them together."""
    add_sibling(stages)
    stages.policy("{automatic: [scoring]}")
    settings = stages.clone / SETTINGS
    settings.write_text(settings.read_text().replace("spec:\n", f"spec:\n{TENANTS}", 1))
    stages.must("render")
    publish(stages)
    stages.must("check", "--all", at=LATER)
    code, said = stages.promote("--all")
    assert code == 11, said
    assert "the check of a pull request would not pass" in said and "tenant-quota" in said
    assert stages.newest(PROD)["spec"]["action"] == "adopt"
    stages.edit(SETTINGS, 'cpu: "5"', 'cpu: "6"')
    code, said = stages.promote("--all")
    assert code == 0 and f"{PROD}: version 2 is proposed: " in said
