"""The two rollouts of the demo: a good version to its end, and a bad one there and back."""

from typing import Any

from lockstep.model.clock import parse_duration
from lockstep.model.exit_codes import ExitCode
from lockstep_demo.fleet_files import FAMILY, FOLDER
from lockstep_demo.narrator import ClaimFailed
from lockstep_demo.scene import Scene
from lockstep_demo.training import Quality
from lockstep_demo.transactions import REGIONS

_MOST_DECISIONS = 20
_TRAILERS = ("Lockstep-Action", "Lockstep-Family", "Lockstep-Decision", "Lockstep-Reason")
_ONLY_2 = [{"name": "stable", "version": "2", "weight": 100}]


def good_version(scene: Scene) -> None:
    """Version 2 walks through every wave and step until it is verified."""
    tell = scene.narrator
    tell.chapter("2. A good version sails through")
    _propose_and_merge(scene, "2")
    tell.say(
        "Each advance asks the gates and makes at most one decision. Nobody waits here for the "
        "hours of a bake: the clock is an edge of Lockstep, and --now moves it. Payments come in "
        "meanwhile. Each is scored by the version to which the weights in git send it, and what "
        "came of it goes to MLflow: an evaluation of the dataset live-<region>, with the false "
        "positive rate and its sample count. That is all that the gates see."
    )
    before = _commits(scene)
    actions = _walk(scene, explain=2)
    tell.say("Version 2 has gone all the way.")
    tell.claim(actions[-1] == "verify", "the last decision verifies version 2", str(actions))
    _claim_only_2(scene)
    made = _commits(scene) - before
    tell.claim(made == len(actions), f"{len(actions)} decisions made {made} commits", str(actions))
    tell.say("Each commit says what it is, in trailers:")
    tell.output(scene.git("log", "-1", "--format=%B", "origin/main"))
    for number in range(made):
        _claim_trailers(scene, f"origin/main~{number}")
    tell.claim(True, "every one of them carries the trailers")


def bad_version(scene: Scene) -> None:
    """Version 3 is caught in one region, and taken back in all of them."""
    tell = scene.narrator
    tell.chapter("3. A bad version is caught and taken back")
    tell.say(
        "Version 3 is the best so far on the holdout data. It looks at how long the customer's "
        "device is known. But since that data was collected, browsers in eu-west-1 have begun to "
        "hide the device: to version 3, many honest customers there look like thieves."
    )
    _propose_and_merge(scene, "3")
    actions = _walk(scene, explain=0)
    restored = scene.record()["spec"]
    tell.say("The records of the way back:")
    tell.output(scene.git("log", "-1", "--format=%B", "origin/main"))
    tell.claim(
        restored["action"] == "restore" and restored["to"]["phase"] == "steady",
        "the last decision restores the verified state", str(actions),
    )  # fmt: skip
    _claim_only_2(scene)
    quarantine = scene.git("show", f"origin/main:{FOLDER}/quarantine.yaml")
    tell.claim('version: "3"' in quarantine, "version 3 stands in quarantine.yaml", quarantine)
    tell.say("Somebody tries again:")
    text = scene.lockstep("propose", FAMILY, "3", expect=ExitCode.DENIED)
    tell.claim("quarantine" in text, "version 3 cannot be proposed again, and is told why", text)


def _propose_and_merge(scene: Scene, version: str) -> None:
    """A candidate on a branch, looked at and merged by people."""
    reason = f"version {version} was trained on the payments of January"
    text = scene.lockstep("propose", FAMILY, version, "--reason", reason)
    branch = next(word for word in text.split() if word.startswith("lockstep/"))
    scene.narrator.say("What the branch changes: candidate, lock, manifests and a record.")
    scene.narrator.output(scene.git("diff", "--stat=90", f"main...{branch}"))
    scene.by_hand("merge", "--quiet", "--ff-only", branch)
    scene.by_hand("push", "--quiet", "origin", "main")


def _walk(scene: Scene, explain: int) -> list[str]:
    """Advance, serve, advance, until the family is steady; the actions of the decisions.

    The first ``explain`` advances are shown whole, and so is the one that takes a version back.
    Raises ClaimFailed where an advance decides nothing, or there is no end to them.
    """
    actions: list[str] = []
    while len(actions) < _MOST_DECISIONS:
        before = scene.record()["metadata"]["sequence"]
        text = _advance(scene, whole=len(actions) < explain)
        record = scene.record()
        newest = record["metadata"]["sequence"]
        if newest == before:
            raise ClaimFailed(f"lockstep advance decided nothing:\n{text}")
        actions += [scene.record(n)["spec"]["action"] for n in range(before + 1, newest + 1)]
        if record["spec"]["to"]["phase"] == "steady":
            return actions
        if explain and len(actions) == 1:
            scene.narrator.say("An advance before the bake is over moves nothing (exit code 12):")
            scene.lockstep("advance", FAMILY, expect=ExitCode.GATE_CLOSED)
            scene.narrator.say("Let payments come in. Honest ones that were stopped, by version:")
        _bake(scene, record)
    raise ClaimFailed(f"no end after {len(actions)} decisions")


def _advance(scene: Scene, *, whole: bool) -> str:
    """Run one advance; whole, or its first line where it simply moves on."""
    code, text = scene.run("advance", FAMILY)
    if whole or code != ExitCode.CLEAN:
        scene.narrator.command(scene.typed("advance", FAMILY))
        scene.narrator.output(text)
    else:
        scene.narrator.clock(scene.now, text.splitlines()[0].split(": ", 1)[-1])
    return text


def _bake(scene: Scene, record: Any) -> None:
    """Serve traffic for as long as the newest step bakes."""
    spec = record["spec"]
    step = spec["plan"]["steps"][spec["to"]["step"]]
    counted = scene.serve(parse_duration(step["bake"]))
    cells = [f"{region} {_stopped(found)}" for region, found in counted.items()]
    scene.narrator.clock(scene.now, "stopped: " + "; ".join(cells))


def _stopped(found: dict[str, Quality]) -> str:
    return ", ".join(f"v{v} {100 * q.false_positive_rate:.1f} %" for v, q in found.items())


def _claim_only_2(scene: Scene) -> None:
    for region in REGIONS:
        found = scene.variants(region)
        text = f"in git, {region} serves version 2 and nothing else"
        scene.narrator.claim(found == _ONLY_2, text, str(found))


def _claim_trailers(scene: Scene, revision: str) -> None:
    message = scene.git("log", "-1", "--format=%(trailers:only,unfold)", revision)
    missing = [name for name in _TRAILERS if f"{name}:" not in message]
    if missing:
        raise ClaimFailed(f"{revision} lacks the trailers {missing}:\n{message}")


def _commits(scene: Scene) -> int:
    return int(scene.git("rev-list", "--count", "origin/main"))
