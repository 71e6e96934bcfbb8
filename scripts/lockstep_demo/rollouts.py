"""The two rollouts of the demo: a healthy version to its end, and a bad one that is rolled back."""

from datetime import timedelta
from typing import Any

from lockstep.model.exit_codes import ExitCode
from lockstep.model.times import parse_duration
from lockstep_demo.fleet_files import FAMILY
from lockstep_demo.narrator import ClaimFailed
from lockstep_demo.scene import Scene
from lockstep_demo.training import Quality

# Three waves of three steps and the verification make about ten.
_MOST_DECISIONS = 20
_TRAILERS = ("Lockstep-Action", "Lockstep-Family", "Lockstep-Decision", "Lockstep-Reason")


def healthy_version(scene: Scene) -> None:
    """Version 2 rolls out through every wave and step until it is verified."""
    narrator = scene.narrator
    narrator.chapter("2. A healthy version rolls out")
    propose_and_merge(scene, "2")
    narrator.say(
        "Each advance evaluates the gates and makes at most one decision. --now moves the clock "
        "of Lockstep, so the demo does not wait for the hours of a bake. Meanwhile payments come "
        "in. The weights in git decide which version scores a payment, and the results are "
        "logged to MLflow: an evaluation of the dataset live-<region>, with the false positive "
        "rate and its sample count. The gate false-positives reads nothing else."
    )
    before = _commits(scene)
    actions = roll(scene, explain=2)
    narrator.say("Version 2 serves all traffic.")
    narrator.claim(actions[-1] == "verify", "the last decision verifies version 2", str(actions))
    claim_only(scene, "2")
    made = _commits(scene) - before
    narrator.claim(
        made == len(actions), f"{len(actions)} decisions made {made} commits", str(actions)
    )
    narrator.say("The trailers of each commit repeat the decision:")
    narrator.output(scene.git("log", "-1", "--format=%B", "origin/main"))
    for number in range(made):
        _claim_trailers(scene, f"origin/main~{number}")
    narrator.claim(True, "every one of these commits has the trailers")


def bad_version(scene: Scene) -> None:
    """Version 3 fails in one region, and is rolled back in all of them."""
    narrator = scene.narrator
    narrator.chapter("3. A bad version is detected and rolled back")
    narrator.say(
        "Version 3 is the best so far on the holdout data. It uses how long the customer's "
        "device has been known. Since that data was collected, browsers in eu-west-1 have begun "
        "to hide the device, so version 3 stops many honest payments there."
    )
    propose_and_merge(scene, "3")
    actions = roll(scene, explain=0)
    restored = scene.record()["spec"]
    narrator.say("The commit of the rollback:")
    narrator.output(scene.git("log", "-1", "--format=%B", "origin/main"))
    narrator.claim(
        restored["action"] == "restore" and restored["to"]["phase"] == "steady",
        "the last decision restores the verified state", str(actions),
    )  # fmt: skip
    claim_only(scene, "2")
    claim_quarantine(scene, "3")
    narrator.say("Proposing version 3 again is refused:")
    text = scene.lockstep("propose", scene.family, "3", expect=ExitCode.DENIED)
    narrator.claim(
        "quarantine" in text, "version 3 cannot be proposed again, and the output says why", text
    )


def rollback_by_hand(scene: Scene) -> None:
    """Somebody on call rolls back from a feature branch, and somebody else does it again."""
    narrator, git = scene.narrator, scene.git
    narrator.chapter("4. On call: a rollback from a feature branch, twice")
    narrator.say("Version 3 gets a second chance, and has a tenth of one region again.")
    scene.lockstep("release", scene.family, "3", "--reason", "eu-west-1 sends the device again")
    propose_and_merge(scene, "3")
    scene.lockstep("advance", scene.family)
    narrator.say(
        "An engineer is in the middle of something else, on a branch, when the pager rings. The "
        "rollback goes to the branch that Argo CD follows, whatever is checked out, and leaves "
        "the work tree as it is."
    )
    scene.by_hand("switch", "--quiet", "--create", "new-dashboard")
    (git.root / "notes.txt").write_text("half a thought\n")
    before = _commits(scene)
    scene.lockstep("revert", scene.family, "3", "--reason", "customers are refused at the till")
    claim_only(scene, "2")
    narrator.claim(
        git("status", "--porcelain") == "?? notes.txt",
        "the work tree is as it was", git("status", "--porcelain"),
    )  # fmt: skip
    narrator.say("A colleague saw the same page, and does the same a minute later:")
    scene.now += timedelta(minutes=1)
    text = scene.lockstep("revert", scene.family, "--reason", "customers are refused at the till")
    narrator.claim(_commits(scene) == before + 1, "two reverts made one commit", text)
    claim_only(scene, "2")
    (git.root / "notes.txt").unlink()
    scene.by_hand("switch", "--quiet", "main")
    scene.by_hand("pull", "--quiet", "--ff-only")


