"""Models as files: all of them and no others, bounded, from real MLflow and from odd servers."""

from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError, UsageError
from lockstep.registry.base import NotInRegistry, Unreachable
from lockstep.registry.content import digest_folder
from lockstep.registry.mlflow.client import Bounds, load_mlflow
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import (
    MLMODEL,
    Store,
    create_store,
    drip,
    free_port,
    http_server,
    odd_server,
    remote_store,
)

FILES = {"MLmodel": MLMODEL, "model.pkl": "weights", "code/a.py": "a = 1\n", "code/b/c.txt": ""}
READ_AT = "2026-01-31T09:00:00Z"
MOST = 1_000_000


pytestmark = pytest.mark.usefixtures("no_patience")


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def files_of(source: str, into: Path, uri: str, most: int = MOST) -> dict[str, str]:
    into.mkdir()
    MlflowRegistry(uri).download(source, into, most)
    return contents(into)


def test_what_is_on_disk_has_the_digest_of_the_lock(store: Store, tmp_path: Path) -> None:
    version, _, _ = store.version("whole", FILES)
    lock = MlflowRegistry(store.uri).facts("whole", version, READ_AT)["identity"]
    assert files_of(lock["source"], tmp_path / "m", store.uri) == FILES
    assert digest_folder(tmp_path / "m") == lock["digest"]
    by_number = files_of(f"models:/whole/{version}", tmp_path / "n", store.uri)
    assert by_number == FILES


def test_the_default_server_of_the_process_does_not_matter(store: Store, tmp_path: Path) -> None:
    _, model_id, _ = store.version("elsewhere", FILES)
    other = create_store(tmp_path / "other")  # it is the default now
    try:
        assert other.uri != store.uri
        assert files_of(f"models:/{model_id}", tmp_path / "m", store.uri) == FILES
    finally:
        load_mlflow().set_tracking_uri(store.uri)


def test_files_behind_a_tracking_server_and_those_of_a_run(store: Store, tmp_path: Path) -> None:
    with http_server(store, tmp_path) as address:
        kept = remote_store(address, tmp_path)
        version, model_id, run = kept.version("remote", FILES)
        lock = MlflowRegistry(address).facts("remote", version, READ_AT)["identity"]
        assert files_of(f"models:/{model_id}", tmp_path / "m", address) == FILES
        assert digest_folder(tmp_path / "m") == lock["digest"]
        kept.client.log_text(run, "old", "model/data.txt")
        assert files_of(f"runs:/{run}/model", tmp_path / "r", address) == {"data.txt": "old"}
        with pytest.raises(LockstepError, match="more than 5 bytes"):
            files_of(f"models:/{model_id}", tmp_path / "n", address, most=5)


@pytest.mark.parametrize(
    "source",
    ["models:/fraud@champion", "models:/fraud/Production", "models:/fraud/latest", "models:/",
     "http://example.com/m", "ftp://example.com/m", "", "../m"],
)  # fmt: skip
def test_a_source_that_can_move_is_refused(store: Store, tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError, match="not the source of a model"):
        files_of(source, tmp_path / "m", store.uri)
    assert contents(tmp_path) == {}


def test_a_model_that_is_not_there_is_an_answer(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotInRegistry):
        files_of(f"models:/m-{'0' * 32}", tmp_path / "m", store.uri)


@pytest.mark.parametrize("most", [0, 6, sum(map(len, FILES.values())) - 1])
def test_a_model_is_not_larger_than_allowed(store: Store, tmp_path: Path, most: int) -> None:
    _, model_id, _ = store.version("large", FILES)
    with pytest.raises(LockstepError, match=f"have more than {most} bytes"):
        files_of(f"models:/{model_id}", tmp_path / "m", store.uri, most)
    exactly = sum(map(len, FILES.values()))
    assert files_of(f"models:/{model_id}", tmp_path / "n", store.uri, exactly) == FILES


