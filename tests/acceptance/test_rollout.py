"""A version through the command line: proposed, advanced, verified, rolled back, audited."""

import json
from pathlib import Path

import pytest

from lockstep.cli import invoke
from tests.acceptance.reverts import in_state, proposed
from tests.acceptance.world import FAMILY, REGIONS, World, git

DAY = "2026-03-01T"


def advance(world: World, at: str) -> tuple[int, str]:
    return world.lockstep("advance", FAMILY, at=at)


def roll_to_the_end(world: World) -> None:
    """Every step of version 2 at its time; it ends verified."""
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")
    for hour in ("08", "10", "12", "14", "16"):
        code, said = advance(world, f"{DAY}{hour}:00:00Z")
        assert code == 0, said


def roll_into_the_second_wave(world: World) -> None:
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")
    for hour in ("08", "10", "12"):
        code, said = advance(world, f"{DAY}{hour}:00:00Z")
        assert code == 0, said


def test_adopt_makes_the_first_record_and_a_verified_state(world: World) -> None:
    (record,) = world.records()
    assert record["spec"]["action"] == "adopt"
    assert record["spec"]["verifiedState"]["folders"].keys() == {
        f"rendered/prod/clusters/scoring-{region}" for region in REGIONS
    }
    assert world.is_clean()
    assert world.git("rev-parse", "HEAD") == git(world.origin, "rev-parse", "main")


def test_propose_touches_nothing_but_a_new_branch(world: World) -> None:
    head = world.git("rev-parse", "HEAD")
    branch = world.propose()
    assert world.git("rev-parse", "HEAD") == head
    assert world.is_clean()
    changed = world.git("diff", "--name-only", "HEAD", branch).split()
    assert f"clusters/{FAMILY}/locks/2.yaml" in changed
    assert f"ledger/{FAMILY}/000002.json" in changed
    assert not any("deployment-v2" in path for path in changed)
    assert world.variants("us-east-1") == [{"name": "stable", "version": "1", "weight": 100}]


def test_a_second_proposal_of_the_same_state_finds_the_first(world: World) -> None:
    first = world.must("propose", FAMILY, "2", "--format", "json")
    branches = git(world.origin, "branch", "--list", "--verbose")
    assert world.must("propose", FAMILY, "2", "--format", "json", at=f"{DAY}09:00:00Z") == first
    assert git(world.origin, "branch", "--list", "--verbose") == branches
    assert world.git("branch", "--list", "lockstep/*") == ""


def test_a_healthy_version_ends_verified_everywhere(world: World) -> None:
    roll_to_the_end(world)
    assert [r["spec"]["action"] for r in world.records()] == [
        "adopt", "propose", "advance", "advance", "advance", "advance", "verify",
    ]  # fmt: skip
    for region in REGIONS:
        assert world.variants(region) == [{"name": "stable", "version": "2", "weight": 100}]
    assert world.lockstep("check")[0] == 0
    code, said = world.lockstep("audit", FAMILY, "--verify", "--replay")
    assert code == 0 and "7 records" in said


@in_state(proposed)
def test_each_advance_is_one_commit_with_trailers_that_name_its_record(world: World) -> None:
    before = world.git("rev-parse", "HEAD")
    assert advance(world, f"{DAY}08:00:00Z")[0] == 0
    assert world.git("rev-parse", "HEAD^") == before
    trailers = world.git("log", "-1", "--format=%(trailers:only,unfold)")
    newest = world.records()[-1]["spec"]
    assert f"Lockstep-Decision: {newest['id']}" in trailers
    assert "Lockstep-Action: advance" in trailers
    assert git(world.origin, "rev-parse", "main") == world.git("rev-parse", "HEAD")


@in_state(proposed)
def test_a_baking_step_commits_nothing_and_says_until_when(world: World) -> None:
    advance(world, f"{DAY}08:00:00Z")
    head = world.git("rev-parse", "HEAD")
    code, said = advance(world, f"{DAY}08:30:00Z")
    assert code == 12
    assert "baking until 2026-03-01T09:00:00Z" in said
    assert world.git("rev-parse", "HEAD") == head