def propose_and_merge(scene: Scene, version: str, reason: str = "") -> None:
    """Propose a candidate on a branch, show what it changes, and merge it as a reviewer would."""
    reason = reason or f"version {version} was trained on the payments of January"
    text = scene.lockstep("propose", scene.family, version, "--reason", reason)
    scene.narrator.say("The branch adds the candidate, its lock, manifests and a record:")
    merge(scene, text)


def merge(scene: Scene, said: str) -> None:
    """Show what a proposal changes, and merge its branch; ``said`` is the output that names it."""
    branch = next(word for word in said.split() if word.startswith("lockstep/"))
    scene.narrator.output(scene.git("diff", "--stat=90", f"main...origin/{branch}"))
    scene.by_hand("merge", "--quiet", "--ff-only", f"origin/{branch}")
    scene.by_hand("push", "--quiet", "origin", "main")


def roll(scene: Scene, explain: int) -> list[str]:
    """Advance and serve in turn until the family is steady; the actions of the decisions.

    The first ``explain`` advances are shown whole, and so is the one that rolls a version back.
    Raises ClaimFailed if an advance decides nothing, or the rollout does not end.
    """
    actions: list[str] = []
    while len(actions) < _MOST_DECISIONS:
        before = scene.record()["metadata"]["sequence"]
        text = _advance(scene, whole=len(actions) < explain)
        record = scene.record()
        newest = record["metadata"]["sequence"]
        # Without a decision the loop would never end.
        if newest == before:
            raise ClaimFailed(f"lockstep advance decided nothing:\n{text}")
        # One advance may make two decisions: a shift, and the restore after it.
        actions += [scene.record(n)["spec"]["action"] for n in range(before + 1, newest + 1)]
        if record["spec"]["to"]["phase"] == "steady":
            return actions
        if explain and len(actions) == 1:
            scene.narrator.say("While the step bakes, an advance moves nothing (exit code 12):")
            scene.lockstep("advance", scene.family, expect=ExitCode.GATE_CLOSED)
            scene.narrator.say(
                "Payments come in. The share of honest ones that were stopped, by version:"
            )
        _bake(scene, record)
    raise ClaimFailed(f"no end after {len(actions)} decisions")


def _advance(scene: Scene, *, whole: bool) -> str:
    """Run one advance and show it: whole, or only what it decided if it moves on."""
    code, text = scene.run("advance", scene.family)
    if whole or code != ExitCode.CLEAN:
        scene.narrator.command(scene.typed("advance", scene.family))
        scene.narrator.output(text)
    else:
        scene.narrator.clock(scene.now, text.splitlines()[1].split(": ", 1)[-1])
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


def claim_only(scene: Scene, version: str) -> None:
    """Claim that a version serves everywhere, and nothing else does."""
    for region in scene.regions:
        found = scene.variants(region)
        text = f"in git, {region} serves version {version} and nothing else"
        only = [{"name": "stable", "version": version, "weight": 100}]
        scene.narrator.claim(found == only, text, str(found))


def claim_quarantine(scene: Scene, version: str) -> None:
    """Claim that a version is in quarantine."""
    path = f"clusters/{scene.environment}/{FAMILY}/quarantine.yaml"
    text = scene.git("show", f"origin/main:{path}")
    scene.narrator.claim(
        f'version: "{version}"' in text, f"version {version} is in quarantine.yaml", text
    )


def _claim_trailers(scene: Scene, revision: str) -> None:
    message = scene.git("log", "-1", "--format=%(trailers:only,unfold)", revision)
    missing = [name for name in _TRAILERS if f"{name}:" not in message]
    if missing:
        raise ClaimFailed(f"{revision} lacks the trailers {missing}:\n{message}")


def _commits(scene: Scene) -> int:
    return int(scene.git("rev-list", "--count", "origin/main"))
