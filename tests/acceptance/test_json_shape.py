"""JSON has one shape for every verb, also where an error ends the run: as a pipeline reads it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.report.envelope import schemas, validator
from tests.acceptance.world import World


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "lockstep", *arguments], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def shape(text: str) -> Any:
    """What standard output holds: one object, as the schema of its verb says."""
    data = json.loads(text)
    assert data["schemaVersion"] == 1
    assert list(data)[:4] == ["schemaVersion", "verb", "exitCode", "summary"]
    if data["verb"]:
        validator(data["verb"]).validate(data)
    return data


@pytest.mark.parametrize(
    ("arguments", "verb", "says"),
    [
        (["status", "--format", "json", "--no-such"], "status", "No such option"),
        (["policy", "explain", "--format=json"], "policy explain", "Missing argument 'RULE'"),
        (["hold", "fraud", "--format", "json"], "hold", "Missing option '--reason'"),
        (["no-such-verb", "--format", "json"], "", "No such command"),
        (["policy", "bake", "--format", "json"], "policy", "No such command"),
        (["check", "--shard", "5", "--format", "json"], "check", "--shard"),
        (["audit", "--format", "json"], "audit", "not a git repository"),
        (["review", "--checked", "x", "--format", "json"], "review", "not a git repository"),
        (["drift", "--format", "json"], "drift", "not a git repository"),
        (["diff", "--format", "json"], "diff", "not a git repository"),
        (["comment", "--review", "x", "--head", "x", "--format", "json"], "comment", "--head"),
    ],
)
def test_an_error_that_ends_the_run_is_json_on_standard_output(
    tmp_path: Path, arguments: list[str], verb: str, says: str
) -> None:
    code, out, err = run(tmp_path, *arguments)
    data = json.loads(out)
    if f"{verb.replace(' ', '-')}.json" in schemas():
        shape(out)
    assert (data["verb"], data["exitCode"], code) == (verb, 2, 2)
    [finding] = data["findings"]
    assert finding["rule"] == "run.usage" and says in finding["message"] and finding["fix"]
    assert says in err
    # As text, the error is on standard error alone.
    words = [each for each in arguments if each not in ("--format", "json", "--format=json")]
    assert run(tmp_path, *words)[1] == ""


@pytest.mark.parametrize(
    "verb",
    [("status",), ("audit",), ("check",), ("render",), ("validate",), ("policy", "list"),
     ("lock", "--check"), ("advance", "--dry-run"), ("doctor",)],
)  # fmt: skip
def test_every_verb_prints_one_object(world: World, verb: tuple[str, ...]) -> None:
    code, said = world.lockstep(*verb, "--format", "json")
    data = shape(said)
    assert (data["verb"], data["exitCode"]) == (" ".join(verb).partition(" -")[0], code)
