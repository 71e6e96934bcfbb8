"""The fleet of the demo in a running lab: synced by Argo CD, for a person to look at."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

from lockstep.cli.entry import invoke
from lockstep.edges.clock import now
from lockstep.model.errors import LockstepError
from lockstep_demo.fleet_files import ENVIRONMENT, FAMILY, fleet_files
from lockstep_demo.registry import create_store, register
from lockstep_demo.scene import PlainGit, make_clone
from lockstep_demo.story import SEED
from lockstep_demo.training import RECIPES
from tests.lab.fleet import LabFleet
from tests.lab.lab import Lab
from tests.lab.layout import REPOSITORY

_NAME = "demo"
_ROOT = f"lockstep-{ENVIRONMENT}"
_SYNC_PATIENCE = 300


def has_demo(lab: Lab) -> bool:
    """Whether the demo's fleet was put into the lab."""
    find = ("get", "applications", _ROOT, "--namespace=argocd", "--ignore-not-found")
    return bool(lab.kubectl(*find))


def put_demo(lab: Lab, say: Callable[[str], None]) -> None:
    """Put in the demo's fleet with version 1 adopted, and wait until it is synced and healthy.

    Its registry, with three versions, and its clone are in the lab's folder. Raises LockstepError
    where a verb does not succeed, and AssertionError where Argo CD does not sync it in time.
    """
    say("Training three versions of the demo's model and registering them in an MLflow registry")
    shutil.rmtree(lab.folder / _NAME, ignore_errors=True)  # what an earlier try has left
    registry = _make_registry(lab.folder / _NAME / "registry")
    say("Rendering the fleet and pushing it to the lab's git server")
    bare, address = lab.add_repository(_NAME)
    files = fleet_files(RECIPES[0].version, address, address)
    # By its path, since a GIT_SSL_CAINFO of the user's would count more than any setting.
    git = make_clone(address, _clone(lab), files, f"url.{bare}.insteadOf={address}")
    _publish(git, registry)
    fleet = LabFleet(ENVIRONMENT, git.root, bare, address, registry, lab=lab)
    for destination in fleet.destinations():
        lab.add_destination(destination)
    fleet.put_platform()
    say("Applying the app of apps; Argo CD syncs the rest")
    fleet.apply_root()
    # The part of operators that the lab has not.
    with fleet.play_operators():
        fleet.wait_synced(timeout=_SYNC_PATIENCE)


def introduction(lab: Lab) -> str:
    """The commands with which a person looks around in the demo's fleet."""
    clone = _clone(lab)
    return f"""\
The demo's fleet is in the lab: family {FAMILY} in three regions, which share one cluster here.

  export PATH="{REPOSITORY}/.venv/bin:$PATH" KUBECONFIG={lab.kubeconfig}
  kubectl get applications --namespace argocd
  kubectl get deployments,services,poddisruptionbudgets --namespace {FAMILY}
  kubectl get virtualservices,destinationrules --namespace {FAMILY}
  kubectl get pods --namespace {FAMILY} --output wide

  Argo CD's API: {lab.argocd_server} (the build has no pages), as admin with the password in
  {lab.folder}/secrets/argocd-admin.password

  cd {clone}
  export MLFLOW_TRACKING_URI={_registry_uri(lab)}
  lockstep status
  lockstep drift --environment {ENVIRONMENT} --kubeconfig {lab.kubeconfig}

  to stop the lab: make lab-stop"""


def _clone(lab: Lab) -> Path:
    return lab.folder / _NAME / "fleet"


def _registry_uri(lab: Lab) -> str:
    return f"sqlite:///{lab.folder / _NAME / 'registry' / 'mlflow.db'}"


def _make_registry(folder: Path) -> str:
    # MLflow and scikit-learn warn about each other's coming versions.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = create_store(folder)
        for recipe in RECIPES:
            register(store, recipe, SEED, now())
    return store.uri


def _publish(git: PlainGit, registry: str) -> None:
    family = f"{ENVIRONMENT}/{FAMILY}"
    _run(git, "lock", family, RECIPES[0].version, "--registry-uri", registry)
    _run(git, "render")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Serve version 1 in three regions")
    git("push", "--quiet", "--set-upstream", "origin", "main")
    _run(git, "adopt", family, "--reason", "version 1 has served since last year",
         "--registry-uri", registry)  # fmt: skip


def _run(git: PlainGit, *args: str) -> None:
    code, text = invoke([*args, "--root", str(git.root)])
    if code != 0:
        raise LockstepError(f"lockstep {' '.join(args)} ended with {code}:\n{text}")
