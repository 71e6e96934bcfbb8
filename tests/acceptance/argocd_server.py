"""Argo CD at the wire: an API server on loopback that has synced what a test says.

Its answers have the form of Argo CD 3.6.1's. What it has synced comes from the real origin: an
Application shows the content that the followed branch had when the test let it sync.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from lockstep.edges import clock
from lockstep.model.times import format_time
from tests.acceptance.rollouts import HEAD, rewrite
from tests.acceptance.world import REGIONS, World, git
from tests.unit.json_server import Reply, Request, json_server

TOKEN = "a-token-of-a-test"


@dataclass
class FakeArgoCD:
    """What it has synced, oldest first, by region: the commit and the time at which it had it.

    ``degraded`` are Deployments that it shows as Degraded; with ``down`` it answers nobody.
    """

    world: World
    synced: dict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: {each: [] for each in REGIONS}
    )
    degraded: set[str] = field(default_factory=set)
    down: bool = False

    def sync(self, at: str, *regions: str) -> None:
        """Have the tip of the followed branch synced in these regions, in all by default."""
        tip = git(self.world.origin, "rev-parse", "main")
        for region in regions or REGIONS:
            self.synced[region].append((tip, at))

    def answer(self, request: Request) -> Reply:
        """What the API server says to ``GET /api/v1/applications/NAME``."""
        region = request.path.removeprefix("/api/v1/applications/prod-scoring-")
        if self.down:
            return Reply({"error": "upstream is gone"}, status=503)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}" or region not in self.synced:
            return Reply({"error": "permission denied"}, status=403)
        return Reply(self._application(region))

    def _application(self, region: str) -> Any:
        folder = f"rendered/prod/clusters/scoring-{region}"
        wanted = yaml.safe_load(git(self.world.origin, "show", f"main:{folder}/application.yaml"))
        source, entries = wanted["spec"]["source"], self.synced[region]
        revision = entries[-1][0] if entries else ""
        compared = {"source": source, "destination": wanted["spec"]["destination"]}
        history = [
            {"id": number, "revision": commit, "deployedAt": at, "source": source}
            for number, (commit, at) in enumerate(entries)
        ]
        return {
            "metadata": wanted["metadata"],
            "spec": wanted["spec"],
            "status": {
                "sync": {"status": "Synced", "revision": revision, "comparedTo": compared},
                "health": {"status": "Healthy"},
                "history": history,
                "resources": list(self._deployments(revision, folder)) if revision else [],
                # Commits are of now, whatever time a test gives to the verbs.
                "reconciledAt": format_time(clock.now()),
            },
        }

    def _deployments(self, revision: str, folder: str) -> Iterator[Any]:
        listed = git(self.world.origin, "ls-tree", "--name-only", f"{revision}:{folder}")
        for name in listed.split():
            if name.startswith("deployment-"):
                text = git(self.world.origin, "show", f"{revision}:{folder}/{name}")
                meta = yaml.safe_load(text)["metadata"]
                health = "Degraded" if meta["name"] in self.degraded else "Healthy"
                yield {
                    "group": "apps", "kind": "Deployment", "namespace": meta["namespace"],
                    "name": meta["name"], "status": "Synced", "health": {"status": health},
                }  # fmt: skip


@contextmanager
def argocd(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeArgoCD]:
    """An Argo CD that the environment names and that a gate of the family asks."""
    made = FakeArgoCD(world)
    with json_server(made.answer) as server:
        monkeypatch.setenv("ARGOCD_AUTH_TOKEN", TOKEN)
        gate = "  gates:\n    - {name: live, source: argocd}\n"
        rewrite(world, HEAD, lambda text: text.replace("  gates:\n", gate))
        url = server.url.replace("127.0.0.1", "localhost")  # records name no machine
        address = f"    revision: main\n    server: {url}\n"
        rewrite(world, "clusters/prod/environment.yaml",
                lambda text: text.replace("    revision: main\n", address))  # fmt: skip
        yield made
