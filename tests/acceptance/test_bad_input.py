"""Files that are malformed or no files: one finding each, and the rest is still looked after."""

import json
from pathlib import Path

import pytest

from tests.acceptance.fleets import EU, Fleet, rules
from tests.acceptance.world import CLUSTER, FAMILY, World, files_of


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"spec: [unclosed", "yaml.syntax"),
        (b"\xff\xfe", "yaml.encoding"),
        (b"a: 1\na: 2", "yaml.duplicate-key"),
        (b"kind: ModelClutser\n", "layout.kind"),
        (b"[" * 100_000, "yaml.depth"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_finding_and_the_rest_is_still_checked(
    world: World, data: bytes, rule: str
) -> None:
    (world.clone / CLUSTER).write_bytes(data)
    code, said = world.lockstep("check", "--format", "json")
    assert code == 10
    report = json.loads(said)
    assert rule in {finding["rule"] for finding in report["findings"]}
    assert {f["file"] for f in report["findings"] if f["rule"] == rule} == {CLUSTER}


@pytest.mark.parametrize(
    "path",
    [
        CLUSTER,
        f"clusters/{FAMILY}/family.yaml",
        f"clusters/{FAMILY}/locks/1.yaml",
        "clusters/prod/environment.yaml",
    ],
)
def test_the_manifests_of_a_file_that_cannot_be_read_stay_and_have_no_findings(
    world: World, path: str
) -> None:
    rendered = {p: d for p, d in files_of(world.clone).items() if p.startswith("rendered/")}
    assert rendered
    with (world.clone / path).open("a") as file:
        file.write("more: [unclosed\n")
    code, said = world.lockstep("render")
    assert code == 10 and path in said
    assert rendered.items() <= files_of(world.clone).items()
    code, said = world.lockstep("check", "--format", "json")
    assert [(f["file"], f["rule"][:5]) for f in json.loads(said)["findings"]] == [(path, "yaml.")]
    assert code == 10


@pytest.mark.parametrize("name", ["{}.yml", ".{}.yaml", "{}.yaml.bak"])
def test_the_manifests_of_a_cluster_that_a_slip_has_hidden_stay(world: World, name: str) -> None:
    rendered = {p: d for p, d in files_of(world.clone).items() if p.startswith("rendered/")}
    file = world.clone / CLUSTER
    hidden = file.rename(file.with_name(name.format(file.stem)))
    code, said = world.lockstep("render")
    assert code == 10 and hidden.name in said
    assert rendered.items() <= files_of(world.clone).items()
    code, said = world.lockstep("check", "--format", "json")
    (found,) = json.loads(said)["findings"]
    assert (code, found["rule"], Path(found["file"]).name) == (10, "layout.place", hidden.name)


def test_a_file_that_ends_with_yml_is_to_be_renamed(world: World) -> None:
    (world.clone / CLUSTER).rename((world.clone / CLUSTER).with_suffix(".yml"))
    code, said = world.lockstep("validate")
    assert code == 10
    assert f"{CLUSTER[:-5]}.yml:1:1: error layout.place: its name ends with .yml" in said
    assert f"fix: rename it to .yaml: {CLUSTER}" in said
    # Where all are so, the fleet is not called an empty one.
    for path in world.clone.glob("clusters/**/*.yaml"):
        path.rename(path.with_suffix(".yml"))
    code, said = world.lockstep("validate")
    assert code == 3 and ".yml: its name ends with .yml" in said


def test_render_check_says_what_differs_and_writes_nothing(world: World) -> None:
    assert world.must("render", "--check") == "rendered/ is as the specs declare it\n"
    rendered = sorted(world.clone.glob("rendered/prod/clusters/scoring-eu-west-1/*.yaml"))
    stale, gone = rendered[0], rendered[1]
    stale.write_text(stale.read_text() + "# by hand\n")
    gone.unlink()
    extra = stale.with_name("extra.yaml")
    extra.write_text("a: 1\n")
    before = files_of(world.clone)
    code, said = world.lockstep("render", "--check")
    paths = [str(each.relative_to(world.clone)) for each in (stale, gone, extra)]
    assert code == 10 and said.splitlines() == [
        "3 files differ from what the specs declare; nothing was written",
        *sorted(f"  to be written: {path}" for path in paths[:2]),
        f"  to be removed: {paths[2]}",
        "to write them, run lockstep render",
    ]
    code, said = world.lockstep("render", "--check", "--format", "json")
    data = json.loads(said)
    assert (code, data["exitCode"], data["summary"]["dryRun"]) == (10, 10, True)
    assert {(each["file"], each["change"]) for each in data["items"]} == {
        (paths[0], "written"), (paths[1], "written"), (paths[2], "removed"),
    }  # fmt: skip
    assert files_of(world.clone) == before
    # As check says of the same tree.
    assert world.lockstep("check")[0] == 10
    world.must("render")
    assert world.lockstep("render", "--check")[0] == 0


def test_render_check_says_which_spec_is_malformed_and_what_differs_beside(world: World) -> None:
    file = world.clone / CLUSTER
    file.write_text(file.read_text().replace("weight: 100", "weight: all"))
    other = next(world.clone.glob("rendered/prod/clusters/scoring-us-east-1/*.yaml"))
    other.write_text("a: 1\n")
    code, said = world.lockstep("render", "--check")
    assert code == 10 and "schema.type" in said
    assert f"  to be written: {other.relative_to(world.clone)}" in said


def test_a_malformed_cluster_is_not_taken_for_one_that_diverged(world: World) -> None:
    file = world.clone / CLUSTER
    file.write_text(file.read_text().replace("weight: 100", "weight: all"))
    code, said = world.lockstep("check", "--format", "json")
    (found,) = json.loads(said)["findings"]
    assert (code, found["rule"], found["file"]) == (10, "schema.type", CLUSTER)


def test_the_segment_of_a_malformed_cluster_is_not_taken_for_one_that_no_cluster_serves(
    tmp_path: Path,
) -> None:
    fleet = Fleet.create(tmp_path)
    fleet.edit(EU, "spec:\n", "spec: [\n")
    code, findings = fleet.check()
    assert (code, rules(findings)) == (10, ["yaml.syntax"])


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (CLUSTER, "spec: {variants: 5}"),
        (CLUSTER, "spec: {variants: [{name: [1], version: {}}]}"),
        (f"clusters/{FAMILY}/family.yaml", "spec: 5"),
    ],
)
def test_a_malformed_base_can_be_fixed(world: World, path: str, wrong: str) -> None:
    file = world.clone / path
    right = file.read_text()
    file.write_text(f"{right.partition('spec:')[0]}{wrong}\n")
    world.git("commit", "--quiet", "--all", "--message=malformed")
    file.write_text(right)
    code, said = world.lockstep("check")
    assert code == 0, said


