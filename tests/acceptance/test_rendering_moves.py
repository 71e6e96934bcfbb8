"""No move carries a change of rendering: what changed templates and fields do to rendered/."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from lockstep.check.compiled import _templates as templates_of
from lockstep.render.folder import FolderWriter, RenderedFolder
from tests.acceptance.reverts import began, in_state
from tests.acceptance.rollouts import (
    DAY,
    EU,
    HEAD,
    advance,
    last_record,
    publish,
    rewrite,
    roll,
    roll_back,
)
from tests.acceptance.world import FAMILY, REGIONS, World, files_of, git, identify

TEMPLATE = "templates/deployment/deployment.yaml.j2"
GRACE = b"terminationGracePeriodSeconds: 90"
REPLICAS = f"{HEAD}#/spec/defaults/serving/replicas"
SERVING_1 = [{"name": "stable", "version": "1", "weight": 100}]


def folder_of(region: str) -> str:
    return f"rendered/prod/clusters/scoring-{region}"


def rendered(world: World) -> dict[str, bytes]:
    """The manifests of the family as Argo CD would read them, by path."""
    return {path: data for path, data in files_of(world.clone).items() if "/clusters/" in path
            and path.startswith("rendered/")}  # fmt: skip


def with_grace(text: str) -> str:
    """Change what the pods of every cluster are rendered to."""
    written = "terminationGracePeriodSeconds: {{ grace | quote }}"
    assert text.count(written) == 1
    return text.replace(written, GRACE.decode())


def change_template(world: World) -> None:
    rewrite(world, TEMPLATE, with_grace)


def change_replicas(world: World) -> None:
    rewrite(world, HEAD, lambda text: text.replace("replicas: 2", "replicas: 5"))


def render_and_publish(world: World, *options: str) -> None:
    world.must("render", *options)
    publish(world, "render")


def last_restored(world: World) -> Any:
    return json.loads(last_record(world).read_text())["spec"]["restored"]


def assert_waits(world: World, code: int, said: str, verb: str = "lockstep render") -> None:
    assert code == 12, said
    assert f"{folder_of(REGIONS[1])}/deployment-v1.yaml:" in said
    assert "a move never carries a change of rendering" in said
    assert f"fix: run {verb}, commit" in said
    assert world.is_clean()


# What waits


@pytest.mark.parametrize("change", [change_template, change_replicas])
@in_state(began)
def test_a_step_waits_until_a_change_of_rendering_is_committed(
    world: World, change: Callable[[World], None]
) -> None:
    change(world)
    before, head = rendered(world), world.git("rev-parse", "HEAD")
    code, said = advance(world, "10")
    assert_waits(world, code, said)
    assert world.lockstep("advance", at=f"{DAY}10:00:00Z")[0] == 12
    assert rendered(world) == before and world.git("rev-parse", "HEAD") == head
    render_and_publish(world)
    for hour in ("10", "12", "14", "16"):
        code, said = advance(world, hour)
        assert code == 0, said
    assert "verified" in said and world.lockstep("check")[0] == 0


def test_a_verification_waits_too(world: World) -> None:
    roll(world, "08", "10", "12", "14")
    change_template(world)
    records = len(world.records())
    code, said = advance(world, "16")
    assert code == 12 and "a change of rendering" in said
    assert len(world.records()) == records


def test_a_proposal_waits_and_makes_no_branch(world: World) -> None:
    change_template(world)
    code, said = world.lockstep("propose", FAMILY, "2")
    assert_waits(world, code, said)
    assert world.git("branch", "--list", "lockstep/*") == ""
    render_and_publish(world)
    world.must("propose", FAMILY, "2")


@in_state(began)
def test_holds_and_releases_do_not_wait(world: World) -> None:
    change_template(world)
    before = rendered(world)
    world.must("hold", FAMILY, "--reason", "lunch", at=f"{DAY}09:00:00Z")
    world.must("resume", FAMILY, "--reason", "back", at=f"{DAY}09:10:00Z")
    assert rendered(world) == before
    roll_back(world, "10")
    world.must("release", FAMILY, "2", "--reason", "fine", at=f"{DAY}11:00:00Z")


@in_state(began)
def test_a_step_renders_the_family_before_and_after_it_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = FolderWriter.write

    def counted(self: FolderWriter, path: str, *given: Any) -> RenderedFolder:
        written.append(path)
        return write(self, path, *given)

    monkeypatch.setattr(FolderWriter, "write", counted)
    templates_of.cache_clear()
    assert advance(world, "10")[0] == 0
    assert 0 < sum("/clusters/" in path for path in written) <= 2 * len(REGIONS)


# What a restore brings back


def test_a_changed_template_is_not_brought_by_a_rollback(world: World) -> None:
    verified = rendered(world)
    roll(world, "08", "10", "12")
    change_template(world)
    roll_back(world, "13")
    manifests = {p: d for p, d in rendered(world).items() if not p.endswith("PROVENANCE")}
    assert manifests == {p: d for p, d in verified.items() if not p.endswith("PROVENANCE")}
    restored = last_restored(world)
    assert restored["exact"] is True and restored["changed"] == []
    assert restored["bytesFrom"]


@pytest.mark.parametrize("rendered_first", [True, False])
@in_state(began)
def test_fields_that_people_changed_are_rendered_again(world: World, rendered_first: bool) -> None:
    change_replicas(world)
    if rendered_first:
        render_and_publish(world)
    said = roll_back(world, "10")
    assert f"they stay:\n    {REPLICAS}\n" in said
    assert last_restored(world) == {
        "sequence": 1, "exact": False, "changed": [REPLICAS], "bytesFrom": None,
    }  # fmt: skip
    for region in REGIONS:
        deployment = (world.clone / folder_of(region) / "deployment-v1.yaml").read_bytes()
        assert b"replicas: 5" in deployment
    assert world.lockstep("check")[0] == 0


def test_where_both_changed_the_verified_bytes_come_back_and_the_fields_are_listed(
    world: World,
) -> None:
    verified = rendered(world)
    roll(world, "08", "10", "12")
    change_template(world)
    change_replicas(world)
    render_and_publish(world)
    # A field that no manifest shows stays in force, so it is not listed.
    rewrite(world, HEAD, lambda text: text.replace("bake: 1h", "bake: 3h"))
    said = roll_back(world, "13")
    assert "as verified in record 1 (the verified bytes)" in said
    assert (
        "these fields stay in the specs and are out of force until the next "
        f"lockstep render --restored:\n    {REPLICAS}\n  quarantine"
    ) in said
    restored = last_restored(world)
    assert restored["exact"] is True and restored["changed"] == [REPLICAS]
    for path, data in rendered(world).items():
        if path.endswith("PROVENANCE"):
            assert json.loads(data)["restoredFrom"] == restored["bytesFrom"]
        else:
            assert data == verified[path]
    assert "replicas: 5" in (world.clone / HEAD).read_text()
    assert world.lockstep("check")[0] == 0
    audit = " ".join(world.must("audit", FAMILY).split())
    assert f"out of force until the next lockstep render --restored: {REPLICAS}" in audit


@in_state(began)
def test_the_next_version_waits_for_a_rendering_of_restored_folders(world: World) -> None:
    change_template(world)
    roll_back(world, "10")
    assert world.lockstep("check")[0] == 0
    restored = rendered(world)
    assert "rendered/ is as" in world.must("render")
    code, said = world.lockstep("propose", FAMILY, "3", at=f"{DAY}11:00:00Z")
    assert_waits(world, code, said, "lockstep render --restored")
    render_and_publish(world, "--restored")
    assert world.lockstep("check")[0] == 0
    assert GRACE in rendered(world)[f"{folder_of(REGIONS[0])}/deployment-v1.yaml"]
    assert rendered(world).keys() == restored.keys()
    world.must("propose", FAMILY, "3", at=f"{DAY}11:00:00Z")


def test_a_restore_that_cannot_be_rendered_brings_the_verified_bytes_back(world: World) -> None:
    verified = rendered(world)
    roll(world, "08")
    change_replicas(world)
    rewrite(world, TEMPLATE, lambda text: text + "{% broken")
    roll_back(world, "10")
    restored = last_restored(world)
    assert restored["exact"] is True and restored["changed"] == [REPLICAS]
    path = f"{folder_of(REGIONS[0])}/deployment-v1.yaml"
    assert rendered(world)[path] == verified[path]
    # Once the template is in order again, the restored folders are as a check expects them.
    rewrite(world, TEMPLATE, lambda text: with_grace(text.removesuffix("{% broken")))
    assert world.lockstep("check")[0] == 0


def test_a_changed_environment_counts_as_a_field_that_people_changed(world: World) -> None:
    settings = "clusters/prod/environment.yaml"
    roll(world, "08")
    rewrite(world, settings, lambda text: text.replace("project: ", "project: new-"))
    change_template(world)
    roll_back(world, "10")
    restored = last_restored(world)
    assert restored["changed"] == [f"{settings}#/spec/argocd/project"]
    assert restored["exact"] is True and restored["bytesFrom"]


def join(world: World) -> str:
    """A third cluster, in a region of the family, that joined during the rollout; its folder."""
    old, new = (world.clone / path for path in (EU, EU.replace("eu-west-1", "eu-west-1b")))
    new.write_text(
        old.read_text()
        .replace("name: scoring-eu-west-1", "name: scoring-eu-west-1b")
        .replace("host: scoring.", "host: scoring-b.")
    )
    render_and_publish(world)
    return folder_of("eu-west-1b")


@in_state(began)
def test_a_cluster_that_joined_later_keeps_its_manifests(world: World) -> None:
    folder = join(world)
    joined = {p: d for p, d in rendered(world).items() if p.startswith(folder)}
    change_template(world)
    roll_back(world, "10")
    restored = last_restored(world)
    assert restored["exact"] is True and restored["changed"] == []
    assert joined == {p: d for p, d in rendered(world).items() if p.startswith(folder)}


def test_traffic_leaves_the_bad_version_in_a_cluster_that_joined_later(world: World) -> None:
    roll(world, "08", "10", "12")
    folder = join(world)
    joined = rendered(world)
    assert f"{folder}/deployment-v2.yaml" in joined
    change_template(world)
    roll_back(world, "13")
    after = rendered(world)
    assert b'subset: "v2"\n          weight: 0\n' in after[f"{folder}/virtualservice.yaml"]
    assert after[f"{folder}/deployment-v1.yaml"] == joined[f"{folder}/deployment-v1.yaml"]
    code, said = world.lockstep("check")
    assert code == 10 and all(
        folder in line for line in said.splitlines() if "rendered now" in line
    )
    render_and_publish(world)
    assert world.lockstep("check")[0] == 0
    assert f"{folder}/deployment-v2.yaml" not in rendered(world)


# A shift that is not followed by its restore


@pytest.fixture
def denied(world: World) -> World:
    """A rollout at 10 and 100 percent, whose stable version the registry does not have."""
    import mlflow

    roll(world, "08", "10", "12")
    shutil.copy(world.folder / "mlflow.db", world.folder / "saved.db")
    mlflow.MlflowClient(world.registry, world.registry).delete_model_version("scoring", "1")
    return world


def assert_shifted(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Only the routes differ, and they send everything to version 1."""
    assert before.keys() == after.keys()
    changed = {path for path in after if before[path] != after[path]}
    assert {path.rsplit("/", 1)[1] for path in changed} == {"virtualservice.yaml", "PROVENANCE"}
    for region in REGIONS:
        routes = after[f"{folder_of(region)}/virtualservice.yaml"].decode()
        weights = [line.strip() for line in routes.splitlines() if "subset" in line or ("weight" in
                   line and "weighted" not in line)]  # fmt: skip
        both = ['subset: "v1"', "weight: 100", 'subset: "v2"', "weight: 0"]
        assert weights == both[:2] or weights == both, routes


