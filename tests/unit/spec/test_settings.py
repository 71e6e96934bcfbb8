"""lockstep.yaml: what is read of it, and which addresses name the same repository."""

import json

import pytest

from lockstep.edges.resources import shipped_root
from lockstep.model.errors import Invalid
from lockstep.model.repository_address import same_repository
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.settings import Settings, check_settings, read_settings

GOOD = b"branch: main\nrepository: https://git.example.com/ml/fleet.git\n"
ENVIRONMENT = """\
kind: Environment
spec:
  argocd:
    revision: {revision}
"""


def schemas() -> Schemas:
    folder = shipped_root() / "policies"
    return Schemas(
        {
            str(path.relative_to(folder.parent)): path.read_bytes()
            for path in folder.rglob("schemas/**/*.json")
        }
    )


def found(data: bytes, revision: str = "main") -> list[tuple[str, str, int]]:
    path = "clusters/prod/environment.yaml"
    fleet, _ = assemble({path: ENVIRONMENT.format(revision=revision).encode()})
    return [(f.rule, f.file, f.line) for f in check_settings(data, fleet, schemas())]


def test_branch_and_repository_are_read_and_later_fields_are_left_alone() -> None:
    wanted = Settings("main", "https://git.example.com/ml/fleet.git")
    assert read_settings(GOOD) == read_settings(GOOD + b"later: {field: 1}\n") == wanted


@pytest.mark.parametrize(
    "data", [b"", b"a: [", b"[]", b"branch: main", b"branch: 1\nrepository: x", b"\xff"]
)
def test_what_cannot_be_read_says_what_to_write(data: bytes) -> None:
    with pytest.raises(Invalid) as error:
        read_settings(data, "lockstep.yaml at HEAD")
    assert "branch: main" in error.value.fix and error.value.where == "lockstep.yaml at HEAD"


SAME = [
    "https://git.example.com/ml/fleet.git",
    "https://git.example.com/ml/fleet",
    "https://git.example.com/ml/fleet/",
    "https://me:secret@GIT.example.com:8443/ml/fleet.git",
    "git@git.example.com:ml/fleet.git",
    "git.example.com:/ml/fleet",
    "ssh://git@git.example.com:2222/ml/fleet.git",
]
OTHERS = [
    "https://git.example.com/me/fleet.git",
    "https://git.example.org/ml/fleet.git",
    "https://git.example.com/ml/fleet.git.git",
    "https://evil.example.com/git.example.com/ml/fleet.git",
    "https://git.example.com@evil.example.com/ml/fleet.git",
    "/git.example.com/ml/fleet.git",
    "ml/fleet",
    "",
]


@pytest.mark.parametrize("address", SAME)
def test_ssh_https_ports_users_and_endings_make_no_difference(address: str) -> None:
    assert same_repository(address, SAME[0])


@pytest.mark.parametrize("address", OTHERS)
def test_another_host_or_path_is_another_repository(address: str) -> None:
    assert not any(same_repository(address, each) for each in SAME)


def test_a_folder_is_the_same_with_and_without_a_scheme() -> None:
    assert same_repository("/srv/git/fleet.git", "file:///srv/git/fleet.git/")


def test_a_valid_file_has_no_finding() -> None:
    assert found(GOOD) == found(GOOD, "refs/heads/main") == []


@pytest.mark.parametrize("revision", ["v1", "HEAD", "mainline", "refs/tags/main"])
def test_an_environment_that_follows_something_else_is_a_finding(revision: str) -> None:
    assert found(GOOD, revision) == [("settings.branch", "clusters/prod/environment.yaml", 4)]


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b"branch: main\nrepositori: x\n", "schema.unknown-field", 2),
        (b"branch: -x\nrepository: x\n", "schema.form", 1),
        (b"branch: [\n", "yaml.syntax", 1),
    ],
)
def test_a_mistake_is_found_at_its_line(data: bytes, rule: str, line: int) -> None:
    assert (rule, "lockstep.yaml", line) in found(data)


def test_the_schema_names_the_fields_that_are_read() -> None:
    schema = json.loads(((shipped_root() / "policies") / "schemas/lockstep.json").read_text())
    assert set(schema["required"]) == {"branch", "repository"}
