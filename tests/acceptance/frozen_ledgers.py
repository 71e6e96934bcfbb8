"""Makes the ledgers in tests/data/ledger-frozen, with the program and real parts of the day.

Run by hand, for stories that are not there yet, and never for those that are (see README.md
there): ``python -m tests.acceptance.frozen_ledgers STORY...`` from the root of the repository, with
OPA and Prometheus on PATH. MLflow, git and ssh-keygen are real, too; of the servers that http-json
and argocd ask only the answers are made up.
"""

import hashlib
import math
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from tests.acceptance.argocd_server import argocd
from tests.acceptance.logged_counts import log
from tests.acceptance.prometheus_server import History, Samples, prometheus
from tests.acceptance.promotions import Stages, create_stages
from tests.acceptance.rollouts import DAY, HEAD, rewrite, share_with_arm
from tests.acceptance.test_approvals import LEAD, approve, decision_of, list_approvers
from tests.acceptance.world import FAMILY, REGIONS, World, create_world
from tests.unit.json_server import JsonServer, Reply, json_server
from tests.unit.ssh_keys import make_key

FROZEN = Path(__file__).resolve().parents[1] / "data" / "ledger-frozen"
DIGESTS = FROZEN / "digests.txt"
BEGIN = datetime(2026, 3, 1, 6, tzinfo=UTC)
MINUTES = 16 * 60

OFFLINE = """\
    - {name: offline, source: mlflow, metric: auc, dataset: "holdout-{region}", min: 0.8,
       when: propose}
"""
COUNTED = """\
    - {name: errors, source: prometheus, measure: error_ratio, compare: {harm: 3}}
    - {name: error-bound, source: prometheus, measure: error_ratio, max: 0.1}
    - {name: scraped, source: prometheus, query: max(up), min: 1}
    - {name: wrong, source: mlflow, counts: fpr, dataset: "live-{region}", max: 0.2,
       compare: {harm: 3}}
"""
SEGMENTED = COUNTED.replace("counts: fpr,", "counts: fpr, segments: [retail, travel],")
ASKED = """\
    - {name: drift, source: http-json, server: reports, path: "/{cluster}", value: /share, max: 0.3,
       samples: /rows, minSamples: 1000}
    - {name: status, source: http-json, server: reports, path: "/{cluster}", value: /status,
       equals: ok}
    - {name: go, source: approval, role: release-managers}
"""


def whole(world: World, keys: Path) -> None:
    """Adopted, and version 2 proposed, held, resumed and verified, on evidence of each source."""
    with serving(world, errors=1.0, keys=keys, gates=OFFLINE + COUNTED + ASKED):
        for region in REGIONS:
            for version, total in (("1", 6000), ("2", 600)):
                counts = noisy(90, total, f"{region} {version}")
                log(world, version, counts, minutes=5, dataset=f"live-{region}")
        world.merge_proposal()
        forward(world, "08:00")
        world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}08:20:00Z")
        world.must("resume", FAMILY, "--reason", "it is answered", at=f"{DAY}08:30:00Z")
        for hour in ("10", "12", "13", "15"):
            approve(world, keys, LEAD, f"lockstep/approve/{decision_of(world, hour)}")
            forward(world, f"{hour}:00")


def rolled_back(world: World, keys: Path) -> None:
    """Version 2 fails a comparison and is released, and version 3 fails a bound.

    Beside them are comparisons that are inconclusive, a gap, an error, and a NaN that hides no
    failure.
    """
    with serving(world, errors=3.5, keys=keys, gates=SEGMENTED):
        for segment in ("retail", "travel"):
            stem = f"fpr.{segment}"
            log(world, "1", noisy(40, 3000, segment), minutes=5, stem=stem)
            for first in (1, 6):  # not the fifth
                log(world, "2", noisy(4, 30, f"{segment} {first}"), first, minutes=5, stem=stem)
            log(world, "2", noisy(5, 30, segment), 10, minutes=5, stem=stem)
            log(world, "3", [(math.nan, 100)], 36, minutes=5, stem=stem)
        world.merge_proposal()
        forward(world, "08:00")
        forward(world, "08:56", code=12)
        world.must("release", FAMILY, "2", "--reason", "a bug of the gateway", at=f"{DAY}09:30:00Z")
        world.merge_proposal("3", at=f"{DAY}10:00:00Z")
        forward(world, "10:05")
        for minute, value in ((30, 0.5), (40, math.nan)):
            world.measure("3", value, at=f"{DAY}10:{minute}:00Z")
        world.measure("3", 0.9, at=f"{DAY}18:00:00Z")
        forward(world, "11:12", code=12)


def arm(world: World, keys: Path) -> None:
    """An arm of an experiment that is ended."""
    share_with_arm(world, 70)
    world.must("adopt", FAMILY, "--reason", "an A/B test", at=f"{DAY}08:30:00Z")
    world.must("revert", FAMILY, "2", "--reason", "it is worse", at=f"{DAY}12:00:00Z")


