"""Which versions of a real registry say that they are a copy of another one."""

from typing import Any

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import Invalid
from lockstep.registry.mlflow import copies, search
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import Store

READ_AT = "2026-01-31T09:00:00Z"
DIGEST = "sha256:" + "1" * 64


def identity(store: Store, model: str, version: str = "1") -> Json:
    return MlflowRegistry(store.uri).facts(model, version, READ_AT)["identity"]


def found(store: Store, model: str, wanted: Json) -> dict[str, str]:
    return dict(MlflowRegistry(store.uri).copies_of(model, wanted))


def test_a_copy_and_a_copy_of_it_are_found_and_no_other_version(store: Store) -> None:
    store.version("lab")
    store.version("lab")
    client: Any = store.client
    client.copy_model_version("models:/lab/2", "live")
    client.copy_model_version("models:/lab/1", "between")
    client.copy_model_version("models:/between/1", "live")
    store.version("live")
    assert found(store, "live", identity(store, "lab")).keys() == {"2"}
    assert found(store, "lab", identity(store, "lab")) == {"1": "it has the same name and number"}
    assert found(store, "live", identity(store, "lab", "2")).keys() == {"1"}


def test_a_version_of_the_same_logged_model_is_found(store: Store) -> None:
    _, model_id, run = store.version("once")
    twice = store.register("twice", f"models:/{model_id}", run)
    hints = found(store, "twice", identity(store, "once"))
    assert hints == {twice: "it is of the same logged model"}


def test_a_version_without_a_logged_model_is_found_by_its_chain_of_sources(store: Store) -> None:
    source = (store.folder / "artifacts" / "plain").as_uri()
    store.register("plain", source)
    store.client.copy_model_version("models:/plain/1", "plain-live")
    wanted = {"model": "plain", "version": "1", "source": source, "digest": DIGEST}
    assert found(store, "plain-live", wanted) == {"1": "it is a copy"}


def test_a_tag_that_says_the_digest_is_a_hint(store: Store) -> None:
    store.version("tagged", tags={"lockstep.digest": DIGEST})
    store.version("tagged", tags={"lockstep.digest": "sha256:" + "2" * 64})
    assert found(store, "tagged", {"digest": DIGEST}) == {"1": "its tag lockstep.digest says so"}


def test_a_model_that_is_not_there_has_no_copies(store: Store) -> None:
    assert found(store, "no-such-model", {"digest": DIGEST}) == {}
    assert found(store, "it's", {"digest": DIGEST}) == {}


def test_a_version_whose_copied_version_was_removed_is_not_found_by_it(store: Store) -> None:
    source = (store.folder / "artifacts" / "gone").as_uri()
    for number in ("1", "2"):
        assert store.register("gone", source) == number
    store.client.copy_model_version("models:/gone/2", "gone-live")
    store.client.delete_model_version("gone", "2")
    wanted = {"model": "gone", "version": "1", "source": "file:///elsewhere", "digest": DIGEST}
    assert found(store, "gone-live", wanted) == {}


def test_a_model_with_too_many_versions_is_not_searched_in_part(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        store.register("many", "file:///nowhere")
    monkeypatch.setattr(copies, "MOST_VERSIONS", 2)
    with pytest.raises(Invalid, match="more than 2 versions") as error:
        found(store, "many", {"digest": DIGEST})
    assert "name the version" in error.value.fix
    monkeypatch.setattr(copies, "MOST_VERSIONS", 3)
    monkeypatch.setattr(search, "_PAGE", 1)
    assert found(store, "many", {"digest": DIGEST}) == {}


def test_copies_in_a_circle_lead_nowhere(store: Store) -> None:
    """A model may be deleted and made again, as a copy of what was copied from it."""
    source = (store.folder / "artifacts" / "round").as_uri()
    store.register("round", source)
    store.client.copy_model_version("models:/round/1", "trip")
    store.client.delete_registered_model("round")
    assert store.register("round", "models:/trip/1") == "1"
    wanted = {"model": "lab", "version": "1", "source": "file:///elsewhere", "digest": DIGEST}
    assert found(store, "trip", wanted) == {} == found(store, "round", wanted)


def test_what_was_copied_from_too_many_models_is_not_followed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (store.folder / "artifacts" / "first").as_uri()
    store.register("first", source)
    store.client.copy_model_version("models:/first/1", "second")
    store.client.copy_model_version("models:/second/1", "many-live")
    store.register("other", "file:///nowhere")
    store.client.copy_model_version("models:/other/1", "many-live")
    wanted = {"model": "first", "version": "1", "source": "file:///elsewhere", "digest": DIGEST}
    assert found(store, "many-live", wanted) == {"1": "it is a copy"}
    monkeypatch.setattr(copies, "MOST_MODELS", 1)
    assert found(store, "many-live", wanted) == {}