def test_a_family_without_its_head(world: World) -> None:
    (world.clone / f"clusters/{FAMILY}/family.yaml").unlink()
    code, said = world.lockstep("check")
    assert code == 10 and "family.yaml is missing" in said


def test_a_symbolic_link_among_the_specs_is_rejected(world: World) -> None:
    (world.clone / CLUSTER).unlink()
    (world.clone / CLUSTER).symlink_to("/etc/passwd")
    code, said = world.lockstep("check")
    assert code == 10 and "symbolic link" in said and CLUSTER in said


def test_links_and_huge_files_hide_no_other_finding(world: World) -> None:
    other = world.clone / f"clusters/{FAMILY}/us-east-1.yaml"
    other.write_text(other.read_text().replace("region:", "regoin:"))
    (world.clone / CLUSTER).unlink()
    (world.clone / CLUSTER).symlink_to("/etc/passwd")
    (world.clone / "rendered/link").symlink_to("/etc")
    with (world.clone / "clusters/notes.md").open("wb") as file:
        file.truncate(10**12)
    for verb in (["check"], ["check", "--base", "HEAD"], ["validate"]):
        code, said = world.lockstep(*verb, "--format", "json")
        rules = {f["file"]: f["rule"] for f in json.loads(said)["findings"]}
        assert code == 10 and rules == {
            "rendered/link": "layout.no-file",
            CLUSTER: "layout.no-file",
            "clusters/notes.md": "layout.no-file",
            f"clusters/{FAMILY}/us-east-1.yaml": "schema.unknown-field",
        }
