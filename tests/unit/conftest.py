"""Fixtures that several modules of unit tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.model.approval import Approver
from tests.unit.mlflow_store import Store, create_store, forget_default_store
from tests.unit.ssh_keys import approver


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


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the SSH keys of one module."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def lead(keys: Path) -> Approver:
    """A person who may approve."""
    return approver(keys, "lead@example.com")
