"""Fixtures for tests of training pipelines: a new fleet with a real registry and a remote."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipelines.fleet import PipelineFleet, copy_fleet, create_fleet
from tests.unit.mlflow_store import forget_default_store


@pytest.fixture(scope="session")
def pipeline_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineFleet]:
    """A fleet whose version 1 was trained, registered and adopted; only ever copied."""
    yield create_fleet(tmp_path_factory.mktemp("pipelines"))
    forget_default_store()


@pytest.fixture
def pipeline_fleet(pipeline_template: PipelineFleet, tmp_path: Path) -> PipelineFleet:
    """A fleet of its own for one test: its own remote, clone and registry."""
    return copy_fleet(pipeline_template, tmp_path / "pipelines")
