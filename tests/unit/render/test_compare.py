"""rendered/ must hold exactly what the specs mean."""

import re

import pytest

from lockstep.render import compare, stale_paths
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, tree_of
from tests.unit.whole_fleets import render_fleet

FOLDER = "rendered/prod/clusters/fraud-eu"
SERVICE = f"{FOLDER}/service.yaml"


@pytest.fixture
def rendered() -> dict[str, bytes]:
    files, findings = render_fleet(fleet_of(tree_of(cluster())), rendering.templates())
    assert not findings
    return files


def test_what_is_as_rendered_has_no_finding(rendered: dict[str, bytes]) -> None:
    others = {"clusters/prod/x.yaml": b"", "README.md": b"", "renderedx/y": b""}
    assert compare(rendered, rendered | others) == []


def test_a_missing_file_is_found(rendered: dict[str, bytes]) -> None:
    (finding,) = compare(rendered, {p: d for p, d in rendered.items() if p != SERVICE})
    assert (finding.rule, finding.file, finding.line) == ("render.missing", SERVICE, 1)
    assert finding.fix == "lockstep render"


def test_a_folder_that_is_missing_or_stale_as_a_whole_is_one_finding(
    rendered: dict[str, bytes],
) -> None:
    inside = [path for path in rendered if path.startswith(f"{FOLDER}/")]
    others = {path: data for path, data in rendered.items() if path not in inside}
    (missing,) = compare(rendered, others)
    assert (missing.rule, missing.file) == ("render.missing", f"{FOLDER}/PROVENANCE")
    assert missing.message == f"this folder is missing, with {len(inside)} files"
    (stale,) = compare(others, rendered)
    assert (stale.rule, stale.file) == ("render.stale", f"{FOLDER}/PROVENANCE")
    assert stale.message == f"this folder is not rendered any more, with {len(inside)} files"


def test_a_different_file_is_found_at_its_first_different_line(rendered: dict[str, bytes]) -> None:
    edited = rendered[SERVICE].replace(b"port: 80\n", b"port: 81\n")
    (finding,) = compare(rendered, {**rendered, SERVICE: edited})
    assert (finding.rule, finding.file) == ("render.different", SERVICE)
    assert edited.split(b"\n")[finding.line - 1] == b"      port: 81"
    assert finding.message == "rendered now: 'port: 80'; here: 'port: 81'"
    assert finding.column == len("      port: 8") + 1


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda data: data + b"more: 1\n", "rendered now: no such line; here: 'more: 1'"),
        (lambda data: data + b"\n", "rendered now: no such line; here: an empty line"),
        (lambda data: data[:-1], "the line break at the end of the file is missing"),
        (lambda data: b"", "rendered now: '# Machine-written.*; here: no such line"),
        (lambda data: data.replace(b"\n", b"\r\n"), r"rendered now: '(.*)'; here: '\1\\r'"),
        (lambda data: data.replace(b"  type:", b"\ttype:"), r"now: '  (type.*)'; here: '\\t\1'"),
        (lambda data: b"\xff" + data, "here: '\ufffd# Machine"),
    ],
)  # fmt: skip
def test_any_other_bytes_are_found(rendered: dict[str, bytes], edit: object, message: str) -> None:
    assert callable(edit)
    (finding,) = compare(rendered, {**rendered, SERVICE: edit(rendered[SERVICE])})
    assert finding.rule == "render.different"
    assert re.search(message, finding.message)


def test_a_file_that_nothing_renders_is_found(rendered: dict[str, bytes]) -> None:
    stale = ["rendered/old/x.yaml", f"{FOLDER}/deployment-v40.yaml", "rendered/note.md"]
    committed = rendered | dict.fromkeys(stale, b"")
    assert stale_paths(rendered, committed) == sorted(stale)
    findings = compare(rendered, committed)
    assert [(f.rule, f.file) for f in findings] == [("render.stale", p) for p in sorted(stale)]


def test_provenance_is_reported_only_where_it_says_something_new(
    rendered: dict[str, bytes],
) -> None:
    path = f"{FOLDER}/PROVENANCE"
    (alone,) = compare(rendered, {**rendered, path: b"{}\n"})
    assert (alone.rule, alone.file) == ("render.different", path)
    edited = rendered[path].replace(b'"spec": "sha256:', b'"spec": "sha256:0')
    (spec,) = compare(rendered, {**rendered, path: edited})
    assert spec.message == '"spec" differs from that rendered now; the manifests are the same'
    (longer,) = compare(rendered, {**rendered, path: rendered[path] + b"more\n"})
    assert longer.message == "rendered now: no such line; here: 'more'"
    (service,) = compare(rendered, {**rendered, path: b"{}\n", SERVICE: b""})
    assert service.file == SERVICE
    missing = compare(rendered, {p: d for p, d in rendered.items() if p not in (path, SERVICE)})
    assert [f.file for f in missing] == [path, SERVICE]


def test_nothing_rendered_means_that_all_of_it_is_stale(rendered: dict[str, bytes]) -> None:
    assert stale_paths({}, rendered) == sorted(rendered)
    assert stale_paths({}, rendered, unrendered=[FOLDER]) == [
        "rendered/prod/environment/PROVENANCE",
        "rendered/prod/environment/applications.yaml",
    ]


def test_a_hostile_line_cannot_reach_the_terminal(rendered: dict[str, bytes]) -> None:
    (finding,) = compare(rendered, {**rendered, SERVICE: b"\x1b[31m" + b"x" * 10_000})
    assert "\x1b" not in finding.message
    assert len(finding.message) < 300
