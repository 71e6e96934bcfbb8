"""A fleet of two environments with a registry for each, in which versions are promoted."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockstep.cli import invoke
from tests.acceptance.environments import copy_prod, name_predecessor
from tests.acceptance.rollouts import HEAD, publish, rewrite
from tests.acceptance.world import MODEL, REGIONS, World, connect, create_world
from tests.unit.mlflow_store import MLMODEL, Store, create_store

STAGING, PROD = "staging/scoring", "prod/scoring"
DAY = "2026-03-02T"
"""Promotions happen the day after staging has verified its version 3, at 16:00."""
LAB = "scoring-lab"
VERIFIED_AT = "2026-03-01T16:00:00Z"
SETTINGS = "clusters/prod/environment.yaml"

_OWN_REGISTRY = {STAGING: "staging-registry/mlflow.db", PROD: "mlflow.db"}


@dataclass
class Stages(World):
    """As World, with staging before prod.

    The model ``scoring`` of staging's registry has in its version 3 the content that version 2 of
    prod's registry has. Staging has verified 3; prod serves 1, whose content staging knows, too.
    Where they have a ``shared`` registry, the model of staging is called ``scoring-lab``.
    """

    shared: bool = False

    def registry_of(self, family: str) -> str:
        return f"sqlite:///{self.folder / _OWN_REGISTRY[PROD if self.shared else family]}"

    def client(self, family: str) -> Any:
        import mlflow

        # Of a copy, MLflow asks the default registry of the process for the logged model.
        mlflow.set_tracking_uri(self.registry_of(family))
        return mlflow.MlflowClient(self.registry_of(family), self.registry_of(family))

    def on(self, family: str, verb: str, *rest: str, at: str) -> tuple[int, str]:
        """Run a verb about a family with its environment's own registry."""
        command = [verb, family, *rest, "--root", str(self.clone), "--now", at]
        return invoke([*command, "--registry-uri", self.registry_of(family)])

    def promote(self, *arguments: str, at: str = f"{DAY}08:00:00Z") -> tuple[int, str]:
        """Run promote with prod's registry."""
        where = ["--root", str(self.clone), "--registry-uri", self.registry_of(PROD)]
        return invoke(["promote", *arguments, *where, "--now", at])

    def promoted(self, *arguments: str, at: str = f"{DAY}08:00:00Z") -> Any:
        """The one result of a promotion that has to end with exit code 0, as data."""
        code, said = self.promote(*arguments, "--format", "json", at=at)
        assert code == 0, said
        (item,) = json.loads(said)["items"]
        return item

    def do(self, family: str, verb: str, *rest: str, at: str) -> str:
        """Run a verb that has to succeed (see on)."""
        code, said = self.on(family, verb, *rest, at=at)
        assert code == 0, said
        return said

    def digest(self, family: str, version: str) -> str:
        """The digest in the lock of a version."""
        text = (self.clone / "clusters" / family / "locks" / f"{version}.yaml").read_text()
        found = re.search("sha256:[0-9a-f]{64}", text)
        assert found
        return found[0]

    def tag(self, version: str, digest: str | None = None) -> None:
        """Have a version of prod's registry say that it has a content; by default staging's."""
        wanted = digest or self.digest(STAGING, "3")
        self.client(PROD).set_model_version_tag(MODEL, version, "lockstep.digest", wanted)

    def merge(self, branch: str) -> None:
        """Merge a proposal's branch into main, and publish that."""
        self.git("fetch", "--quiet", "origin")
        self.git("merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}")
        self.git("push", "--quiet", "origin", "main")

    def roll(self, family: str, version: str, day: str, *hours: str) -> None:
        """Propose a version, merge that, and advance at these hours of a day."""
        at = f"{day}{hours[0]}:00:00Z"
        said = self.do(family, "propose", version, "--format", "json", at=at)
        self.merge(json.loads(said)["items"][0]["branch"])
        for hour in hours:
            self.do(family, "advance", at=f"{day}{hour}:00:00Z")

    def adopt_in_staging(self, version: str, at: str) -> None:
        """Have staging serve a version in the place of 3, and record that as verified."""
        self.do(STAGING, "lock", version, at=at)
        for region in REGIONS:
            file = self.clone / f"clusters/{STAGING}/{region}.yaml"
            text = file.read_text()
            assert 'version: "3"' in text
            file.write_text(text.replace('version: "3"', f'version: "{version}"'))
        self.must("render")
        publish(self, f"Serve version {version} in staging")
        self.do(STAGING, "adopt", "--reason", "by hand", at=at)

    def newest(self, family: str) -> Any:
        """The newest record of a family on the work tree's branch."""
        path = sorted((self.clone / "ledger" / family).glob("*.json"))[-1]
        return json.loads(path.read_text())

    def branches(self) -> list[str]:
        """The branches of promotions to prod at the origin."""
        listed = self.git("ls-remote", "--heads", str(self.origin), "refs/heads/lockstep/prod/*")
        return [line.partition("refs/heads/")[2] for line in listed.splitlines()]

    def policy(self, text: str) -> None:
        """Give prod a promotion policy, in flow style."""
        file = self.clone / SETTINGS
        old = file.read_text()
        promotion = f"  promotion: {text}\n"
        if "promotion:" in old:
            file.write_text(re.sub("  promotion: .*\n", promotion, old))
        else:
            file.write_text(old.replace("spec:\n", f"spec:\n{promotion}", 1))
        publish(self, "Set the promotion policy")


