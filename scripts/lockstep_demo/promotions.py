"""The chapter on promotions: one is refused, one waits for its bake, and one passes."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from lockstep.model.exit_codes import ExitCode
from lockstep.model.times import format_time, parse_duration, parse_time
from lockstep_demo.fleet_files import ENVIRONMENT, FAMILY
from lockstep_demo.payments import REGIONS, STAGING_REGIONS
from lockstep_demo.registry import MODEL, STAGING_MODEL, copy_version, register
from lockstep_demo.rollouts import claim_only, merge, propose_and_merge, roll
from lockstep_demo.scene import Scene
from lockstep_demo.staging_files import BAKE, PREDECESSOR, STAGING, edited, staging_files
from lockstep_demo.traffic import Traffic
from lockstep_demo.training import FEBRUARY

_MORNING = parse_time("2026-03-04T09:00:00Z")
_HOURLY = 8_000  # simulated payments
_FIRST, _NEW = "1", FEBRUARY.version


def promotions(scene: Scene) -> None:
    """Staging comes before production from now on, and three promotions are tried.

    ``scene`` is that of production, where the last one has given the new version its first step.
    """
    narrator = scene.narrator
    narrator.chapter("6. Staging comes first: a promotion is refused, waits, and passes")
    narrator.say(
        "Customers were the first to meet version 3. So an environment comes before production: "
        "staging, with two other regions, one small pod in each, a shorter rollout and simulated "
        f"payments. Its model {STAGING_MODEL} has numbers of its own in the registry, and MLflow "
        f"copies versions between it and {MODEL}. Staging begins with what has been tried there "
        "since January, a copy of version 3:"
    )
    scene.now = max(scene.now, _MORNING)
    # With two environments, commands name the one that they mean.
    scene.family = f"{ENVIRONMENT}/{FAMILY}"
    store = scene.traffic.store
    staging = replace(
        scene, environment=STAGING, regions=tuple(STAGING_REGIONS), family=f"{STAGING}/{FAMILY}",
        traffic=Traffic(store, scene.traffic.seed, STAGING_MODEL, _HOURLY),
    )  # fmt: skip
    copy_version(store, "3", MODEL, STAGING_MODEL)
    _add_staging(staging)
    _refused(scene)
    _verify_in_staging(staging)
    scene.now = staging.now
    number = copy_version(store, _NEW, STAGING_MODEL, MODEL)
    _waits(scene, number)
    _passes(scene, number)


def _add_staging(scene: Scene) -> None:
    """The files of staging, and production that names it as its predecessor, adopted."""
    git = scene.git
    for path, data in staging_files(_FIRST).items():
        (git.root / path).parent.mkdir(parents=True, exist_ok=True)
        (git.root / path).write_bytes(data)
    for path, edits in PREDECESSOR.items():
        (git.root / path).write_text(edited((git.root / path).read_text(), edits))
    scene.narrator.output(scene.edits())
    scene.lockstep("lock", scene.family, _FIRST)
    scene.lockstep("render")
    git("add", "--all")
    scene.by_hand("commit", "--quiet", "--message", "Put staging before prod")
    scene.lockstep("check")
    scene.by_hand("push", "--quiet", "origin", "main")
    scene.lockstep("adopt", scene.family, "--reason", "version 1 has served since January")


def _refused(scene: Scene) -> None:
    narrator = scene.narrator
    narrator.say(
        "Simulated customers do not hide their devices, so in staging nothing is wrong with it. "
        "But its content is in quarantine in production, whatever its number is elsewhere, so its "
        "promotion is refused (exit code 11):"
    )
    before = _tips(scene)
    text = scene.lockstep("promote", FAMILY, expect=ExitCode.DENIED)
    narrator.claim(
        "quarantine" in text and _tips(scene) == before,
        "the promotion is refused for the quarantine, and nothing is proposed", text,
    )  # fmt: skip


def _verify_in_staging(scene: Scene) -> None:
    """The new version is trained, proposed in staging, and verified there."""
    narrator = scene.narrator
    register(scene.traffic.store, FEBRUARY, scene.traffic.seed, scene.now, STAGING_MODEL)
    narrator.say(
        f"Version {_NEW} of staging is trained on the payments of February, without the device. It "
        "is proposed in staging, and rolls out there:"
    )
    propose_and_merge(scene, _NEW, "trained on the payments of February")
    actions = roll(scene, explain=0)
    narrator.claim(actions[-1] == "verify", f"staging has verified version {_NEW}", str(actions))
    claim_only(scene, _NEW)


def _waits(scene: Scene, number: str) -> None:
    narrator = scene.narrator
    narrator.say(
        f"MLflow has copied it: it is version {number} of {MODEL} too. Production asks that a "
        f"version serves in staging for {BAKE} first, so its promotion waits (exit code 12):"
    )
    until = format_time(scene.now + parse_duration(BAKE))
    before = _tips(scene)
    text = scene.lockstep("promote", FAMILY, expect=ExitCode.GATE_CLOSED)
    narrator.claim(
        until in text and _tips(scene) == before,
        f"it waits until {until}, and nothing is proposed", text,
    )  # fmt: skip


def _passes(scene: Scene, number: str) -> None:
    narrator = scene.narrator
    narrator.say(
        "A day later it passes. The proposal says what differs between the two environments and "
        "stays as it is; only the version is carried over:"
    )
    scene.now += parse_duration(BAKE) + timedelta(minutes=1)
    merge(scene, scene.lockstep("promote", FAMILY))
    _claim_origin(scene, number)
    narrator.say("From there it is a rollout like any other, beginning with a tenth of one region:")
    scene.lockstep("advance", scene.family)
    found = {region: scene.weights(region) for region in REGIONS}
    (first,) = scene.record()["spec"]["plan"]["waves"][0]
    wanted = {region: {"2": 100} for region in REGIONS} | {first: {"2": 90, number: 10}}
    narrator.claim(
        found == wanted, f"{first} gives version {number} a tenth, and the others have version 2",
        str(found),
    )  # fmt: skip


def _claim_origin(scene: Scene, number: str) -> None:
    """Claim that the newest record proposes what staging has verified, and has asked its gate."""
    record = scene.record()["spec"]
    origin = record["promotedFrom"]
    verified = replace(scene, environment=STAGING).record(origin["sequence"])["spec"]
    scene.narrator.claim(
        record["target"]["version"] == number
        and record["target"]["digest"] == verified["target"]["digest"]
        and (origin["environment"], verified["action"]) == (STAGING, "verify"),
        f"version {number} is what staging has verified in its record {origin['sequence']}",
        str(record),
    )  # fmt: skip
    asked = [item for item in record["evidence"] if item["gate"]["source"] == "ledger"]
    scene.narrator.claim(
        {item["verdict"] for item in asked} == {"pass"},
        f"the ledger of staging answered the gate {asked[0]['gate']['name']}", str(asked),
    )  # fmt: skip


def _tips(scene: Scene) -> Collection[str]:
    """What every branch of the origin leads to."""
    return scene.git("ls-remote", "--heads", "origin").splitlines()
