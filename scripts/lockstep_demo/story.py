"""The story of the demo: sets up a scratch folder, and runs the chapters in their order."""

import os
import warnings
from datetime import datetime
from pathlib import Path
from typing import TextIO

from lockstep.model.errors import LockstepError
from lockstep.model.times import parse_time
from lockstep.opa.binary import find_opa
from lockstep_demo import chapters, evidence, promotions, rollouts
from lockstep_demo.fleet_files import FAMILY
from lockstep_demo.narrator import Narrator
from lockstep_demo.prometheus import HOW_TO_GET_IT, MISSING, find_prometheus
from lockstep_demo.registry import Store, create_store, register
from lockstep_demo.scene import Invoke, PlainGit, Scene, make_repositories, require_empty
from lockstep_demo.traffic import Traffic
from lockstep_demo.training import RECIPES

SEED = 7
_MORNING = "2026-03-02T08:00:00Z"


def play(folder: Path, invoke: Invoke, out: TextIO) -> None:
    """Run the whole demo in ``folder``, which is kept.

    ``invoke`` runs a command line of Lockstep in this process. Raises ClaimFailed if a claim of
    the demo does not hold, and LockstepError if a part is missing or the folder is in use.
    """
    folder = folder.resolve()
    require_empty(folder)
    # Before the training: a missing opa must not end the demo in the middle.
    find_opa()
    programs = find_prometheus()
    # A run of CI without it would look like one that has tried every chapter.
    if not programs and os.environ.get("CI"):
        raise LockstepError(MISSING, fix=HOW_TO_GET_IT)
    narrator, now = Narrator(out), parse_time(_MORNING)
    # MLflow and scikit-learn warn about each other's coming versions, in the middle of the story.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = _registry(folder, narrator, now)
        git = make_repositories(folder, RECIPES[0].version)
        scene = Scene(narrator, invoke, Traffic(store, SEED), git, now)
        _first_state(scene)
        chapters.bad_pull_request(scene)
        rollouts.healthy_version(scene)
        rollouts.bad_version(scene)
        rollouts.rollback_by_hand(scene)
        evidence.live_evidence(scene, programs, folder / "prometheus")
        promotions.promotions(scene)
        chapters.proof(scene)
    _farewell(narrator, store, git)


def _registry(folder: Path, narrator: Narrator, now: datetime) -> Store:
    narrator.chapter("Set-up")
    narrator.say(
        f"Everything is created in {folder}, with real parts: git, OPA, MLflow, scikit-learn."
    )
    narrator.say(
        "An MLflow registry on SQLite, and three versions of a fraud model, trained on synthetic "
        "card payments of three regions. On holdout data (AUC; honest payments that it stops):"
    )
    store = create_store(folder / "registry")
    # In order, because the registry numbers versions as they come.
    for recipe in RECIPES:
        found = register(store, recipe, SEED, now)
        cells = [
            f"{region} {quality.auc:.3f}; {100 * quality.false_positive_rate:.1f} %"
            for region, quality in found.items()
        ]
        narrator.output(f"version {recipe.version}  " + "   ".join(cells))
    return store


def _first_state(scene: Scene) -> None:
    scene.narrator.say(
        "A bare repository as the origin, and a clone of it in which all commands below run. "
        "The fleet has one family, fraud-detection, which serves version 1 in three regions. "
        "Lock the registry's facts about version 1, render the manifests, and adopt this state "
        "as the first one that a rollback can return to."
    )
    scene.lockstep("lock", FAMILY, "1")
    scene.lockstep("render")
    scene.git("add", "--all")
    scene.by_hand("commit", "--quiet", "--message", "Serve version 1 in three regions")
    scene.by_hand("push", "--quiet", "--set-upstream", "origin", "main")
    scene.lockstep("check")
    scene.lockstep("adopt", FAMILY, "--reason", "version 1 has served since last year")


def _farewell(narrator: Narrator, store: Store, git: PlainGit) -> None:
    narrator.chapter("Every claim holds")
    narrator.say("The folder is kept, so that you can look around in it:")
    narrator.output(f"cd {git.root}\nexport MLFLOW_TRACKING_URI={store.uri}\nlockstep status")