@in_state(proposed)
def test_a_registry_that_is_not_named_is_no_closed_gate(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert advance(world, f"{DAY}08:00:00Z")[0] == 0
    asked = ["advance", FAMILY, "--root", str(world.clone), "--now", f"{DAY}12:00:00Z"]
    for more in ([], ["--waiting-is-clean"], ["--dry-run"]):
        code, said = invoke([*asked, *more])
        assert code == 1 and "not configured: no MLflow server is named" in said
    # One that is named and does not answer is waited for.
    code, said = invoke([*asked, "--registry-uri", "http://127.0.0.1:1"])
    assert code == 12 and "could not be asked" in said and "not configured" not in said


def test_a_bad_version_is_rolled_back_in_every_region_to_the_verified_bytes(world: World) -> None:
    before = world.git("rev-parse", "HEAD:clusters/prod/scoring/eu-west-1.yaml")
    roll_into_the_second_wave(world)
    world.measure("2", 0.5, f"{DAY}12:30:00Z", ("eu-west-1",))
    code, said = advance(world, f"{DAY}12:40:00Z")
    assert code == 12, said
    assert "auc in scoring-eu-west-1" in said
    verified = world.records()[0]["spec"]["verifiedState"]
    for folder, tree in verified["folders"].items():
        assert world.git("rev-parse", f"HEAD:{folder}") == tree
    assert world.git("rev-parse", "HEAD:clusters/prod/scoring/eu-west-1.yaml") == before
    shift, restore = (record["spec"] for record in world.records()[-2:])
    assert (shift["action"], restore["action"]) == ("shift", "restore")
    assert restore["restored"]["exact"] is True
    assert world.lockstep("check")[0] == 0
    assert world.lockstep("audit", "--verify", "--replay")[0] == 0


def test_shift_and_restore_are_two_records_in_one_commit(world: World) -> None:
    roll_into_the_second_wave(world)
    before = world.git("rev-parse", "HEAD")
    code, said = world.lockstep("revert", FAMILY, "--reason", "pager", at=f"{DAY}12:10:00Z")
    assert code == 0, said
    assert world.git("rev-parse", "HEAD^") == before
    added = world.git("diff", "--name-only", "--diff-filter=A", "HEAD^", "HEAD", "--", "ledger")
    assert added.split() == [f"ledger/{FAMILY}/00000{n}.json" for n in (6, 7)]
    assert world.git("log", "-1", "--format=%(trailers:only)").count("Lockstep-Decision:") == 2


def test_a_quarantined_version_is_refused_until_it_is_released_by_name(world: World) -> None:
    roll_into_the_second_wave(world)
    world.must("revert", FAMILY, "--reason", "false positives rose", at=f"{DAY}12:10:00Z")
    code, said = world.lockstep("propose", FAMILY, "2", at=f"{DAY}13:00:00Z")
    assert code == 11
    assert "false positives rose" in said and "lockstep release" in said
    assert world.lockstep("release", FAMILY, "3", "--reason", "x", at=f"{DAY}13:00:00Z")[0] == 2
    world.must("release", FAMILY, "2", "--reason", "data was fixed", at=f"{DAY}13:00:00Z")
    assert not (world.clone / f"clusters/{FAMILY}/quarantine.yaml").exists()
    world.must("propose", FAMILY, "2", at=f"{DAY}14:00:00Z")


def test_deleting_the_quarantine_file_releases_nothing(world: World) -> None:
    roll_into_the_second_wave(world)
    world.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}12:10:00Z")
    world.git("rm", "--quiet", f"clusters/{FAMILY}/quarantine.yaml")
    world.git("commit", "--quiet", "-m", "tidy up")
    world.git("push", "--quiet", "origin", "main")
    assert world.lockstep("propose", FAMILY, "2", at=f"{DAY}13:00:00Z")[0] == 11


