"""The chapter on live evidence: a canary is held without it, and rolled back when there is some."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from lockstep.gates.eprocess import ALPHA, ENOUGH_TO_PASS
from lockstep.model.exit_codes import ExitCode
from lockstep.model.times import parse_time
from lockstep_demo.counters import Counters
from lockstep_demo.fleet_files import FAMILY, FOLDER, live_comparison
from lockstep_demo.narrator import ClaimFailed
from lockstep_demo.prometheus import HOW_TO_GET_IT, MISSING, Programs, free_port, serving
from lockstep_demo.registry import register
from lockstep_demo.rollouts import claim_only, claim_quarantine, propose_and_merge
from lockstep_demo.scene import Scene
from lockstep_demo.traffic import PAYMENTS_AN_HOUR
from lockstep_demo.training import ALMOST_CURED

_REGION, _GATE, _BOUND = "eu-west-1", "false-positives", 0.03
_STABLE, _CANDIDATE = "2", ALMOST_CURED.version
_NIGHT = parse_time("2026-03-04T04:00:00Z")
_NIGHTLY = 300  # payments an hour
_BAKE, _DELAY, _PAUSE = timedelta(hours=1), timedelta(minutes=1), timedelta(minutes=20)
_MOST_LOOKS = 12


def live_evidence(scene: Scene, programs: Programs | None, folder: Path) -> None:
    """Version 4 is held while there are few payments, and rolled back when there are many.

    ``folder`` is a new one for the data of Prometheus. Without its ``programs`` the chapter says
    that it is left out.
    """
    narrator = scene.narrator
    narrator.chapter("5. Live evidence: a canary is held, and then rolled back")
    if not programs:
        narrator.say(f"This chapter is left out: {MISSING}. To get it: {HOW_TO_GET_IT}.")
        return
    narrator.say(
        "Version 3 served two regions for hours before it failed in the third. So the team puts "
        "that region first. Prometheus now counts honest payments, and those of them that were "
        "stopped, and the gate compares both versions in the same minutes. (environment.yaml has "
        "the address of each region's Prometheus.)"
    )
    port = free_port()
    _change_gates(scene, f"http://127.0.0.1:{port}")
    found = register(scene.traffic.store, ALMOST_CURED, scene.traffic.seed, scene.now)[_REGION]
    narrator.say(
        "Version 4 is to cure version 3: in its training data, some payments hide the device. On "
        f"holdout data of {_REGION} its AUC is {found.auc:.3f}, and it stops "
        f"{_percent(found.false_positive_rate)} of honest payments."
    )
    propose_and_merge(scene, _CANDIDATE, "version 4 has seen payments that hide the device")
    scene.now = _NIGHT
    scene.lockstep("advance", FAMILY)
    counters = Counters(_REGION, (_STABLE, _CANDIDATE), scene.now)
    live = _Live(scene, programs, folder, port, counters)
    _hold(scene, live)
    _roll_back(scene, live)


@dataclass
class _Live:
    """Payments of one region, and a Prometheus with what was counted of them."""

    scene: Scene
    programs: Programs
    folder: Path
    port: int
    counters: Counters
    starts: int = 0

    def serve(self, duration: timedelta, hourly: int) -> None:
        """Serve payments, count them, and move the clock."""
        scene, start = self.scene, self.scene.now
        scene.now += duration
        self.counters.add(
            scene.traffic.count_window(_REGION, scene.weights(_REGION), start, scene.now, hourly)
        )

    @contextmanager
    def prometheus(self) -> Iterator[None]:
        """The server with all samples until now, while the block runs."""
        self.starts += 1
        history, folder = self.counters.history(self.scene.now), self.folder / f"{self.starts}"
        # promtool writes samples before a server starts: one that runs takes only those of now.
        with serving(self.programs, history, folder, port=self.port):
            yield


def _change_gates(scene: Scene, url: str) -> None:
    git = scene.git
    for path, edits in live_comparison(url).items():
        text = (git.root / path).read_text()
        for old, new in edits:
            text = text.replace(old, new, 1)
        (git.root / path).write_text(text)
    scene.narrator.output(scene.edits(FOLDER))
    scene.lockstep("render")
    git("add", "--all")
    scene.by_hand("commit", "--quiet", "--message", "Compare false positives in Prometheus")
    scene.lockstep("check")
    scene.by_hand("push", "--quiet", "origin", "main")


def _hold(scene: Scene, live: _Live) -> None:
    narrator = scene.narrator
    narrator.say(
        f"At night only {_NIGHTLY} payments an hour come in, and the canary gets a tenth of them. "
        "After an hour the step has baked, but so few payments show neither harm nor its absence. "
        "The canary is held (exit code 12):"
    )
    live.serve(_BAKE + _DELAY, _NIGHTLY)
    before = scene.record()
    with live.prometheus():
        scene.lockstep("advance", FAMILY, expect=ExitCode.GATE_CLOSED)
        item = _waiting(scene)
    _show(scene, item)
    result = item["comparison"]
    narrator.claim(
        item["verdict"] == "inconclusive" and result["noHarm"] < ENOUGH_TO_PASS,
        "version 4 waits: there is not enough evidence of no harm",
        json.dumps(item),
    )
    narrator.claim(scene.record() == before, "nothing was decided, and nothing committed")


def _roll_back(scene: Scene, live: _Live) -> None:
    narrator = scene.narrator
    narrator.say(
        f"In the morning {PAYMENTS_AN_HOUR:,} payments an hour come in, and Lockstep looks every "
        f"{_PAUSE.total_seconds() / 60:g} minutes. The limit of 3 % does not find version 4, "
        "but the evidence of harm grows until it is enough:"
    )
    for _ in range(_MOST_LOOKS):
        live.serve(_PAUSE, PAYMENTS_AN_HOUR)
        with live.prometheus():
            item = _waiting(scene)
            if not item:
                scene.lockstep("advance", FAMILY, expect=ExitCode.GATE_CLOSED)
                break
        _show(scene, item)
    else:
        raise ClaimFailed("version 4 was not rolled back")
    newest = scene.record()["metadata"]["sequence"]
    item = _of_gate(scene.record(newest - 1)["spec"]["evidence"])
    _show(scene, item)
    bad, total = _sum(item, "candidate")
    narrator.claim(
        item["comparison"]["familyMean"] >= 1 / ALPHA and bad / total < _BOUND,
        f"the evidence of harm rolled it back; {_percent(bad / total)} is within the limit of 3 %",
        json.dumps(item),
    )
    claim_only(scene, _STABLE)
    claim_quarantine(scene, _CANDIDATE)


def _waiting(scene: Scene) -> Any:
    """The evidence of the gate while the family waits; None where a decision is due."""
    code, text = scene.run("advance", FAMILY, "--dry-run", "--format", "json")
    (found,) = json.loads(text)["items"]
    if code != ExitCode.GATE_CLOSED:
        raise ClaimFailed(f"lockstep advance --dry-run ended with {code}:\n{text}")
    return None if found["outcome"] == "dry-run" else _of_gate(found["evidence"])


def _of_gate(evidence: Any) -> Any:
    return next(item for item in evidence if item["gate"]["name"] == _GATE)


def _show(scene: Scene, item: Any) -> None:
    """The numbers that a verdict follows from, in two lines."""
    cells = []
    for role in ("candidate", "baseline"):
        bad, total = _sum(item, role)
        cells.append(f"{role} {bad:,} of {total:,} stopped ({_percent(bad / total)})")
    found = item["comparison"]
    scene.narrator.clock(scene.now, f"{'; '.join(cells)}; {len(item['answer']['blocks'])} blocks")
    scene.narrator.output(
        f"evidence of harm {found['familyMean']:.3g} (rolls back at {1 / ALPHA:g}), "
        f"of no harm {found['noHarm']:.3g} (moves on at {ENOUGH_TO_PASS:g})"
    )


def _sum(item: Any, role: str) -> tuple[int, int]:
    """What is bad, and what there is, in all blocks of one role."""
    counts = [block[role] for block in item["answer"]["blocks"]]
    return sum(count["bad"] for count in counts), sum(count["total"] for count in counts)


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"
