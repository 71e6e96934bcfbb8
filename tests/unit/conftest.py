"""Fixtures that several modules of unit tests share."""

from collections.abc import Iterator

import pytest

from tests.unit.mlflow_store import Store, create_store, forget_default_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A registry on SQLite, for the tests of one module."""
    yield create_store(tmp_path_factory.mktemp("registry"))
    forget_default_store()


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client gives up at once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
