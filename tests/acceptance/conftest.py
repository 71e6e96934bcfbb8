"""Fixtures for tests of the command line on real git, real OPA and real MLflow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.example_fleet import ExampleFleet, open_example_fleet
from tests.acceptance.installed import (
    Installed,
    Wheel,
    build_next_wheel,
    build_wheel,
    install,
)
from tests.acceptance.promotions import Stages, copy_stages, create_stages
from tests.acceptance.reverts import States
from tests.acceptance.world import World, copy_world, create_world
from tests.unit.mlflow_store import forget_default_store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One adopted world, made once for each worker and only ever copied."""
    yield create_world(tmp_path_factory.mktemp("template"))
    forget_default_store()


@pytest.fixture(scope="module")
def example() -> Iterator[ExampleFleet]:
    """The example fleet, whose templates a test may edit."""
    with open_example_fleet() as fleet:
        yield fleet


@pytest.fixture(scope="session")
def states(template: World, tmp_path_factory: pytest.TempPathFactory) -> States:
    """The states that tests name with ``@in_state``."""
    return States(template, tmp_path_factory.mktemp("states"))


@pytest.fixture
def world(request: pytest.FixtureRequest, template: World, states: States, tmp_path: Path) -> World:
    """A world of its own for one test, as adopted, or in the state of ``@in_state``."""
    state = getattr(request, "param", None)
    return copy_world(states[state] if state else template, tmp_path / "world")


@pytest.fixture(scope="session")
def stages_template(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """Two environments with a registry for each, made once for each worker and only ever copied."""
    made = create_stages(tmp_path_factory.mktemp("stages"))
    forget_default_store()
    return made


@pytest.fixture
def stages(stages_template: Stages, tmp_path: Path) -> Iterator[Stages]:
    """Two environments of its own for one test."""
    yield copy_stages(stages_template, tmp_path / "stages")
    forget_default_store()


@pytest.fixture(scope="session")
def first_wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """The wheel of this checkout."""
    return build_wheel(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def next_wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """The wheel of a later version."""
    return build_next_wheel(tmp_path_factory.mktemp("next"))


@pytest.fixture(scope="session")
def first_program(first_wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The program from the wheel of this checkout."""
    return install(first_wheel, tmp_path_factory.mktemp("program") / "first", "[registry]")


@pytest.fixture(scope="session")
def next_program(next_wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The program from the wheel of a later version."""
    return install(next_wheel, tmp_path_factory.mktemp("program") / "next", "[registry]")
