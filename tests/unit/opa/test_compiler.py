"""OPA's compiler over the files that are loaded: what it refuses, where, and what it remembers."""

from pathlib import Path

import pytest

from lockstep.edges.cache import Cache
from lockstep.model.errors import LockstepError
from lockstep.opa.child import ChildOpa
from lockstep.opa.compiler import Compiler, InputSchemas, require_compiled, write_schemas
from tests.unit.opa.parts import batch_of, opa_program, shipped_policies

MAIN = "policies/main.rego"
TYPED = """\
# METADATA
# scope: package
# schemas:
#   - input: schema.cluster
package lockstep

answers := [] if input.spec.{field}
"""
CLUSTER: InputSchemas = {
    "cluster": {
        "type": "object",
        "properties": {"spec": {"$ref": "#/$defs/spec"}},
        "$defs": {"spec": {"type": "object", "properties": {"region": {"type": "string"}}}},
    }
}
NO_CACHE = Cache(None)


def refusal(files: dict[str, str], schemas: InputSchemas | None = None) -> LockstepError:
    """What loading these files, with an entry point where they have none, is refused with."""
    texts = {MAIN: "package lockstep\n\nanswers := []\n", **files}
    policies = {path: text.encode() for path, text in texts.items()}
    with pytest.raises(LockstepError) as caught:
        require_compiled(policies, opa_program(), schemas, NO_CACHE)
    return caught.value


def test_the_shipped_policies_may_be_loaded() -> None:
    with ChildOpa(shipped_policies(), opa_program(), cache=NO_CACHE) as opa:
        assert opa.evaluate_all([]) == []


@pytest.mark.parametrize(
    ("rule", "builtin"),
    [
        ('x := http.send({"method": "get", "url": "http://127.0.0.1:1"})', "http.send"),
        ('x := http["send"]({})', "http.send"),
        ("x := opa.runtime()", "opa.runtime"),
        ('x := opa["run\\u0074ime"]()', "opa.runtime"),
        ('x := $"{opa.runtime()}"', "opa.runtime"),
        ('x := net.lookup_ip_addr("localhost")', "net.lookup_ip_addr"),
        ("x := time.now_ns()", "time.now_ns"),
        ('x := rand.intn("x", 3)', "rand.intn"),
        ('x := uuid.rfc4122("x")', "uuid.rfc4122"),
        ('x := json.match_schema({}, {"$ref": "http://127.0.0.1:1"})', "json.match_schema"),
        ('x := io.jwt.decode_verify("x", {})', "io.jwt.decode_verify"),
        (
            'x := crypto.x509.parse_and_verify_certificates("x")',
            "crypto.x509.parse_and_verify_certificates",
        ),
    ],
)
def test_an_impure_builtin_is_refused_at_its_line(rule: str, builtin: str) -> None:
    error = refusal({"policies/lib/one.rego": f"package lockstep.lib.one\n\n{rule}\n"})
    assert f"a policy must not use {builtin}" in error.message
    assert error.where in ("policies/lib/one.rego:3", "policies/")


def test_an_impure_builtin_cannot_replace_another() -> None:
    rule = "x if {\n\tcount([1]) == 1 with count as http.send\n}"
    error = refusal({"policies/lib/one.rego": f"package lockstep.lib.one\n\n{rule}\n"})
    assert error.where == "policies/lib/one.rego:4"


def test_rules_with_impure_builtins_are_not_evaluated() -> None:
    main = b"package lockstep\n\nanswers := [opa.runtime().version]\n"
    with (
        ChildOpa({MAIN: main}, opa_program(), cache=NO_CACHE) as opa,
        pytest.raises(LockstepError, match=r"must not use opa\.runtime") as caught,
    ):
        opa.evaluate(batch_of([1]))
    assert caught.value.where == "policies/main.rego:3"


def test_every_error_is_reported_with_its_place() -> None:
    error = refusal({
        "policies/lib/one.rego": "package lockstep.lib.one\n\nx := lost(1)\n\ny := lost(2)\n",
    })  # fmt: skip
    assert error.where == "policies/lib/one.rego:3"
    assert "policies/lib/one.rego:5: undefined function lost" in error.message


def test_the_compiler_is_strict() -> None:
    error = refusal({"policies/lib/one.rego": "package lockstep.lib.one\n\nimport data.nothing\n"})
    assert (error.where, error.message) == ("policies/lib/one.rego:3", "import data.nothing unused")


