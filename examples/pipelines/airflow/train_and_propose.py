"""An Airflow DAG that trains a version, measures it, registers it, and proposes it to the fleet.

Airflow 3.2 or newer. Its workers need git, and two Python environments besides Airflow's: one
for train.py, and one with Lockstep. These Airflow Variables name them:

    trainer_python     the python of an environment with mlflow, pandas and scikit-learn
    lockstep_program   the lockstep of the environment that the fleet's install-lockstep.py made

The tasks pass the worker's environment on: MLFLOW_TRACKING_URI, the forge's token, and what git
needs to push and to name an author. No credential is in this file, in an address or on a command
line.
"""

import json
import os
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import Context, Param, Variable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

REPOSITORY = "https://git.example.com/ml/fleet.git"
ENVIRONMENT = "prod"
FAMILY = "fraud-detection"
MODEL = "fraud"
OWNER = "risk-ml@example.com"  # gets a mail where the registry contradicts the records

TRAINER = Path(__file__).resolve().parents[1] / "train.py"
TRAINING_LIMIT = 4 * 3600  # seconds, as the next one
PROPOSAL_LIMIT = 30 * 60

# The exit codes of lockstep propose that matter here; the others say why this version is refused.
DONE, COULD_NOT_RUN, VERIFICATION_FAILED = 0, 1, 13


class ContradictionFound(AirflowFailException):
    """The registry is not what was recorded of it, so the owner of the model has to look."""


def notify_owner(context: Context) -> None:
    """Mail the owner over the connection smtp_default, where that is what the task failed with."""
    if isinstance(context.get("exception"), ContradictionFound):
        # A mail is a template, so nothing that the registry or Lockstep said may be in it.
        mail = SmtpNotifier(
            to=OWNER,
            subject=f"The registry contradicts what was recorded of {ENVIRONMENT}/{FAMILY}",
            html_content="The log of this task says what differs: {{ ti.log_url }}",
        )
        mail(context)


def run_trainer(*arguments: str) -> dict[str, Any]:
    """Run train.py in its environment, and give the JSON object of its last line."""
    argv = [Variable.get("trainer_python"), str(TRAINER), *arguments]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, text=True, check=True, timeout=TRAINING_LIMIT
    )
    print(done.stdout)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


# Not tried again by itself: each try leaves a run. The next two may be repeated.
@task(retries=0)
def train() -> str:
    """Train, log the model, and give the id of the logged model."""
    params = get_current_context()["params"]
    answer = run_trainer(
        "train", f"--model={MODEL}", f"--rows={params['rows']}", f"--seed={params['seed']}"
    )
    return str(answer["model_id"])


@task(retries=2, retry_delay=timedelta(minutes=1))
def evaluate(model_id: str) -> dict[str, Any]:
    """Measure the model on the data of each region, and log what the gates read."""
    return run_trainer("evaluate", f"--model-id={model_id}")


@task(retries=2, retry_delay=timedelta(minutes=1))
def register(model_id: str) -> str:
    """Register the model with the tags that the rules of production ask for; give its version."""
    return str(run_trainer("register", f"--model={MODEL}", f"--model-id={model_id}")["version"])


@task(
    retries=5,
    retry_delay=timedelta(minutes=1),
    retry_exponential_backoff=2.0,
    max_retry_delay=timedelta(hours=1),
    on_failure_callback=notify_owner,
)
def propose(version: str) -> dict[str, Any]:
    """Push the branch that makes the version the candidate; give its name and its pull request.

    A further try finds the same branch. Raises AirflowException where one may help, and
    AirflowFailException where none does.
    """
    reason = get_current_context()["params"]["reason"]
    with tempfile.TemporaryDirectory(prefix="fleet-") as clone:
        if run(["git", "clone", "--quiet", "--", REPOSITORY, clone]).returncode:
            raise AirflowException("git clone has failed; its message is above")
        program = Variable.get("lockstep_program")
        options = [f"--environment={ENVIRONMENT}", f"--reason={reason}", "--format=json"]
        done = run([program, "propose", *options, "--", FAMILY, version], cwd=clone)
    if done.returncode == DONE:
        proposal: dict[str, Any] = json.loads(done.stdout)["items"][0]
        return proposal
    message = f"lockstep propose ended with exit code {done.returncode}; its message is above"
    if done.returncode == COULD_NOT_RUN:
        raise AirflowException(message)
    if done.returncode == VERIFICATION_FAILED:
        raise ContradictionFound(message)
    raise AirflowFailException(message)


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


@dag(
    dag_id=f"train-{ENVIRONMENT}-{FAMILY}",
    schedule=None,  # or for example "@weekly"
    catchup=False,
    max_active_runs=1,
    params={
        "rows": Param(4000, type="integer", minimum=1000, description="Payments of each region"),
        "seed": Param(1, type="integer", minimum=0, description="The seed of the training"),
        "reason": Param("a new version was trained", type="string", description="It is recorded"),
    },
)
def train_and_propose() -> None:
    """Train, evaluate by region, register, propose."""
    model_id = train()
    version = register(model_id)
    evaluate(model_id) >> version
    propose(version)


train_and_propose()
