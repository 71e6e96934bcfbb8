"""The newest version with given tags, asked of real MLflow and of servers that lie."""

from pathlib import Path
from typing import Any

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.registry.mlflow import search
from lockstep.registry.mlflow.versions import MlflowRegistry
from tests.unit.mlflow_store import Store, http_server, odd_server

HOSTILE = {
    "a": "x' OR name='other",
    "a/b": 'quo"te`; DROP TABLE model_versions; --',
    "a.b": "line\nbreak AND tags.a = '1' %",
}


def newest(store: Store, model: str, tags: dict[str, str]) -> str | None:
    return MlflowRegistry(store.uri).newest(model, tags).version


def register(store: Store, model: str, *tags: dict[str, str]) -> None:
    """A version for each, in this order."""
    for each in tags:
        store.register(model, "s3://models.example.com/weights", tags=each)


def test_the_highest_number_counts_that_has_all_tags_and_may_serve(store: Store) -> None:
    gold = {"stage": "gold", "team": "risk"}
    register(store, "tagged", *[gold] * 10, {"stage": "gold"}, {"team": "risk"}, {})
    assert newest(store, "tagged", gold) == "10"  # by number: "9" would come last as text
    assert newest(store, "tagged", {"stage": "gold"}) == "11"
    assert newest(store, "tagged", {}) == "13"
    store.client.transition_model_version_stage("tagged", "13", "Archived")
    store.client.set_model_version_tag("tagged", "12", "archived", "true")
    found = MlflowRegistry(store.uri).newest("tagged", {"team": "risk"})
    assert found.version == "10"
    assert found.passed_over == (
        "version 13 is archived", "version 12 is archived", "version 11 has no tag team",
    )  # fmt: skip


def test_a_version_that_is_not_ready_is_passed_over(store: Store) -> None:
    from mlflow.store.model_registry.dbmodels.models import SqlModelVersion

    register(store, "pending", {}, {})
    registry_store = store.client._get_registry_client().store
    with registry_store.ManagedSessionMaker() as session:
        key = {"name": "pending", "version": 2}
        session.query(SqlModelVersion).filter_by(**key).update({"status": "PENDING_REGISTRATION"})
    found = MlflowRegistry(store.uri).newest("pending", {})
    assert found.version == "1"
    assert found.passed_over == ("version 2 is not ready (PENDING_REGISTRATION)",)


def test_no_text_of_a_tag_is_read_as_a_query(store: Store) -> None:
    register(store, "other", {"a": "1"})
    register(store, "hostile", HOSTILE, *({key: "y"} for key in HOSTILE))
    assert newest(store, "hostile", HOSTILE) == "1"
    for key, value in HOSTILE.items():
        assert newest(store, "hostile", {key: value}) == "1"
        assert newest(store, "hostile", {key: f"{value} "}) is None
    for key in ("it's", "a` = '1' OR tags.`a", "a\n", ""):
        assert newest(store, "hostile", {key: "1"}) is None


def test_a_model_that_is_not_there_or_has_no_version_has_no_newest_one(store: Store) -> None:
    store.client.create_registered_model("bare")
    for model in ("bare", "absent"):
        found = MlflowRegistry(store.uri).newest(model, {})
        assert (found.version, found.looked_at, found.whole) == (None, 0, True)


def test_older_pages_are_read_until_a_version_fits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_PAGE", 3)
    register(store, "paged", {}, {"stage": "gold"}, *[{}] * 8)
    assert newest(store, "paged", {"stage": "gold"}) == "2"
    found = MlflowRegistry(store.uri).newest("paged", {"stage": "silver"})
    assert (found.version, found.looked_at, found.whole) == (None, 10, True)


def test_a_server_gives_the_same_answers(store: Store, tmp_path: Path) -> None:
    register(store, "served", HOSTILE, {"stage": "gold"}, {})
    with http_server(store, tmp_path) as address:
        registry = MlflowRegistry(address)
        assert registry.newest("served", HOSTILE).version == "1"
        assert registry.newest("served", {"stage": "gold"}).version == "2"


def listed(*versions: Json, token: str = "") -> dict[str, Any]:
    of_model = {"name": "fraud", "status": "READY", "current_stage": "None"}
    body = {"model_versions": [{**of_model, **each} for each in versions]}
    return {"model-versions/search": (200, {**body, "next_page_token": token})}


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize(
    "versions",
    [
        [{"version": "2"}, {"version": "3"}],
        [{"version": "2"}, {"version": "2"}],
        [{"version": "2; rm -rf"}],
        [{"version": "9", "name": "other"}],
    ],
    ids=["not the newest first", "the same twice", "no number", "of another model"],
)
def test_a_list_that_cannot_be_relied_on_is_refused(versions: list[Json]) -> None:
    with odd_server(listed(*versions)) as address, pytest.raises(LockstepError) as caught:
        MlflowRegistry(address).newest("fraud", {"stage": "gold"})
    assert caught.value.where == address and "cannot be used" in caught.value.message


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("versions", [[], [{"version": "7"}]], ids=["empty", "the same"])
def test_pages_without_end_end(versions: list[Json]) -> None:
    with odd_server(listed(*versions, token="more")) as address:
        registry = MlflowRegistry(address)
        if not versions:
            assert registry.newest("fraud", {"stage": "gold"}).version is None
            return
        with pytest.raises(LockstepError, match="cannot be used"):
            registry.newest("fraud", {"stage": "gold"})
