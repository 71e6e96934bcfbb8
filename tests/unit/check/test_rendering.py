"""What render writes: the folders of well-formed specs that do not collide, and nothing else."""

from collections.abc import Mapping
from functools import cache

import pytest

from lockstep.check.rendering import render_tree
from lockstep.edges.files import read_tree
from lockstep.edges.resources import shipped_root
from lockstep.model.fleet import Tree
from tests.bench.fleet import make_fleet

HEAD = "clusters/prod/environment.yaml"


@cache
def fleet() -> Tree:
    """Two families of the bench's fleet, with the shipped templates and schemas, rendered."""
    return written({**read_tree(shipped_root(), ("policies", "templates")),
                    **make_fleet(8)})  # fmt: skip


def written(tree: Tree) -> Tree:
    changes = render_tree(tree).changes
    return {path: data for path, data in {**tree, **changes}.items() if data is not None}


def clusters(tree: Tree) -> list[str]:
    files = (path for path, data in tree.items() if b"kind: ModelCluster" in data)
    return sorted(path for path in files if path.startswith("clusters/"))


def folder_of(spec: str) -> str:
    _, environment, family, file = spec.split("/")
    return f"rendered/{environment}/clusters/{family}-{file.removesuffix('.yaml')}/"


def test_a_tree_as_rendered_needs_no_change_and_is_counted() -> None:
    done = render_tree(fleet())
    assert not done.changes
    assert not done.checked.invalid
    assert done.checked.outcome().summary == {"clusters": 8, "families": 2}
    assert f"{folder_of(clusters(fleet())[0])}PROVENANCE" in fleet()


def test_what_differs_is_written_and_what_is_left_over_removed() -> None:
    folder = folder_of(clusters(fleet())[0])
    edited = {**fleet(), f"{folder}service.yaml": b"by hand", f"{folder}extra.yaml": b"by hand",
              "rendered/prod/old/a.yaml": b"x"}  # fmt: skip
    assert render_tree(edited).changes == {
        f"{folder}service.yaml": fleet()[f"{folder}service.yaml"],
        f"{folder}extra.yaml": None,
        "rendered/prod/old/a.yaml": None,
    }


def test_a_removed_cluster_loses_its_folder_and_a_malformed_one_keeps_it() -> None:
    first, second, *_ = clusters(fleet())
    tree = {**fleet(), second: b"spec: [\n", f"{folder_of(second)}service.yaml": b"old"}
    del tree[first]
    done = render_tree(tree)
    of_first = {path for path in fleet() if path.startswith(folder_of(first))}
    assert of_first <= {path for path, data in done.changes.items() if data is None}
    assert not any(path.startswith(folder_of(second)) for path in done.changes)
    assert [finding.file for finding in done.checked.invalid if finding.rule == "yaml.syntax"] == [
        second
    ]


def test_clusters_with_one_host_are_reported_and_stay_as_they_are() -> None:
    first, second, *_ = clusters(fleet())
    host = next(line for line in fleet()[first].split(b"\n") if line.startswith(b"  host:"))
    other = next(line for line in fleet()[second].split(b"\n") if line.startswith(b"  host:"))
    tree = {**fleet(), second: fleet()[second].replace(other, host)}
    done = render_tree(tree)
    assert [finding.rule for finding in done.checked.invalid] == ["structure.duplicate-host"]
    assert not done.changes


@pytest.mark.parametrize("text", [b"[\n", b"kind: Environment\n"])
def test_without_its_environment_nothing_is_written_or_removed(text: bytes) -> None:
    done = render_tree({**fleet(), HEAD: text})
    assert not [path for path in done.changes if path.startswith("rendered/prod/")]
    assert done.checked.invalid
    assert all(finding.file == HEAD for finding in done.checked.invalid)


FAMILIES = "rendered/prod/families/"
PLACE = b"    destination: prod-observability\n"


def own_folder(family: str) -> str:
    return f"{FAMILIES}{family}/"


