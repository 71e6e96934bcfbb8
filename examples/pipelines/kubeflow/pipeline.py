"""A Kubeflow pipeline that trains, measures and registers a version, and proposes it to the fleet.

Needs kfp 2 and kfp-kubernetes. Write what Kubeflow Pipelines runs, and upload it:

    python pipeline.py pipeline.yaml

Two images, by digest: one with mlflow, pandas, scikit-learn and pipelines/train.py, and one with
git, OPA and Lockstep as lockstep.yaml pins it. Two Secrets, with each credential under the name of
its environment variable: mlflow-trainer for the trainer, and lockstep for the proposal, with
LOCKSTEP_FORGE_TOKEN, which may push to the fleet, what MLflow asks for, and NOTIFY_URL, the webhook
that reaches the owner of the model.
"""

import sys
from pathlib import Path

from kfp import compiler, dsl, kubernetes

REPOSITORY = "https://git.example.com/ml/fleet.git"
ENVIRONMENT = "prod"
FAMILY = "fraud-detection"
MODEL = "fraud"
OWNER = "risk-ml@example.com"
TRACKING_URI = "https://mlflow.example.com"
LOCKSTEP_IMAGE = f"registry.example.com/ml/lockstep@sha256:{'0' * 64}"
TRAINER_IMAGE = f"registry.example.com/ml/trainer@sha256:{'0' * 64}"

CREDENTIALS = "/credentials"
WAITS = "30 90 270 810"  # seconds before each further try, where lockstep could not run

HERE = Path(__file__).resolve().parent
# Values reach a script as its arguments: they are no part of its text.
PROPOSE = ["sh", "-euc", (HERE / "propose.sh").read_text(), "propose"]
TRAIN = ["sh", "-euc", (HERE / "trainer.sh").read_text(), "trainer"]


@dsl.container_component
def train(model: str, rows: int, seed: int, model_id: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    """Train, log the model, and give the id of the logged model."""
    options = ["--model", model, "--rows", rows, "--seed", seed]
    return dsl.ContainerSpec(TRAINER_IMAGE, TRAIN, ["model_id", model_id, "train", *options])


@dsl.container_component
def evaluate(model_id: str, regions: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    """Measure the model on the data of each region, and log what the gates read."""
    options = ["--model-id", model_id]
    return dsl.ContainerSpec(TRAINER_IMAGE, TRAIN, ["regions", regions, "evaluate", *options])


@dsl.container_component
def register(model: str, model_id: str, version: dsl.OutputPath(str)) -> dsl.ContainerSpec:  # type: ignore[valid-type]
    """Register the model with the tags that the rules of production ask for; give its version."""
    options = ["--model", model, "--model-id", model_id]
    return dsl.ContainerSpec(TRAINER_IMAGE, TRAIN, ["version", version, "register", *options])


@dsl.container_component
def propose(
    environment: str,
    family: str,
    version: str,
    reason: str,
    proposal: dsl.OutputPath(str),  # type: ignore[valid-type]
) -> dsl.ContainerSpec:
    """Push the branch that makes the version the candidate; give the JSON that lockstep prints."""
    arguments = [environment, family, version, reason, proposal]
    return dsl.ContainerSpec(LOCKSTEP_IMAGE, PROPOSE, arguments)


def prepared(task: dsl.PipelineTask, secret: str, cpu: str, memory: str) -> dsl.PipelineTask:
    """A task with what all have in common: no result of an earlier run, a user, credentials.

    Credentials are files. Kubernetes puts variables in for $(NAME) in the values of parameters,
    and no credential may get there.
    """
    task.set_caching_options(False)
    task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)
    task.set_env_variable("MLFLOW_TRACKING_URI", TRACKING_URI)
    task.set_env_variable("CREDENTIALS", CREDENTIALS)
    kubernetes.use_secret_as_volume(task, secret_name=secret, mount_path=CREDENTIALS)
    return kubernetes.set_security_context(
        task, run_as_user=65532, run_as_group=65532, run_as_non_root=True
    )


def trainer(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """A task of the trainer."""
    task.set_env_variable("TRAINER", "/pipelines/train.py")
    return prepared(task, "mlflow-trainer", cpu="1", memory="8Gi")


def proposer(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """The task that proposes. It tries again by itself, so set_retry is not for it."""
    task.set_env_variable("REPOSITORY", REPOSITORY).set_env_variable("WAITS", WAITS)
    for role in ("AUTHOR", "COMMITTER"):
        task.set_env_variable(f"GIT_{role}_NAME", "training pipeline")
        task.set_env_variable(f"GIT_{role}_EMAIL", OWNER)
    return prepared(task, "lockstep", cpu="500m", memory="2Gi")


@dsl.pipeline(name="train-and-propose")
def train_and_propose(
    rows: int = 4000,
    seed: int = 1,
    reason: str = "a new version was trained",
    model: str = MODEL,
    environment: str = ENVIRONMENT,
    family: str = FAMILY,
) -> None:
    """Train, evaluate by region, register, propose."""
    trained = trainer(train(model=model, rows=rows, seed=seed)).outputs["model_id"]
    evaluated = trainer(evaluate(model_id=trained))
    registered = trainer(register(model=model, model_id=trained).after(evaluated))
    version = registered.outputs["version"]
    proposer(propose(environment=environment, family=family, version=version, reason=reason))


if __name__ == "__main__":
    compiler.Compiler().compile(train_and_propose, sys.argv[1])
