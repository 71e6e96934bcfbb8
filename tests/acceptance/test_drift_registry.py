"""What drift says of a real registry: the versions that serve, and the aliases that name them."""

import json
from pathlib import Path
from typing import Any

import mlflow
import pytest

from tests.acceptance.world import World
from tests.unit.kubernetes_api import KubernetesApi, kubeconfig, serving

Report = dict[str, Any]


def drift(world: World, *arguments: str) -> Report:
    """The report about the registry alone: nothing is looked for at the clusters."""
    with serving(KubernetesApi()) as api:
        path = world.folder / "kubeconfig"
        path.write_text(kubeconfig({"in-cluster": api.url}))
        code, text = world.lockstep(
            "drift", "--format", "json", "--destination", "in-cluster", "--kubeconfig", str(path),
            "--root", str(world.clone), "--registry-uri", world.registry, *arguments,
        )  # fmt: skip
    assert text.startswith("{"), text
    report: Report = json.loads(text)
    assert report["exitCode"] == code
    # The API has none of the Applications, which is none of the registry's business.
    report["items"] = [each for each in report["items"] if each["destination"] == ""]
    return report


def client(world: World) -> Any:
    return mlflow.MlflowClient(world.registry, world.registry)


def test_versions_as_they_were_locked_are_no_drift(world: World) -> None:
    report = drift(world)
    assert (report["items"], report["unread"], report["summary"]["versions"]) == ([], [], 1)


def test_a_version_that_serves_and_is_gone_from_the_registry(world: World) -> None:
    client(world).delete_model_version("scoring", "1")
    [found] = drift(world)["items"]
    assert (found["drift"], found["classified"], found["name"]) == (
        "registry", "person", "scoring 1",
    )  # fmt: skip
    assert "the registry does not have it" in found["what"]


def test_a_version_that_serves_and_was_archived(world: World) -> None:
    client(world).set_model_version_tag("scoring", "1", "archived", "true")
    [found] = drift(world)["items"]
    assert found["classified"] == "person" and "archived" in found["what"]


def test_a_version_whose_content_has_changed_breaks_the_family(world: World) -> None:
    found = client(world).get_model_version_download_uri("scoring", "1")
    file = Path(found.removeprefix("file://")) / "model.txt"
    before = file.read_text()  # the worlds of all tests have the same artifacts
    file.write_text("another model")
    try:
        [changed] = drift(world)["items"]
    finally:
        file.write_text(before)
    assert changed["classified"] == "family" and "digest" in changed["what"]


@pytest.mark.parametrize(
    ("alias", "version", "drifts"),
    [("champion", "2", 1), ("production", "2", 1), ("champion", "1", 0), ("challenger", "2", 0)],
)
def test_only_an_alias_that_says_what_serves_counts(
    world: World, alias: str, version: str, drifts: int
) -> None:
    client(world).set_registered_model_alias("scoring", alias, version)
    found = drift(world)["items"]
    assert len(found) == drifts
    if found:
        assert (
            found[0]["name"] == f"scoring@{alias}"
            and "version 2, and git serves 1" in (found[0]["what"])
        )


def test_a_registry_that_cannot_be_asked_is_said_and_can_be_left_out(world: World) -> None:
    away = drift(world, "--registry-uri", "sqlite:////no/such/file.db")
    assert away["exitCode"] == 1 and away["unread"][0]["what"] == "the registry"
    assert "--no-registry leaves it out" in away["unread"][0]["fix"]
    assert drift(world, "--no-registry")["unread"] == []
