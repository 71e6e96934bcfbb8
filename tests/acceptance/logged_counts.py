"""Counts by block, logged to the registry of a world as a monitoring job logs them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.acceptance.world import MODEL, World

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def log(
    world: World, version: str, counts: Sequence[tuple[float, float]], first: int = 1,
    *, minutes: int = 1, dataset: str = "live-us-east-1", stem: str = "fpr",
) -> None:  # fmt: skip
    """Log ``<stem>.bad`` and ``<stem>.total`` of a version, as many blocks as there are counts.

    Blocks are ``minutes`` long and counted from 08:00, where the block 1 begins.
    """
    import mlflow
    from mlflow.entities import Metric

    client = mlflow.MlflowClient(world.registry, world.registry)
    found = client.get_model_version(MODEL, version)
    run = client.create_run(client.get_run(found.run_id).info.experiment_id).info.run_id
    ends = [START + timedelta(minutes=minutes * (first + n)) for n in range(len(counts))]
    client.log_batch(run, metrics=[
        Metric(f"{stem}.{name}", value, int(end.timestamp() * 1000), 0, run_id=run,
               model_id=found.source.removeprefix("models:/"), dataset_name=dataset,
               dataset_digest="live")
        for end, both in zip(ends, counts, strict=True)
        for name, value in zip(("bad", "total"), both, strict=True)
    ])  # fmt: skip