def test_the_same_model_under_another_number_is_refused_by_its_digest(world: World) -> None:
    import mlflow

    roll_into_the_second_wave(world)
    world.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}12:10:00Z")
    mlflow.set_tracking_uri(world.registry)  # where MLflow itself looks for a logged model
    client = mlflow.MlflowClient(world.registry, world.registry)
    source = client.get_model_version("scoring", "2").source
    again = client.create_model_version("scoring", source)
    code, said = world.lockstep("propose", FAMILY, str(again.version), at=f"{DAY}13:00:00Z")
    assert code == 11 and "in quarantine" in said


@in_state(proposed)
def test_a_weight_edited_by_hand_is_diverged_and_only_a_rollback_moves(world: World) -> None:
    advance(world, f"{DAY}08:00:00Z")
    world.edit(f"clusters/{FAMILY}/us-east-1.yaml", "weight: 10}", "weight: 60}")
    head = world.git("rev-parse", "HEAD")
    for verb in (["advance", FAMILY], ["propose", FAMILY, "3"]):
        code, said = world.lockstep(*verb, at=f"{DAY}12:00:00Z")
        assert code == 12, said
        assert f"clusters/{FAMILY}/us-east-1.yaml" in said
    assert world.git("rev-parse", "HEAD") == head
    assert "diverged" in world.lockstep("status", at=f"{DAY}12:00:00Z")[1]
    assert world.lockstep("audit", "--verify")[0] == 13
    world.must("revert", FAMILY, "--reason", "hand-made weight", at=f"{DAY}12:00:00Z")
    assert world.lockstep("check")[0] == 0


def test_a_verified_version_can_still_be_rolled_back(world: World) -> None:
    roll_to_the_end(world)
    world.must("revert", FAMILY, "2", "--reason", "slow poison", at="2026-03-02T08:00:00Z")
    for region in REGIONS:
        assert world.variants(region) == [{"name": "stable", "version": "1", "weight": 100}]
    again = ("revert", FAMILY, "1", "--reason", "again")
    code, said = world.lockstep(*again, at="2026-03-02T09:00:00Z")
    assert code == 12, said  # the version that was rolled back must not return
    assert world.variants("eu-west-1")[0]["version"] == "1"


def test_people_s_other_edits_survive_a_restore_and_are_listed(world: World) -> None:
    roll_into_the_second_wave(world)
    world.edit(f"clusters/{FAMILY}/family.yaml", "replicas: 2", "replicas: 5", "more replicas")
    world.must("render")
    world.git("commit", "--quiet", "--all", "-m", "render")
    world.git("push", "--quiet", "origin", "main")
    world.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}12:10:00Z")
    restored = world.records()[-1]["spec"]["restored"]
    assert restored["exact"] is False
    assert restored["changed"] == [f"clusters/{FAMILY}/family.yaml#/spec/defaults/serving/replicas"]
    folder = world.clone / "rendered/prod/clusters/scoring-eu-west-1"
    assert "replicas: 5" in (folder / "deployment-v1.yaml").read_text()
    assert world.lockstep("check")[0] == 0


def test_when_templates_changed_the_verified_bytes_are_restored_and_marked(world: World) -> None:
    roll_into_the_second_wave(world)
    template = "templates/service/service.yaml.j2"
    text = (world.clone / template).read_text()
    (world.clone / template).write_text(text.replace("spec:", "# a new line\nspec:", 1))
    world.must("render")
    world.git("commit", "--quiet", "--all", "-m", "change a template")
    world.git("push", "--quiet", "origin", "main")
    world.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}12:10:00Z")
    folder = world.clone / "rendered/prod/clusters/scoring-eu-west-1"
    assert "# a new line" not in (folder / "service.yaml").read_text()
    assert json.loads((folder / "PROVENANCE").read_text())["restoredFrom"]
    assert world.lockstep("check")[0] == 0, "a restored folder is compared with the restored bytes"
    assert world.lockstep("render")[1].startswith("rendered/ is as")
    (folder / "service.yaml").write_text("kind: Hacked\n")
    assert world.lockstep("check")[0] == 10


