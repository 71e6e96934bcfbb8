"""The plot of the demo: sets the scene in a scratch folder, and plays the chapters."""

import warnings
from datetime import datetime
from pathlib import Path
from typing import TextIO

from lockstep.model.clock import parse_time
from lockstep.opa.binary import find_opa
from lockstep_demo import chapters, rollouts
from lockstep_demo.fleet_files import FAMILY
from lockstep_demo.narrator import Narrator
from lockstep_demo.registry import Store, create_store, register
from lockstep_demo.scene import Invoke, PlainGit, Scene, make_repositories, require_empty
from lockstep_demo.traffic import Traffic
from lockstep_demo.training import RECIPES

SEED = 7
_MORNING = "2026-03-02T08:00:00Z"


def play(folder: Path, invoke: Invoke, out: TextIO) -> None:
    """Play the whole demo in ``folder``, which is left behind.

    ``invoke`` runs a command line of Lockstep in this process. Raises ClaimFailed where what the
    demo shows does not hold, and LockstepError where a part is missing or the folder is in use.
    """
    folder = folder.resolve()
    require_empty(folder)
    find_opa()
    tell, now = Narrator(out), parse_time(_MORNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = _registry(folder, tell, now)
        git = make_repositories(folder, RECIPES[0].version)
        scene = Scene(tell, invoke, Traffic(store, SEED), git, now)
        _first_state(scene)
        chapters.bad_pull_request(scene)
        rollouts.good_version(scene)
        rollouts.bad_version(scene)
        chapters.proof(scene)
    _farewell(tell, store, git)


def _registry(folder: Path, tell: Narrator, now: datetime) -> Store:
    tell.chapter("Setting the scene")
    tell.say(f"Everything is made in {folder}, with real parts: git, OPA, MLflow, scikit-learn.")
    tell.say(
        "An MLflow registry on SQLite, and three versions of a fraud model, trained on made-up "
        "card payments of three regions. On holdout data (AUC; honest payments that it stops):"
    )
    store = create_store(folder / "registry")
    for recipe in RECIPES:
        found = register(store, recipe, SEED, now)
        cells = [
            f"{region} {quality.auc:.3f}; {100 * quality.false_positive_rate:.1f} %"
            for region, quality in found.items()
        ]
        tell.output(f"version {recipe.version}  " + "   ".join(cells))
    return store


def _first_state(scene: Scene) -> None:
    tell = scene.narrator
    tell.say(
        "A bare repository as the origin and a clone of it, in which all commands below run. "
        "The fleet has one family, fraud-detection, that serves version 1 in three regions. "
        "Its facts are locked, its manifests rendered, and the state is adopted as the first "
        "one to which a revert may return."
    )
    scene.lockstep("lock", FAMILY, "1")
    scene.lockstep("render")
    scene.git("add", "--all")
    scene.by_hand("commit", "--quiet", "--message", "Serve version 1 in three regions")
    scene.by_hand("push", "--quiet", "--set-upstream", "origin", "main")
    scene.lockstep("check")
    scene.lockstep("adopt", FAMILY, "--reason", "version 1 has served since last year")


def _farewell(tell: Narrator, store: Store, git: PlainGit) -> None:
    tell.chapter("All of it held")
    tell.say("The folder stays, to look around in:")
    tell.output(f"cd {git.root}\nexport MLFLOW_TRACKING_URI={store.uri}\nlockstep status")
