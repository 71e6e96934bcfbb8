"""A Prefect flow that trains a version, measures it, registers it, and proposes it to the fleet.

Prefect 3. Its workers need git, and two Python environments besides Prefect's: one for train.py,
and one with Lockstep. These variables in the environment of the flow run, for example of its work
pool, name them:

    TRAINER_PYTHON     the python of an environment with mlflow, pandas and scikit-learn
    LOCKSTEP_PROGRAM   the lockstep of the environment that the fleet's install-lockstep.py made

The tasks pass that environment on: MLFLOW_TRACKING_URI, the forge's token, and what git needs to
push and to name an author. No credential is in this file, in an address or on a command line.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.blocks.core import Block
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

REPOSITORY = "https://git.example.com/ml/fleet.git"
ENVIRONMENT = "prod"
FAMILY = "fraud-detection"
MODEL = "fraud"
# A notification block of any type that reaches the owner of the model; save it once.
NOTIFIER = "custom-webhook/model-owner"

TRAINER = Path(__file__).resolve().parents[1] / "train.py"
TRAINING_LIMIT = 4 * 3600  # seconds, as all others
PROPOSAL_LIMIT = 30 * 60
WAITS = [60, 120, 240, 480, 960]

# The exit codes of lockstep propose that matter here; the others say why this version is refused.
DONE, COULD_NOT_RUN, VERIFICATION_FAILED = 0, 1, 13


class NotProposed(Exception):
    """lockstep propose ended with another exit code than 0; its message is in the log."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"lockstep propose ended with exit code {self.exit_code}; its message is above"


def may_help(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether a further try may help: always, unless Lockstep has refused the version."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, NotProposed) or error.exit_code == COULD_NOT_RUN


def notify_owner(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> None:
    """Notify the owner where the registry contradicts what was recorded."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, NotProposed) and error.exit_code == VERIFICATION_FAILED:
        subject = f"The registry contradicts what was recorded of {ENVIRONMENT}/{FAMILY}"
        Block.load(NOTIFIER).notify(f"The log of {task_run.name} says what differs.", subject)


def run_trainer(*arguments: str) -> dict[str, Any]:
    """Run train.py in its environment, and give the JSON object of its last line."""
    argv = [setting("TRAINER_PYTHON"), str(TRAINER), *arguments]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, text=True, check=True, timeout=TRAINING_LIMIT
    )
    print(done.stdout)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def setting(name: str) -> str:
    """The value of a variable that has to be set."""
    if value := os.environ.get(name):
        return value
    raise RuntimeError(f"{name} is not set in the environment of this flow run")


# Not tried again by itself: each try leaves a run. The next two may be repeated.
@task
def train(rows: int, seed: int) -> str:
    """Train, log the model, and give the id of the logged model."""
    answer = run_trainer("train", f"--model={MODEL}", f"--rows={rows}", f"--seed={seed}")
    return str(answer["model_id"])


@task(retries=2, retry_delay_seconds=60)
def evaluate(model_id: str) -> dict[str, Any]:
    """Measure the model on the data of each region, and log what the gates read."""
    return run_trainer("evaluate", f"--model-id={model_id}")


@task(retries=2, retry_delay_seconds=60)
def register(model_id: str) -> str:
    """Register the model with the tags that the rules of production ask for; give its version."""
    return str(run_trainer("register", f"--model={MODEL}", f"--model-id={model_id}")["version"])


@task(
    retries=len(WAITS),
    retry_delay_seconds=WAITS,
    retry_condition_fn=may_help,
    on_failure=[notify_owner],
)
def propose(version: str, reason: str) -> dict[str, Any]:
    """Push the branch that makes the version the candidate; give its name and its pull request.

    A further try finds the same branch. Raises NotProposed where Lockstep did not push it.
    """
    with tempfile.TemporaryDirectory(prefix="fleet-") as clone:
        if run(["git", "clone", "--quiet", "--", REPOSITORY, clone]).returncode:
            raise RuntimeError("git clone has failed; its message is above")
        options = [f"--environment={ENVIRONMENT}", f"--reason={reason}", "--format=json"]
        program = setting("LOCKSTEP_PROGRAM")
        done = run([program, "propose", *options, "--", FAMILY, version], cwd=clone)
    if done.returncode != DONE:
        raise NotProposed(done.returncode)
    proposal: dict[str, Any] = json.loads(done.stdout)["items"][0]
    return proposal


def run(argv: list[str], cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program that asks nobody for a password, and show in the log what it wrote."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PROPOSAL_LIMIT,
    )
    print(done.stdout, done.stderr, sep="\n")
    return done


@flow(name=f"train-{ENVIRONMENT}-{FAMILY}", log_prints=True)
def train_and_propose(
    rows: int = 4000, seed: int = 1, reason: str = "a new version was trained"
) -> dict[str, Any]:
    """Train on so many payments, evaluate by region, register, propose; give the proposal."""
    model_id = train(rows, seed)
    evaluate(model_id)
    return propose(register(model_id), reason)


if __name__ == "__main__":
    train_and_propose()