def declare(stages: Stages, *gates: str) -> None:
    """Have the family in prod ask these gates of its promotions."""
    listed = "".join(f"    - {gate}\n" for gate in gates)
    rewrite(stages, HEAD, lambda text: text.replace("  gates:\n", f"  gates:\n{listed}", 1))


def create_stages(folder: Path, *, shared: bool = False) -> Stages:
    """The fleet that Stages describes."""
    create_world(folder)
    made = Stages(folder, shared)
    model, store = MODEL, None
    if shared:
        client = made.client(PROD)
        (experiment,) = client.search_experiments(filter_string="name = 'test'")
        model, store = LAB, Store(folder, client, experiment.experiment_id)
    store = store or create_store(folder / "staging-registry")
    for content in ("1", "extra", "2", "3"):
        files = {"MLmodel": MLMODEL, "model.txt": f"version {content}"}
        _, model_id, run = store.version(model, files)
        for step, region in enumerate(REGIONS):
            store.measure(run, model_id, "auc", 0.9, f"holdout-{region}", step=step)
    _add_staging(made.clone / "clusters", model)
    shutil.rmtree(made.clone / "clusters" / STAGING / "locks")
    made.do(STAGING, "lock", "1", at="2026-03-01T06:00:00Z")
    made.must("render")
    publish(made, "Add staging")
    made.do(STAGING, "adopt", "--reason", "first", at="2026-03-01T07:00:00Z")
    made.roll(STAGING, "3", "2026-03-01T", "08", "09", "11", "12", "16")
    assert made.newest(STAGING)["spec"]["action"] == "verify"
    return made


def _add_staging(clusters: Path, model: str) -> None:
    staging = clusters / "staging"
    copy_prod(clusters / "prod", staging)
    name_predecessor(clusters / "prod", "staging")
    for path in staging.rglob("*.yaml"):
        text = path.read_text().replace("replicas: 2", "replicas: 1")
        text = text.replace("min: 0.8}", "min: 0.7}")
        text = text.replace("https://mlflow.example.com", "https://mlflow.staging.example.com")
        path.write_text(text.replace("mlflow, name: scoring}", f"mlflow, name: {model}}}"))


def copy_stages(template: Stages, folder: Path) -> Stages:
    """A copy to change at will, with registries of its own."""
    shutil.copytree(template.folder, folder, symlinks=True, dirs_exist_ok=True)
    made = Stages(folder, template.shared)
    connect(made.clone, str(made.origin))
    return made
