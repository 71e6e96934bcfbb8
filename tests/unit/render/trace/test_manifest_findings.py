"""What made a manifest wrong: a line of the template, or a value of a spec."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.render import Templates, render_cluster
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, tree_of
from tests.unit.render.tracing import with_defaults
from tests.unit.whole_fleets import render_fleet


def changed(component: str, old: str, new: str) -> Templates:
    tree = rendering.resources()
    path = f"templates/{component}/{component}.yaml.j2"
    assert old.encode() in tree[path]
    return Templates(
        {**tree, path: tree[path].replace(old.encode(), new.encode(), 1)}, read_kubernetes_schema
    )


def findings_of(spec: dict[str, Any], templates: Templates) -> tuple[Finding, ...]:
    environment, family = rendering.only_family(fleet_of(tree_of(spec)))
    return render_cluster(family.clusters[0], family, environment, templates).findings


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("{# All", "{# All\n   of #}{# the", "protocol: no"),
        ("spec:\n", "{% if name %}\nspec:\n{% endif %}\n", "protocol: no"),
        ("{% endfor %}", "{%- endfor %}", "{{ key | quote }}: {{ value | quote }}"),
    ],
)
def test_a_line_that_is_not_yaml_is_found_in_the_template(old: str, new: str, text: str) -> None:
    tree = rendering.resources()
    path = "templates/service/service.yaml.j2"
    source = tree[path].decode().replace("protocol: TCP", "protocol: no").replace(old, new, 1)
    templates = Templates({**tree, path: source.encode()}, read_kubernetes_schema)
    found = [f for f in findings_of(cluster(), templates) if f.rule == "render.yaml"]
    assert [source.split("\n")[f.line - 1].strip() for f in found] == [text]
    assert {f.file for f in found} == {path}


def test_a_value_that_does_not_make_yaml_is_found_in_the_spec() -> None:
    one = cluster()
    one["spec"]["serving"]["resources"]["limits"] = {"cpu": "1", "nan": "2"}
    (finding,) = findings_of(one, rendering.templates())
    assert (finding.rule, finding.file) == ("render.yaml", "clusters/prod/fraud/c0.yaml")
    assert finding.pointer == "/spec/serving/resources/limits/nan"
    assert "templates/deployment/deployment.yaml.j2" in finding.fix


def test_a_line_that_the_template_breaks_is_not_traced_to_its_key() -> None:
    old = "limits %}\n              {{ key | quote }}: {{"
    templates = changed("deployment", old, old.replace(": {{", ": no {{"))
    (finding,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["deployment"]
    assert (finding.rule, finding.file) == ("render.yaml", path)
    assert "}}: no {{" in source.split("\n")[finding.line - 1]


def test_a_kind_without_schema_is_found_at_the_kind() -> None:
    templates = changed("service", "kind: Service", "kind: Servant")
    (finding,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["service"]
    assert finding.file == path
    assert source.split("\n")[finding.line - 1] == "kind: Servant"


def test_a_duplicate_key_is_found_at_the_second() -> None:
    templates = changed("service", "type: ClusterIP", "type: a\n  type: b")
    (finding,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["service"]
    assert (finding.rule, finding.file) == ("render.yaml", path)
    assert source.split("\n")[finding.line - 1].strip() == "type: b"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [("  replicas:", "  replica:", 3), ("          resources:", "          resourcez:", 11)],
)
def test_a_field_that_the_schema_does_not_know_is_the_templates(
    old: str, new: str, column: int
) -> None:
    templates = changed("deployment", old, new)
    (unknown,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["deployment"]
    line = source.split(new)[0].count("\n") + 1
    assert (unknown.file, unknown.line, unknown.column) == (path, line, column)
    assert unknown.fix == f"fix line {line} of {path}"
    assert repr(new.strip(" :")) in unknown.message


def test_a_misspelt_field_that_is_required_is_found_once_with_a_suggestion() -> None:
    templates = changed("deployment", "      containers:", "      containerz:")
    (finding,) = findings_of(cluster(), templates)
    source = templates.texts.sources["deployment"][1]
    assert source.split("\n")[finding.line - 1] == "      containerz:"
    assert finding.message.endswith("('containerz' was unexpected); did you mean 'containers'?")


def fleet_findings(templates: Templates) -> list[Finding]:
    """What is found in two clusters of two versions each."""
    one = cluster(variants=[
        {"name": "stable", "version": "41", "weight": 90},
        {"name": "candidate", "version": "42", "weight": 10},
    ])  # fmt: skip
    other = deepcopy(one)
    other["metadata"]["name"] = "fraud-us"
    other["spec"]["host"] = "fraud-us.models.example.com"
    return render_fleet(fleet_of(tree_of(one, other)), templates)[1]


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("revisionHistoryLimit: 2", "revisionHistoryLimit: x", "render.manifest", '"x" is not of'),
        ("revisionHistoryLimit: 2", "revisionHistoryLimit: 2.5", "render.yaml", ": 2.5'"),
        ("image: {{ image", "image: {{ port | quote }}{{ image", "render.yaml", '"x""x"'),
        ("image: {{ image", "image: {{ missing", "render.template", "'missing' is undefined"),
        ("{{ value | quote }}", "{{ value | quote }} #\x1b", "render.yaml", "not plain YAML"),
        ("kind: Deployment", "kind: Deploy", "render.kind", "it writes apps/v1 Deploy"),
        (" value: {{ value", " value: {{ port", "render.manifest", "env/*"),
        ("revisionHistoryLimit: 2", "revisionHistoryLimit: {{ name.upper() | quote }}",
         "render.manifest", "this value is not of types"),
    ],
)  # fmt: skip
def test_one_mistake_of_a_template_is_one_finding_for_all_that_it_writes(
    old: str, new: str, rule: str, message: str
) -> None:
    templates = changed("deployment", old, new)
    path, source = templates.texts.sources["deployment"]
    (finding,) = fleet_findings(templates)
    assert (finding.file, finding.rule) == (path, rule)
    assert finding.line == source.split(new)[0].count("\n") + 1
    assert message in finding.message


def test_a_value_of_a_wrong_type_is_the_templates_and_the_value_is_named() -> None:
    templates = changed("deployment", "automountServiceAccountToken: false",
                        "automountServiceAccountToken: {{ image | quote }}")  # fmt: skip
    (finding,) = fleet_findings(templates)
    assert finding.file == "templates/deployment/deployment.yaml.j2"
    assert {(r.file, r.note) for r in finding.related} == {
        (f"clusters/prod/fraud/c{n}.yaml", "the template writes spec.serving.image there")
        for n in (0, 1)
    }


@pytest.mark.parametrize(
    ("component", "old", "line"),
    [
        ("destinationrule", "  host: {{ host | quote }}\n", "spec:"),
        ("virtualservice", "        attempts: {{ retries.attempts | quote }}\n", "      retries:"),
    ],
)
def test_a_field_that_the_template_does_not_write_is_the_templates(
    component: str, old: str, line: str
) -> None:
    one = cluster(traffic={"retries": {"attempts": 2, "perTryTimeout": "1s"}})
    templates = changed(component, old, "")
    path, source = templates.texts.sources[component]
    findings = findings_of(one, templates)
    assert {(f.file, source.split("\n")[f.line - 1]) for f in findings} == {(path, line)}
    assert len(findings) == 1


def test_what_a_template_computes_is_shown_with_the_cluster_that_it_was_for() -> None:
    templates = changed("deployment", "revisionHistoryLimit: 2",
                        "revisionHistoryLimit: {{ name.upper() | quote }}")  # fmt: skip
    (finding,) = fleet_findings(templates)
    notes = {r.note for r in finding.related if r.file == "clusters/prod/fraud/c1.yaml"}
    assert notes == {f'here it writes "FRAUD-US-V{version}"' for version in (41, 42)}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "/metadata/name: the object has no name"),
        ("  name: A_b\n", '/metadata/name: "A_b" is not a valid name in Kubernetes'),
        ("  name: {{ (namespace ~ '/') | quote }}\n", "is not a valid name in Kubernetes"),
        ("  name: {{ ('n' ~ name * 99) | quote }}\n", "this value is not a valid name in"),
    ],
)
def test_an_object_has_a_name_that_kubernetes_accepts(name: str, says: str) -> None:
    templates = changed("service", "  name: {{ name | quote }}\n", name)
    findings = fleet_findings(templates)
    assert findings and {f.rule for f in findings} == {"render.manifest"}
    assert all(says in f.message for f in findings)


def test_an_object_without_metadata_is_the_templates_mistake() -> None:
    path = "templates/service/service.yaml.j2"
    tree = rendering.resources()
    text = tree[path].decode()
    tree[path] = (text[: text.index("metadata:")] + text[text.index("spec:") :]).encode()
    (finding,) = fleet_findings(Templates(tree, read_kubernetes_schema))
    assert (finding.file, finding.line) == (path, 2)


def test_an_empty_template_is_found_and_not_the_spec() -> None:
    tree = rendering.resources()
    tree["templates/service/service.yaml.j2"] = b""
    (finding,) = fleet_findings(Templates(tree, read_kubernetes_schema))
    assert (finding.file, finding.line) == ("templates/service/service.yaml.j2", 1)


def test_a_refused_default_is_one_finding_for_all_clusters_that_inherit_it() -> None:
    one, files = with_defaults()
    other = deepcopy(one)
    other["metadata"]["name"] = "fraud-us"
    other["spec"]["host"] = "fraud-us.models.example.com"
    family = yaml.safe_load(files["clusters/prod/fraud/family.yaml"])
    family["spec"]["defaults"]["traffic"] = {"timeout": "soon"}
    tree = {**tree_of(one, other), "clusters/prod/fraud/family.yaml": rendering.dump(family)}
    _, findings = render_fleet(fleet_of(tree), rendering.templates())
    mine = [f for f in findings if f.rule == "render.manifest"]
    assert {f.pointer for f in mine} == {"/spec/defaults/traffic/timeout"}
    for finding in mine:
        assert [r.file.rsplit("/", 1)[1] for r in finding.related] == ["c0.yaml", "c1.yaml"]


BROKEN: list[Callable[[str], str]] = [
    lambda text: text + "{{ name.missing | quote }}\n",
    lambda text: text + "x: {{ name }}\n",
    lambda text: text + "x: \0" + '{"line": 900, "column": 2}' + "\0y\n",
    lambda text: text + "x: \0[[\0y\n",
    lambda text: text + "{% set x %}{{ name | quote }}{% endset %}x: {{ x | quote }}\nz: no\n",
    lambda text: text + "{% macro m() %}a\n{{ name | quote }}{% endmacro %}x: {{ m() | quote }}\n",
    lambda text: text + "x: no\n" + "  - - -" * 400,
    lambda text: text + "y:\n  " + "- " * 400 + "x\n",
    lambda text: text + "# \u2028x: y\n",
    lambda text: "{# only a comment #}",
    lambda text: text.replace("\n", "\r\n") + "x: no\r\n",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_template_that_is_broken_in_any_way_is_found_somewhere(
    broken: Callable[[str], str],
) -> None:
    tree = rendering.resources()
    path = "templates/service/service.yaml.j2"
    tree[path] = broken(tree[path].decode()).encode()
    findings = findings_of(cluster(), Templates(tree, read_kubernetes_schema))
    assert findings
    for finding in findings:
        lines = {**tree, **tree_of(cluster())}[finding.file].decode().split("\n")
        assert 1 <= finding.line <= len(lines)