def live(world: World, keys: Path) -> None:
    """A step bakes from when Argo CD has it live; the next one crashes, and is rolled back in two
    commits.
    """
    with pytest.MonkeyPatch.context() as patch, argocd(world, patch) as syncing:
        syncing.sync(f"{DAY}07:00:00Z")
        world.merge_proposal()
        forward(world, "08:00")
        forward(world, "08:30", code=12)
        syncing.sync(f"{DAY}08:40:00Z", REGIONS[0])
        forward(world, "09:40")
        syncing.degraded.add(f"scoring-{REGIONS[0]}-v2")
        syncing.sync(f"{DAY}09:45:00Z", REGIONS[0])
        forward(world, "09:50", code=12)
        syncing.sync(f"{DAY}09:55:00Z", REGIONS[0])
        forward(world, "10:00", code=12)


def promoted(world: World, keys: Path) -> None:
    """What staging has verified is promoted to prod by a gate on its ledger, and gets traffic."""
    stages = Stages(world.folder)
    stages.tag("2")
    gate = "{name: served, source: ledger, when: promote, served: 2h, verdicts: pass}"
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", f"  gates:\n    - {gate}\n", 1))
    stages.merge(stages.promoted("scoring", at=f"{DAY}18:00:00Z")["branch"])
    stages.do(FAMILY, "advance", at=f"{DAY}18:10:00Z")
    world.git("pull", "--quiet")


STORIES: dict[str, Callable[[World, Path], None]] = {
    "whole": whole,
    "rolled-back": rolled_back,
    "arm": arm,
    "live": live,
    "promoted": promoted,
}
WORLDS: dict[str, Callable[[Path], World]] = {"promoted": create_stages}
"""What a story begins with where that is not the world of the others."""


@contextmanager
def serving(world: World, errors: float, keys: Path, gates: str) -> Iterator[None]:
    """Both regions with a Prometheus, and what the gates ask; of the candidate's requests
    ``errors`` in a hundred are bad, of the stable version's one.
    """
    with ExitStack() as stack:
        url = stack.enter_context(prometheus(history(errors), world.folder / "prometheus"))
        reports: JsonServer = stack.enter_context(json_server(
            lambda _: Reply({"share": 0.125, "rows": 4000, "status": "ok"})
        ))  # fmt: skip
        list_approvers(world, [(LEAD, make_key(keys, LEAD), "")])
        settings = f"thresholds:\n  http:\n    servers:\n      reports: {{url: {reports.url}}}\n"
        rewrite(world, "policies/data/http.yaml", lambda _: settings)
        rewrite(world, "clusters/prod/environment.yaml", lambda text: re.sub(
            r"(destination: prod-[a-z0-9-]+)", rf'\1, prometheus: "{url}"', text
        ))  # fmt: skip
        rewrite(world, HEAD, lambda text: text.replace("  gates:\n", f"  gates:\n{gates}"))
        world.must("check")
        yield


def history(errors: float) -> History:
    found: dict[str, Samples] = {
        "up": [(BEGIN + timedelta(minutes=n), 1.0) for n in range(MINUTES)]
    }
    for region in REGIONS:
        for version, total, bad in (("1", 2000, 1.0), ("2", 200, errors), ("3", 200, 1.0)):
            workload = f"scoring-{region}-v{version}"
            labels = (
                f'reporter="destination",destination_workload="{workload}",pod="{workload}-a",'
                'destination_workload_namespace="scoring",response_code='
            )
            counts = noisy(MINUTES, total, workload, bad / 100)
            found[f'istio_requests_total{{{labels}"200"}}'] = summed(t - b for b, t in counts)
            found[f'istio_requests_total{{{labels}"500"}}'] = summed(b for b, _ in counts)
    return found


def summed(counts: Iterable[float]) -> Samples:
    """A counter that is scraped each minute."""
    return [(BEGIN + timedelta(minutes=n), value) for n, value in enumerate(accumulate(counts))]


def noisy(length: int, total: int, seed: str, ratio: float = 0.01) -> list[tuple[float, float]]:
    """Counts of bad ones and of all, by block, that vary a little more than by chance alone."""
    chance = random.Random(seed)

    def about(mean: float) -> float:
        return float(max(0, round(chance.gauss(mean, 1.2 * math.sqrt(mean)))))

    totals = [about(total) for _ in range(length)]
    return [(min(each, about(each * ratio)), each) for each in totals]


def forward(world: World, time: str, code: int = 0) -> None:
    found, said = world.lockstep("advance", FAMILY, at=f"{DAY}{time}:00Z")
    assert found == code, said
    world.git("pull", "--quiet")


def make(story: str, folder: Path) -> None:
    """Live through a story, and keep its ledger in ``folder``; nothing private may be in it."""
    with tempfile.TemporaryDirectory() as scratch:
        world = WORLDS.get(story, create_world)(Path(scratch))
        keys = Path(scratch) / "keys"
        keys.mkdir()
        STORIES[story](world, keys)
        world.must("audit", FAMILY, "--verify", "--replay")
        shutil.copytree(world.clone / "ledger" / FAMILY, folder)
        for record in folder.iterdir():
            assert scratch not in record.read_text() and "127.0.0.1" not in record.read_text()


def main(stories: list[str]) -> None:
    """Make the stories, and add the digests of their records to the list."""
    os.environ["GIT_CONFIG_GLOBAL"] = os.environ["GIT_CONFIG_SYSTEM"] = os.devnull
    for story in stories:
        make(story, FROZEN / story)
        lines = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(FROZEN)}\n"
            for path in sorted((FROZEN / story).iterdir())
        ]
        with DIGESTS.open("a") as digests:
            digests.writelines(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