def test_a_restore_waits_while_the_registry_denies_the_old_version(world: World) -> None:
    import mlflow

    roll_into_the_second_wave(world)
    mlflow.MlflowClient(world.registry, world.registry).delete_model_version("scoring", "1")
    code, said = world.lockstep("revert", FAMILY, "--reason", "bad", at=f"{DAY}12:10:00Z")
    assert code == 0 and "restore waits" in said
    assert [r["spec"]["action"] for r in world.records()][-1] == "shift"
    serving = [v for r in REGIONS for v in world.variants(r) if v["weight"] == 100]
    assert {v["version"] for v in serving} == {"1"}


def test_a_registry_that_cannot_be_asked_does_not_stop_a_rollback(world: World) -> None:
    roll_into_the_second_wave(world)
    (world.folder / "mlflow.db").unlink()
    world.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}12:10:00Z")
    assert world.records()[-1]["spec"]["unchecked"]
    assert world.variants("eu-west-1") == [{"name": "stable", "version": "1", "weight": 100}]


@pytest.mark.parametrize("broken", [True, False], ids=["broken", "without METADATA"])
def test_broken_rules_do_not_stop_a_rollback_and_are_recorded(world: World, broken: bool) -> None:
    roll_into_the_second_wave(world)
    rule = world.clone / "policies/rules/weights-sum/weights_sum.rego"
    rule.write_text(f"{rule.read_text()}\nthis is no rego\n" if broken else "# not a rule yet\n")
    world.git("commit", "--quiet", "--all", "-m", "break a rule")
    world.git("push", "--quiet", "origin", "main")
    code, said = advance(world, f"{DAY}14:00:00Z")
    assert code == 1, "forward, what could not be checked did not pass"
    said = world.must("revert", FAMILY, "--reason", "bad", at=f"{DAY}14:10:00Z")
    assert "unchecked: policy: " in said and "weights_sum.rego" in said
    for record in world.records()[-2:]:
        assert any(text.startswith("policy: ") for text in record["spec"]["unchecked"])
        assert any("weights_sum.rego" in text for text in record["spec"]["unchecked"])
    assert world.variants("eu-west-1") == [{"name": "stable", "version": "1", "weight": 100}]


@in_state(proposed)
def test_hold_and_resume_are_one_record_each(world: World) -> None:
    advance(world, f"{DAY}08:00:00Z")
    world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}08:10:00Z")
    code, said = advance(world, f"{DAY}12:00:00Z")
    assert code == 12 and "a question" in said
    world.must("resume", FAMILY, "--reason", "answered", at=f"{DAY}12:00:00Z")
    assert advance(world, f"{DAY}12:30:00Z")[0] == 12, "the bake starts again"
    assert advance(world, f"{DAY}13:00:00Z")[0] == 0
    assert [r["spec"]["action"] for r in world.records()][-3:] == ["hold", "resume", "advance"]


@pytest.mark.parametrize("field", ["value", "decidedAt", "reason"])
def test_an_edited_record_does_not_verify(world: World, field: str) -> None:
    roll_to_the_end(world)
    path: Path = world.clone / "ledger" / FAMILY / "000004.json"
    record = json.loads(path.read_text())
    if field == "value":
        record["spec"]["evidence"][0]["answer"]["candidate"]["value"] = 0.99
    else:
        record["spec"][field] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    code, said = world.lockstep("audit", "--verify")
    assert code == 13 and "000005.json" in said


def test_a_verdict_that_does_not_follow_from_its_evidence_does_not_replay(world: World) -> None:
    roll_to_the_end(world)
    path = world.clone / "ledger" / FAMILY / "000004.json"
    text = path.read_text()
    assert '"value": 0.9' in text
    path.write_text(text.replace('"value": 0.9', '"value": 0.1'))
    code, said = world.lockstep("audit", "--replay")
    assert code == 13 and "replay.verdict" in said