def own_folders(tree: Mapping[str, bytes | None]) -> set[str]:
    """The families in whose own folders there are files."""
    return {path.split("/")[3] for path in tree if path.startswith(FAMILIES)}


def family_of(path: str) -> str:
    return path.split("/")[2]


def test_each_family_has_a_folder_where_the_environment_has_a_place_for_it() -> None:
    assert own_folders(fleet()) == set(map(family_of, clusters(fleet())))


def test_the_folders_of_families_are_compared_as_all_else() -> None:
    first, *_ = sorted(own_folders(fleet()))
    application, old = f"{own_folder(first)}application.yaml", f"{own_folder(first)}old.yaml"
    gone = f"{own_folder('gone')}application.yaml"
    edited = {**fleet(), application: b"by hand", old: b"by hand", gone: b"by hand"}
    assert render_tree(edited).changes == {
        application: fleet()[application], old: None, gone: None,
    }  # fmt: skip


def test_without_that_place_the_folders_of_families_go() -> None:
    assert PLACE in fleet()[HEAD]
    after = written({**fleet(), HEAD: fleet()[HEAD].replace(PLACE, b"")})
    assert not own_folders(after)
    assert "rendered/prod/environment/appproject.yaml" in fleet().keys() - after.keys()
    assert not render_tree(after).checked.invalid


def test_the_folder_of_a_removed_family_goes_and_no_other() -> None:
    first, *_ = clusters(fleet())
    removed = f"clusters/prod/{family_of(first)}/"
    done = render_tree({p: d for p, d in fleet().items() if not p.startswith(removed)})
    assert own_folders(done.changes) == {family_of(first)}
    assert all(data is None for path, data in done.changes.items() if path.startswith(FAMILIES))


def test_the_folder_of_a_family_stays_as_it_is_while_one_of_its_clusters_is_malformed() -> None:
    first, *_ = clusters(fleet())
    application = f"{own_folder(family_of(first))}application.yaml"
    done = render_tree({**fleet(), first: b"spec: [\n", application: b"old"})
    assert own_folders(done.changes) == set()
    assert {finding.file for finding in done.checked.invalid} == {first}


TENANTS = "rendered/prod/tenants/"


def tenant_files(tree: Mapping[str, bytes | None]) -> list[str]:
    return sorted(path for path in tree if path.startswith(TENANTS))


def test_the_projects_of_tenants_are_compared_as_all_else() -> None:
    project, provenance = (f"{TENANTS}{{}}/{n}" for n in ("appproject.yaml", "PROVENANCE"))
    tenants = {path.removeprefix(TENANTS).split("/")[0] for path in tenant_files(fleet())}
    first, *_ = sorted(tenants)
    edited = {**fleet(), project.format(first): b"by hand", provenance.format("gone"): b"{}",
              project.format("gone"): b"by hand"}  # fmt: skip
    assert render_tree(edited).changes == {
        project.format(first): fleet()[project.format(first)],
        project.format("gone"): None,
        provenance.format("gone"): None,
    }


def test_a_tenant_that_goes_loses_its_project_and_nothing_else_changes_in_others() -> None:
    first, *others = sorted({path.split("/")[3] for path in tenant_files(fleet())})
    assert others
    assert f"    - name: {first}\n".encode() in fleet()[HEAD]
    renamed = fleet()[HEAD].replace(f"    - name: {first}\n".encode(), b"    - name: another\n", 1)
    changes = render_tree({**fleet(), HEAD: renamed}).changes
    touched = {path.split("/")[3]: data for path, data in changes.items() if TENANTS in path}
    assert touched.keys() == {first, "another"}
    assert touched[first] is None


def test_a_malformed_environment_keeps_the_projects_of_its_tenants() -> None:
    done = render_tree({**fleet(), HEAD: b"kind: Environment\n"})
    assert tenant_files(fleet())
    assert not tenant_files(done.changes)
