"""Schemas of a tree: put together from its files, and from nowhere else."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.model.document import Document, Json
from lockstep.model.errors import LockstepError
from lockstep.model.fleet import Tree
from lockstep.spec.schema.load import DIALECT, compile_fast, compile_slow, read_schemas
from lockstep.spec.schema.schemas import Schemas

FOLDER = "policies/schemas/"


def tree(**schemas: Json) -> Tree:
    return {
        f"{FOLDER}{name.replace('__', '/')}.json": json.dumps(
            {"$schema": DIALECT} | schema
        ).encode()
        for name, schema in schemas.items()
    }


def test_only_the_folder_counts_and_rendered_schemas_are_another_stages() -> None:
    files = {
        **tree(a={"type": "string"}),
        "clusters/x.json": b"{}",
        FOLDER + "README.md": b"",
        FOLDER + "rendered/kubernetes.json": b"not even JSON",
    }
    assert read_schemas(files) == {"a.json": {"type": "string"}}


def test_no_schemas_is_an_error_and_not_a_pass() -> None:
    with pytest.raises(LockstepError, match="there are no schemas"):
        read_schemas({"clusters/prod/environment.yaml": b""})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "Expecting property name"),
        (b"[" * 100_000, "recursion"),
        (b"[]", "does not begin with"),
        (b'{"type": "object"}', "does not begin with"),
        (json.dumps({"$schema": DIALECT, "type": 5}).encode(), "5 is not valid"),
    ],
)
def test_file_that_is_no_schema_is_named(data: bytes, said: str) -> None:
    with pytest.raises(LockstepError) as caught:
        read_schemas({FOLDER + "a.json": data})
    assert caught.value.where == FOLDER + "a.json"
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("pattern", ["(", r"^\p{Greek}$"])
def test_pattern_that_one_engine_cannot_read_is_an_error(pattern: str) -> None:
    name = {"properties": {"kind": {"const": "Name"}, "name": {"pattern": pattern}}}
    schemas = Schemas(tree(name=name))
    with pytest.raises(LockstepError, match="cannot be used"):
        schemas.check("Name", Document("x.yaml", {"name": "x"}))


def test_reference_to_a_file_next_to_it() -> None:
    files = read_schemas(
        tree(a={"$ref": "sub/b.json#/$defs/x"}, sub__b={"$defs": {"x": {"type": "string"}}})
    )
    for schema in (compile_fast(files)("a.json"), compile_slow("a.json", files)):
        assert schema.is_valid("text")
        assert not schema.is_valid(3)


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port on this machine, and what anybody has sent there."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def listen() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    heard.append(b"connected")
                    connection.close()
            except OSError:
                return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard


@pytest.mark.parametrize(
    "reference",
    [
        "http://127.0.0.1:{port}/x.json",
        "https://127.0.0.1:{port}/x.json",
        "file://{folder}/x.json",
        "missing.json",
        "../../../etc/hostname",
        "common.json#/$defs/missing",
    ],
)
def test_nothing_is_fetched_from_elsewhere(
    reference: str, listener: tuple[int, list[bytes]], tmp_path: Path
) -> None:
    port, heard = listener
    (tmp_path / "x.json").write_text('{"type": "string"}')
    schema = {"properties": {"a": {"$ref": reference.format(port=port, folder=tmp_path)}}}
    files = read_schemas(tree(common={"$defs": {}}, a=schema))
    with pytest.raises(LockstepError, match="cannot be used"):
        compile_fast(files)("a.json")
    with pytest.raises(Exception, match=r"(?i)unresolvable|not part of|does not exist"):
        compile_slow("a.json", files).is_valid({"a": 1})
    assert heard == []


def gate(*sources: str, listed: list[str] | None = None) -> Json:
    """A schema of a gate that leads from each source to its file."""
    chosen: list[Json] = [
        {
            "if": {"properties": {"source": {"const": name}}, "required": ["source"]},
            "then": {"$ref": f"gates/{name}.json"},
        }
        for name in sources
    ]
    enum = list(sources) if listed is None else listed
    return {
        "properties": {"source": {"enum": enum}},
        "required": ["source"],
        **({"allOf": chosen} if chosen else {}),
    }


def source(name: str, field: str) -> Json:
    return {"properties": {"source": {"const": name}}, "required": [field]}


def test_gate_has_the_fields_of_its_source() -> None:
    files = read_schemas(
        tree(gate=gate("mlflow", "sums"), gates__mlflow=source("mlflow", "metric"),
             gates__sums=source("sums", "total"))
    )  # fmt: skip
    for schema in (compile_fast(files)("gate.json"), compile_slow("gate.json", files)):
        assert schema.is_valid({"source": "sums", "total": 1})
        assert schema.is_valid({"source": "mlflow", "metric": "auc"})
        assert not schema.is_valid({"source": "sums", "metric": "auc"})
        assert not schema.is_valid({"source": "other"})


@pytest.mark.parametrize(
    ("schemas", "said"),
    [
        ({"gate": gate(), "gates__sums": source("sums", "a")}, "the enum of source lacks 'sums'"),
        ({"gate": gate("sums")}, "names the source 'sums', and there is no gates/sums.json"),
        (
            {"gate": gate("sums", listed=[]), "gates__sums": source("sums", "a")},
            "the enum of source lacks 'sums'",
        ),
        (
            {"gate": gate(listed=["sums"]), "gates__sums": source("sums", "a")},
            "allOf has no entry that leads from 'sums'",
        ),
        (
            {"gate": gate("sums"), "gates__sums": source("other", "a")},
            "gates/sums.json has no field source that is 'sums' alone",
        ),
    ],
)
def test_gate_source_that_is_registered_by_half_is_an_error(
    schemas: dict[str, Json], said: str
) -> None:
    with pytest.raises(LockstepError) as caught:
        read_schemas(tree(**schemas))
    assert said in caught.value.message
    assert caught.value.where == FOLDER + "gate.json" and caught.value.fix
