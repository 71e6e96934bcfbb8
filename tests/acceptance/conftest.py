"""Fixtures for tests of the command line on real git, real OPA and real MLflow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import World, copy_world, create_world
from tests.unit.mlflow_store import forget_default_store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One adopted world, made once for each worker and only ever copied."""
    yield create_world(tmp_path_factory.mktemp("template"))
    forget_default_store()


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    """A world of its own for one test."""
    return copy_world(template, tmp_path / "world")
