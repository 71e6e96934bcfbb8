"""The first and the last chapter of the demo: a bad pull request, and the proof."""

import json
from typing import Any

from lockstep.model.exit_codes import ExitCode
from lockstep_demo.fleet_files import FAMILY, RISKY_EDITS, cluster_path, rendered_path
from lockstep_demo.payments import REGIONS
from lockstep_demo.scene import Scene

_EXPECTED = (
    ("ap-south-1", "policy.weights-sum", "{name: stable"),
    ("ap-south-1", "policy.not-diverged", "{name: stable"),  # the record still says 100
    ("us-east-1", "policy.image-by-digest", "image:"),
    ("eu-west-1", "policy.data-residency", "privacy:"),
)


NIGHT = "2026-03-03T03:30:00+01:00"
"""While version 3 is in its second wave: before it fails in the third."""


def bad_pull_request(scene: Scene) -> None:
    """Three careless edits, each found at its line and column."""
    narrator, git = scene.narrator, scene.git
    narrator.chapter("1. A bad pull request is stopped")
    narrator.say(
        "A pull request changes three files: weights that sum to 99, an image without a digest, "
        "and a cluster in the EU whose logs go to the US."
    )
    scene.by_hand("switch", "--quiet", "--create", "careless-change")
    for region, (old, new) in RISKY_EDITS.items():
        path = git.root / cluster_path(region)
        path.write_text(path.read_text().replace(old, new, 1))
    narrator.output(scene.edits())
    scene.lockstep("render")
    scene.git("add", "--all")
    scene.by_hand("commit", "--quiet", "--message", "Tune the fraud clusters")
    scene.lockstep("check", expect=ExitCode.DENIED)
    # Again as JSON, because the claims are about places and not about words.
    text = scene.lockstep("check", "--format", "json", expect=ExitCode.DENIED, show=False)
    narrator.say("The demo verifies that each mistake is reported:")
    findings = json.loads(text)["findings"]
    for region, rule, mistake in _EXPECTED:
        _claim_finding(scene, findings, cluster_path(region), rule, mistake)
    narrator.claim(len(findings) == len(_EXPECTED), "nothing else is reported; exit code 11")
    scene.by_hand("switch", "--quiet", "main")


def _claim_finding(
    scene: Scene, findings: list[dict[str, Any]], path: str, rule: str, mistake: str
) -> None:
    lines = (scene.git.root / path).read_text().splitlines()
    line, column = next(
        (number, text.index(mistake) + 1) for number, text in enumerate(lines, 1) if mistake in text
    )
    matching = [
        finding
        for finding in findings
        if (finding["rule"], finding["file"], finding["line"]) == (rule, path, line)
        # A finding may be at the item's dash, two columns before it, or at a value inside it.
        and finding["column"] in range(column - 2, len(lines[line - 1]) + 1)
        and finding["fix"]
    ]
    text = f"{rule} is reported at {path}:{line}, where the mistake is, with a fix"
    scene.narrator.claim(len(matching) == 1, text, json.dumps(findings, indent=2))


def proof(scene: Scene) -> None:
    """Show that the records explain every decision, and that git agrees with them."""
    narrator = scene.narrator
    narrator.chapter("7. All of it can be proved")
    narrator.say(
        "Every decision is a record in the repository: who decided what, when and why. The "
        "newest of them:"
    )
    scene.lockstep("audit", scene.family, "--last", "4")
    narrator.say(
        "What did each region serve one night, since when, and by whose decision? At half past "
        "three in the morning, Berlin's time:"
    )
    _claim_night(scene)
    narrator.say(
        "Each verdict can be computed again from the evidence in its record alone, and the "
        "records form a chain whose files have not changed since:"
    )
    _claim_clean(scene, "every verdict is confirmed", "audit", scene.family, "--replay")
    _claim_clean(scene, "the chain of records is complete", "audit", scene.family, "--verify")
    _claim_clean(scene, "nothing on main is invalid or denied", "check")
    narrator.say(
        "The last rollback brought back what was verified, byte by byte. Without Lockstep, git "
        "alone confirms it against the record that verified 2:"
    )
    _claim_bytes(scene)
    narrator.say("The state of the family now, in its two environments:")
    scene.lockstep("status", FAMILY)


def _claim_night(scene: Scene) -> None:
    """In the night of the first failure, the EU still served what the others had left."""
    scene.lockstep("audit", scene.family, "--at", NIGHT)
    text = scene.lockstep("audit", scene.family, "--at", NIGHT, "--format", "json", show=False)
    (family,) = json.loads(text)["items"]
    found = {
        each["region"]: [v["version"] for v in each["variants"] if v["weight"]]
        for each in family["clusters"]
    }
    scene.narrator.claim(
        found == {"ap-south-1": ["3"], "us-east-1": ["3"], "eu-west-1": ["2"]},
        "version 3 served in two regions that night, and eu-west-1 had version 2",
        text,
    )


def _claim_clean(scene: Scene, text: str, *command: str) -> None:
    code, output = scene.run(*command)
    scene.narrator.claim(code == ExitCode.CLEAN, f"{scene.typed(*command)}: {text}", output)


def _claim_bytes(scene: Scene) -> None:
    """Compare the objects of the newest rollback with those that the verified record names."""
    verified = _verified(scene)["spec"]["verifiedState"]
    restored = scene.git(
        "log", "-1", "--format=%h", "--grep=^Lockstep-Action: restore$", "origin/main", "--",
        f"ledger/{scene.environment}",
    )  # fmt: skip
    for region in REGIONS:
        path, folder = cluster_path(region), rendered_path(region)
        for place, wanted in (
            (path, verified["files"].get(path)),
            (folder, verified["folders"].get(folder)),
        ):
            found = scene.git("rev-parse", f"{restored}:{place}")
            text = f"git rev-parse {restored}:{place} is {found[:12]}, as verified"
            scene.narrator.claim(found == wanted, text, f"the record says {wanted}, git {found}")


def _verified(scene: Scene) -> Any:
    """The newest record that verified a state."""
    newest: int = scene.record()["metadata"]["sequence"]
    records = (scene.record(number) for number in range(newest, 0, -1))
    return next(record for record in records if record["spec"]["action"] == "verify")