LISTING = "/api/2.0/mlflow-artifacts/artifacts?path="
MODEL = f"m-{'1' * 32}"


def odd_files(*listed: dict[str, object]) -> dict[str, tuple[int, object]]:
    info = {"model_id": MODEL, "experiment_id": "1", "artifact_uri": "mlflow-artifacts:/x"}
    model = {"model": {"info": {**info, "name": "m", "status": "LOGGED_MODEL_READY"}}}
    return {
        "logged-models": (200, model),
        "mlflow-artifacts/artifacts?": (200, {"files": list(listed)}),
    }


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "./a", "a//b", "a/", "", "."]
)
def test_a_hostile_name_is_refused(tmp_path: Path, name: str) -> None:
    listed = odd_files({"path": name, "is_dir": False, "file_size": 1})
    replies = {**listed, "mlflow-artifacts/artifacts/": (200, b"x")}
    with odd_server(replies) as address, pytest.raises(LockstepError):
        files_of(f"models:/{MODEL}", tmp_path / "m", address)
    assert contents(tmp_path) == {}


def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    listed = ({"path": "a", "is_dir": False}, {"path": "a/b", "is_dir": False})
    replies = {**odd_files(*listed), "mlflow-artifacts/artifacts/": (200, b"x")}
    with odd_server(replies) as address, pytest.raises(LockstepError, match="cannot write it"):
        files_of(f"models:/{MODEL}", tmp_path / "m", address)


def test_a_server_that_lies_about_the_size_fills_no_disk(tmp_path: Path) -> None:
    listed = {"path": "a", "is_dir": False, "file_size": 1}
    replies = {**odd_files(listed), "mlflow-artifacts/artifacts/": (200, b"x" * 3_000_000)}
    with odd_server(replies) as address, pytest.raises(LockstepError, match="more than 1000000"):
        files_of(f"models:/{MODEL}", tmp_path / "m", address)
    assert (tmp_path / "m" / "a").stat().st_size <= MOST


def test_the_files_count_together(tmp_path: Path) -> None:
    listed: list[dict[str, object]] = [{"path": name, "is_dir": False} for name in ("a", "b")]
    replies = {**odd_files(*listed), "mlflow-artifacts/artifacts/": (200, b"x" * 600_000)}
    with odd_server(replies) as address, pytest.raises(LockstepError, match="more than 1000000"):
        files_of(f"models:/{MODEL}", tmp_path / "m", address)


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(tmp_path: Path) -> None:
    replies = {
        **odd_files({"path": "a", "is_dir": False}),
        "mlflow-artifacts/artifacts/": (200, drip),
    }
    with odd_server(replies) as address, pytest.raises(Unreachable, match="within 1 seconds"):
        MlflowRegistry(address, Bounds(1, 1)).download(f"models:/{MODEL}", tmp_path, MOST)


def test_a_server_that_is_down_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        files_of(f"models:/{MODEL}", tmp_path / "m", f"http://127.0.0.1:{free_port()}")


def test_links_of_a_local_store_are_not_followed(store: Store, tmp_path: Path) -> None:
    _, model_id, _ = store.version("linked", FILES)
    kept = Path(store.client.get_logged_model(model_id).artifact_location.removeprefix("file://"))
    (tmp_path / "secret").write_text("secret")
    (kept / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(LockstepError, match="'link' of the model is not a file"):
        files_of(f"models:/{model_id}", tmp_path / "m", store.uri)


def test_a_credential_that_the_server_repeats_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cr3t-token")
    said = {"error_code": "PERMISSION_DENIED", "message": "Bearer s3cr3t-token may not"}
    server = odd_server({"logged-models": (403, said)})
    with server as address, pytest.raises(LockstepError) as caught:
        files_of(f"models:/{MODEL}", tmp_path / "m", address)
    assert "s3cr3t" not in caught.value.diagnostics()
    assert "***" in caught.value.message