@pytest.mark.parametrize("change", [change_template, change_replicas])
def test_a_shift_changes_only_routes(denied: World, change: Callable[[World], None]) -> None:
    world = denied
    change(world)
    before = rendered(world)
    said = roll_back(world, "13")
    assert "the restore waits" in said and "unchecked: rendered" not in said
    assert_shifted(before, rendered(world))
    code, said = world.lockstep("check")
    assert code == 10 and "fix: lockstep render\n" in said
    shutil.copy(world.folder / "saved.db", world.folder / "mlflow.db")
    code, said = advance(world, "14")
    assert code == 12 and "as verified in record 1" in said
    assert world.variants(REGIONS[0]) == world.variants(REGIONS[1]) == SERVING_1
    assert world.lockstep("check")[0] == 0


def test_a_shift_of_rendered_manifests_renders_the_shifted_specs(denied: World) -> None:
    roll_back(denied, "13")
    assert denied.lockstep("check")[0] == 0


def test_a_shift_works_with_broken_templates(denied: World) -> None:
    rewrite(denied, TEMPLATE, lambda text: text + "{% broken")
    before = rendered(denied)
    assert "the restore waits" in roll_back(denied, "13")
    assert_shifted(before, rendered(denied))


def test_routes_that_cannot_be_edited_are_rendered_again_and_nothing_else(denied: World) -> None:
    path = f"{folder_of(REGIONS[1])}/virtualservice.yaml"
    change_template(denied)
    rewrite(denied, path, lambda text: text.replace("subset:", "version:"))
    before = rendered(denied)
    said = roll_back(denied, "13")
    assert f"unchecked: {folder_of(REGIONS[1])}: the routes are rendered again" in said
    record = json.loads(last_record(denied).read_text())["spec"]
    assert any("the routes are rendered again" in text for text in record["unchecked"])
    assert_shifted(before, rendered(denied))


@in_state(began)
def test_without_objects_and_without_a_rendering_the_traffic_is_moved(world: World) -> None:
    """A shallow clone without its remote has no verified bytes, and the templates are broken."""
    rewrite(world, TEMPLATE, lambda text: text + "{% broken")
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "shallow")
    clone = world.folder / "shallow"
    identify(clone)
    git(clone, "remote", "remove", "origin")
    code, said = world.lockstep(
        "revert", FAMILY, "--reason", "bad", at=f"{DAY}10:00:00Z", root=clone
    )
    assert code == 0, said
    assert "the restore waits: the restored specs cannot be rendered" in said
    assert (
        'subset: "v1"\n          weight: 100'
        in (clone / folder_of(REGIONS[0]) / "virtualservice.yaml").read_text()
    )