def test_a_field_that_the_schema_lacks_is_named() -> None:
    error = refusal({MAIN: TYPED.format(field="regoin")}, CLUSTER)
    assert (error.where, error.message) == (f"{MAIN}:7", "undefined ref: input.spec.regoin")
    policies = {MAIN: TYPED.format(field="region").encode()}
    require_compiled(policies, opa_program(), CLUSTER, NO_CACHE)


def test_a_missing_schema_is_an_error() -> None:
    error = refusal({MAIN: TYPED.format(field="region")}, {"family": {}})
    assert "undefined schema: schema.cluster" in error.message


def test_a_schema_inside_an_annotation_is_refused_before_it_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "object", "properties": {"password": {"type": "string"}}}')
    inline = f'input: {{"\\x24ref": "file://{secret}"}}'
    error = refusal({MAIN: TYPED.replace("input: schema.cluster", inline).replace("{field}", "x")})
    assert error.where == f"{MAIN}:5"
    assert "an annotation must not contain a schema" in error.message
    assert "password" not in error.message


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/x.json"},
        {"properties": {"default": {"items": [{"$ref": "other.json"}]}}},
        {"$ref": "#"},
        {"$id": "file:///etc/x.json", "$ref": "#/$defs/x"},
    ],
)
def test_a_schema_that_refers_elsewhere_is_refused(schema: object, tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="schema cluster refers to"):
        write_schemas({"cluster": schema}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../cluster", "/cluster", "a b", ""])
def test_a_schema_has_a_name_that_rules_can_write(name: str, tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="no rule can name a schema"):
        write_schemas({name: {}}, tmp_path)


def test_data_that_two_files_define_names_both() -> None:
    error = refusal({
        "policies/data/one.yaml": "thresholds: {one: {max: 1}}\n",
        "policies/data/rule-one.yaml": "thresholds: {one: {max: 1}}\n",
    })  # fmt: skip
    assert error.message == (
        "thresholds.one.max is defined twice: here, and in policies/data/one.yaml"
    )
    assert error.where == "policies/rules/one/thresholds.yaml"


@pytest.mark.parametrize("text", ["a: [1\n", "- 1\n", ""])
def test_data_that_is_not_an_object_names_its_file(text: str) -> None:
    error = refusal({"policies/data/rule-one.yaml": text})
    assert error.where == "policies/rules/one/thresholds.yaml"
    assert "cannot be read" in error.message


@pytest.mark.parametrize("key", ["lockstep", "system", "a/b"])
def test_data_cannot_use_the_root_keys_of_rules(key: str) -> None:
    error = refusal({"policies/data/one.yaml": f'"{key}": {{bundle: {{digest: x}}}}\n'})
    assert f"must not have the key '{key}'" in error.message


def test_thresholds_beside_a_rule_reach_it_and_are_at_the_root() -> None:
    main = b"package lockstep\n\n" + (
        b'answers := [{"id": i.id, "max": data.thresholds.one.max} | some i in input.items]\n'
    )
    policies = {MAIN: main, "policies/rules/one/thresholds.yaml": b"thresholds: {one: {max: 7}}\n"}
    with ChildOpa(policies, opa_program(), cache=NO_CACHE) as opa:
        assert opa.evaluate(batch_of([1])) == [{"id": "item-0", "max": 7}]


def test_the_result_is_remembered_for_these_files_and_schemas_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, policies = Cache(tmp_path / "cache"), {MAIN: TYPED.format(field="region").encode()}
    require_compiled(policies, opa_program(), CLUSTER, cache)
    compiled: list[Compiler] = []

    def errors(compiler: Compiler) -> tuple[()]:
        compiled.append(compiler)
        return ()

    monkeypatch.setattr(Compiler, "errors", errors)
    require_compiled(policies, opa_program(), CLUSTER, cache)
    assert compiled == []
    require_compiled(policies, opa_program(), None, cache)
    require_compiled({**policies, "policies/data/a.yaml": b"a: 1"}, opa_program(), CLUSTER, cache)
    assert len(compiled) == 2


def test_what_is_refused_is_not_remembered(tmp_path: Path) -> None:
    cache, policies = Cache(tmp_path / "cache"), {MAIN: b"package lockstep\n\nanswers := lost(1)\n"}
    for _ in range(2):
        with pytest.raises(LockstepError, match="undefined function lost"):
            require_compiled(policies, opa_program(), None, cache)
