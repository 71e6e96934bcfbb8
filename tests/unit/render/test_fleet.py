"""From a fleet to manifests: what is rendered, and what is refused with a place and a fix."""

import random
import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet
from lockstep.render import Templates, compare, render_cluster, render_environment
from lockstep.render.folder import FolderWriter, RenderedFolder
from lockstep.render.names import version_slug
from lockstep.render.provenance import FILE_NAME, parse_provenance
from lockstep.spec.assemble import assemble
from tests.unit.render import rendering
from tests.unit.render.rendering import STABLE, cluster, fleet_of, render_one, tree_of
from tests.unit.render.specs import known
from tests.unit.whole_fleets import render_fleet, unrendered_folders

WARM = {"name": "previous", "version": "41", "weight": 0, "warm": True}


def findings_of(tree: rendering.Tree, templates: Templates | None = None) -> list[Finding]:
    files, findings = render_fleet(fleet_of(tree), templates or rendering.templates())
    assert findings
    assert not [path for path in files if "/clusters/" in path]
    return findings


def line(tree: rendering.Tree, finding: Finding) -> str:
    return tree[finding.file].decode().split("\n")[finding.line - 1].strip()


def test_a_cluster_becomes_one_file_per_object() -> None:
    folder = render_one(cluster())
    assert folder.path == "rendered/prod/clusters/fraud-eu"
    assert known(folder.files) == [
        "PROVENANCE", "application.yaml", "deployment-v41.yaml", "destinationrule-v41.yaml",
        "service.yaml", "serviceaccount.yaml", "virtualservice.yaml",
    ]  # fmt: skip
    assert {folder.manifests[n]["kind"] for n in known(folder.manifests)} == {
        "Application", "Deployment", "DestinationRule", "Service", "ServiceAccount",
        "VirtualService",
    }  # fmt: skip
    assert not folder.findings


def test_what_is_written_is_what_was_parsed_by_any_reader() -> None:
    folder = render_one(cluster())
    for name, manifest in folder.manifests.items():
        assert yaml.load(folder.files[name], yaml.CSafeLoader) == manifest


def test_every_file_says_that_a_machine_wrote_it() -> None:
    folder = render_one(cluster())
    for name in folder.manifests:
        assert folder.files[name].startswith(b"# Machine-written by `lockstep render`")


def test_a_rendered_folder_has_only_yaml_and_provenance() -> None:
    files, _ = render_fleet(fleet_of(tree_of(cluster())), rendering.templates())
    assert all(re.fullmatch(r"[a-z0-9-]+\.yaml|PROVENANCE", p.split("/")[-1]) for p in files)


def test_an_environment_has_one_application_that_finds_those_of_its_clusters() -> None:
    fleet = fleet_of(tree_of(cluster()))
    folder = render_environment(fleet.environments["prod"], rendering.templates())
    assert folder.path == "rendered/prod/environment"
    assert sorted(folder.files) == ["PROVENANCE", "applications.yaml"]


def test_the_order_of_files_variants_and_keys_changes_no_byte() -> None:
    arms: list[dict[str, Any]] = [
        {"name": "arm-a", "version": "7", "weight": 20, "experiment": True},
        {"name": "stable", "version": "41", "weight": 70},
        {"name": "candidate", "version": "42", "weight": 10},
        {"name": "previous", "version": "40", "weight": 0, "warm": True},
    ]
    traffic = {"bucketHeader": "x-user-bucket", "timeout": "2s"}
    specs = [cluster(f"fraud-{i}", traffic=traffic, variants=arms) for i in range(3)]
    tree = tree_of(*specs, versions=("7", "40", "41", "42"))
    expected, findings = render_fleet(fleet_of(tree), rendering.templates())
    assert not findings
    shuffle = random.Random(7)
    for _ in range(10):
        mixed = [
            cluster(f"fraud-{i}", traffic=traffic, variants=shuffle.sample(arms, len(arms)))
            for i in range(3)
        ]
        for each in mixed:
            each["spec"] = dict(shuffle.sample(sorted(each["spec"].items()), len(each["spec"])))
        tree = tree_of(*mixed, versions=("42", "40", "7", "41"))
        tree = dict(shuffle.sample(sorted(tree.items()), len(tree)))
        again, _ = render_fleet(fleet_of(tree), rendering.templates())
        assert list(again.items()) == list(expected.items())


def test_the_order_of_families_and_clusters_changes_no_byte() -> None:
    fleet = fleet_of(tree_of(cluster("fraud-one"), cluster("fraud-two")))
    environment, family = rendering.only_family(fleet)
    turned = replace(family, clusters=family.clusters[::-1])
    other = Fleet({"prod": replace(environment, families={"fraud": turned})})
    one, two = (render_fleet(each, rendering.templates())[0] for each in (fleet, other))
    assert list(one.items()) == list(two.items())


def test_a_role_changes_nothing_but_the_routes() -> None:
    before = render_one(cluster(variants=[STABLE, {**WARM, "version": "42"}]))
    after = render_one(cluster(variants=[{**STABLE, "version": "42"}, WARM]))
    assert before.files.keys() == after.files.keys()
    changed = {name for name in before.files if before.files[name] != after.files[name]}
    assert changed == {"virtualservice.yaml", FILE_NAME}


def test_a_candidate_without_weight_changes_nothing() -> None:
    steady = render_one(cluster())
    candidate = {"name": "candidate", "version": "42", "weight": 0}
    assert render_one(cluster(variants=[STABLE, candidate])).files == steady.files


def test_the_folders_of_two_clusters_do_not_depend_on_each_other() -> None:
    one, two = cluster("fraud-one"), cluster("fraud-two")
    alone, _ = render_fleet(fleet_of(tree_of(one)), rendering.templates())
    both, _ = render_fleet(fleet_of(tree_of(one, two)), rendering.templates())
    assert alone.items() <= both.items()
    assert {p.split("/")[3] for p in both.keys() - alone.keys()} == {"fraud-two"}


def test_a_running_version_without_lock_is_found_at_the_variant() -> None:
    candidate = {"name": "candidate", "version": "42", "weight": 10}
    tree = tree_of(cluster(variants=[{**STABLE, "weight": 90}, candidate]), versions=("41",))
    (finding,) = findings_of(tree)
    assert (finding.rule, finding.pointer) == ("render.lock", "/spec/variants/1/version")
    assert line(tree, finding) == "version: '42'"
    assert finding.fix == "lockstep lock prod/fraud 42"


def test_a_lock_of_another_version_is_not_taken_for_the_lock() -> None:
    tree = tree_of(cluster())
    tree["clusters/prod/fraud/locks/41.yaml"] = rendering.dump(rendering.lock("43"))
    (finding,) = findings_of(tree)
    assert (finding.rule, finding.pointer) == ("render.lock", "/spec/variants/0/version")


def test_a_lock_without_digest_is_found_in_the_lock() -> None:
    tree = tree_of(cluster())
    tree["clusters/prod/fraud/locks/41.yaml"] = rendering.dump(rendering.lock("41", digest=12))
    (finding,) = findings_of(tree)
    assert finding.file == "clusters/prod/fraud/locks/41.yaml"
    assert line(tree, finding) == "digest: 12"


def test_a_region_that_the_environment_lacks_is_found_at_the_region() -> None:
    tree = tree_of(cluster(region="moon-1"))
    (finding,) = findings_of(tree)
    assert (finding.rule, line(tree, finding)) == ("render.region", "region: moon-1")


@pytest.mark.parametrize("variants", [[{**STABLE, "weight": 0}], [{**STABLE, **WARM}], []])
def test_traffic_that_goes_nowhere_is_found_at_the_variants(variants: list[object]) -> None:
    (finding,) = findings_of(tree_of(cluster(variants=variants)))
    assert (finding.rule, finding.pointer) == ("render.no-traffic", "/spec/variants")


@pytest.mark.parametrize("traffic", [{}, {"bucketHeader": "x-user-bucket"}])
def test_requests_that_only_learning_arms_could_get_are_found_at_the_variants(
    traffic: dict[str, str],
) -> None:
    arm = {"name": "bandit", "version": "42", "weight": 100, "experiment": True}
    terms = {"bandit": {"learnsFrom": "live"}}
    spec = cluster(variants=[{**STABLE, **WARM}, arm], experiments=terms, traffic=traffic)
    (finding,) = findings_of(tree_of(spec))
    assert (finding.rule, finding.pointer) == ("render.no-traffic", "/spec/variants")
    assert "learn live" in finding.message


def test_what_an_arm_learns_from_is_an_input_only_where_it_is_live() -> None:
    arm = {"name": "bandit", "version": "42", "weight": 20, "experiment": True}
    inputs = {}
    for how in (None, "offline", "live"):
        terms = {"bandit": {"learnsFrom": how}} if how else None
        traffic = {"bucketHeader": "x-user-bucket"}
        spec = cluster(variants=[{**STABLE, "weight": 80}, arm], experiments=terms, traffic=traffic)
        inputs[how] = parse_provenance(render_one(spec).files[FILE_NAME]).inputs
    assert inputs[None] == inputs["offline"] != inputs["live"]


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"host": None}, "/spec"),
        ({"host": 12}, "/spec/host"),
        ({"namespace": ["a"]}, "/spec/namespace"),
        ({"serving": None}, "/spec"),
        ({"serving": "an image"}, "/spec/serving"),
        ({"variants": None}, "/spec"),
        ({"variants": "41"}, "/spec/variants"),
        ({"variants": ["41"]}, "/spec/variants/0"),
        ({"variants": [{**STABLE, "weight": True}]}, "/spec/variants/0/weight"),
        ({"variants": [{**STABLE, "version": 41}]}, "/spec/variants/0/version"),
        ({"traffic": {"timeout": 2}}, "/spec/traffic/timeout"),
        ({"traffic": {"retries": 2}}, "/spec/traffic/retries"),
        ({"traffic": {"circuitBreaker": {"consecutiveErrors": 5}}}, "/spec/traffic/circuitBreaker"),
    ],
)
def test_a_broken_spec_is_a_finding_and_never_a_crash(spec: dict[str, Any], pointer: str) -> None:
    (finding,) = findings_of(tree_of(cluster(**spec)))
    assert finding.rule == "render.input"
    assert finding.file == "clusters/prod/fraud/c0.yaml"
    assert pointer.startswith(finding.pointer) or finding.pointer.startswith(pointer)
    assert finding.fix


@pytest.mark.parametrize("spec", [None, "text", [], 12])
def test_a_spec_of_the_wrong_shape_is_a_finding(spec: object) -> None:
    broken = cluster()
    broken["spec"] = spec
    assert [f.rule for f in findings_of(tree_of(broken))] == ["render.input"]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "UPPER", "", "a\nb", "-a", "a" * 64])
def test_a_name_that_is_not_valid_cannot_choose_a_path(name: str) -> None:
    broken = cluster()
    broken["metadata"]["name"] = name
    (finding,) = findings_of(tree_of(broken))
    assert (finding.rule, finding.pointer) == ("render.input", "/metadata/name")


def test_two_versions_with_one_slug_are_found() -> None:
    hashed = version_slug("2.0_RC1").removeprefix("v")
    variants = [
        {**STABLE, "version": "2.0_RC1", "weight": 90},
        {"name": "candidate", "version": hashed, "weight": 10},
    ]
    tree = tree_of(cluster(variants=variants), versions=("2.0_RC1", hashed))
    findings = findings_of(tree)
    assert {f.rule for f in findings} == {"render.collision"}
    assert any(f"deployment-v{hashed}.yaml" in f.message for f in findings)


def test_a_kubernetes_version_without_schemas_is_found_in_the_environment() -> None:
    tree = tree_of(cluster())
    tree["clusters/prod/environment.yaml"] = tree["clusters/prod/environment.yaml"].replace(
        b"'1.37'", b"'9.99'"
    )
    (finding,) = findings_of(tree)
    assert finding.rule == "render.kubernetes-version"
    assert line(tree, finding) == "kubernetesVersion: '9.99'"


@pytest.mark.parametrize(
    ("spec", "message", "written"),
    [
        (
            {"namespace": "Not A Name"},
            r"destinationrule-v41.yaml .*/metadata/namespace: ",
            "namespace: Not A Name",
        ),
        ({"host": "a host"}, r"virtualservice.yaml .*/spec/hosts/0: ", "host: a host"),
        (
            {"traffic": {"timeout": "soon"}},
            r"virtualservice.yaml .*/spec/http/0/timeout: ",
            "timeout: soon",
        ),
        (
            {"traffic": {"circuitBreaker": {"consecutiveErrors": 0, "ejectFor": "30s"}}},
            r"destinationrule.yaml .*/outlierDetection/consecutive5xxErrors: ",
            "consecutiveErrors: 0",
        ),
    ],
)
def test_a_manifest_that_its_schema_refuses_is_found_at_the_value(
    spec: dict[str, Any], message: str, written: str
) -> None:
    tree = tree_of(cluster(**spec))
    findings = findings_of(tree)
    assert {f.rule for f in findings} == {"render.manifest"}
    (found, *_) = (f for f in findings if re.search(message, f.message))
    assert (found.file, line(tree, found)) == ("clusters/prod/fraud/c0.yaml", written)
    assert found.fix.startswith("correct this value, or line ")


def changed_template(component: str, old: bytes, new: bytes) -> Templates:
    tree = rendering.resources()
    path = f"templates/{component}/{component}.yaml.j2"
    assert old in tree[path]
    return Templates({**tree, path: tree[path].replace(old, new)}, read_kubernetes_schema)


@pytest.mark.parametrize(
    ("component", "old", "new", "rule", "message"),
    [
        ("deployment", b"  replicas:", b"  replica:", "render.manifest", "'replica'"),
        ("deployment", b"runAsNonRoot: true", b"runAsNonRoot: 1", "render.manifest", "boolean"),
        (
            "service",
            b"kind: Service",
            b"kind: Servant",
            "render.kind",
            "it writes v1 Servant",
        ),
        ("service", b"kind: Service", b"# no kind", "render.kind", "it writes v1 None"),
        (
            "service",
            b"protocol: TCP",
            b"protocol: no",
            "render.yaml",
            "YAML: '.*protocol: no'$",
        ),
        (
            "service",
            b"type: ClusterIP",
            b"type: a\n  type: b",
            "render.yaml",
            "duplicate key 'type'",
        ),
        ("application", b'      - "PruneLast=true"\n', b"", "render.manifest", "syncOptions"),
        ("virtualservice", b"weight: {{ weight", b"weight: {{ wait", "render.template", "'wait'"),
    ],
)
def test_a_template_that_goes_wrong_is_a_finding(
    component: str, old: bytes, new: bytes, rule: str, message: str
) -> None:
    findings = findings_of(tree_of(cluster()), changed_template(component, old, new))
    assert {f.rule for f in findings} == {rule}
    assert any(re.search(message, f.message) for f in findings), findings


def test_nothing_is_rendered_with_a_template_that_cannot_be_compiled() -> None:
    templates = changed_template("service", b"{% endfor %}", b"")
    files, findings = render_fleet(fleet_of(tree_of(cluster())), templates)
    assert not files
    assert [f.file for f in findings] == ["templates/service/service.yaml.j2"]


def test_the_templates_of_an_older_commit_can_be_used() -> None:
    older = changed_template("deployment", b"revisionHistoryLimit: 2", b"revisionHistoryLimit: 9")
    environment, family = rendering.only_family(fleet_of(tree_of(cluster())))
    folder = render_cluster(family.clusters[0], family, environment, older)
    assert b"revisionHistoryLimit: 9" in folder.files["deployment-v41.yaml"]
    now = parse_provenance(render_one(cluster()).files[FILE_NAME])
    then = parse_provenance(folder.files[FILE_NAME])
    assert then.inputs == now.inputs
    assert {n for n in now.templates if now.templates[n] != then.templates[n]} == {"deployment"}


def test_one_broken_cluster_leaves_the_others_rendered() -> None:
    fleet = fleet_of(tree_of(cluster("fraud-one"), cluster("fraud-two", host=None)))
    files, findings = render_fleet(fleet, rendering.templates())
    assert {p.split("/")[3] for p in files if "/clusters/" in p} == {"fraud-one"}
    assert len(findings) == 1
    assert unrendered_folders(fleet, files) == ["rendered/prod/clusters/fraud-two"]


def test_a_broken_cluster_is_not_taken_for_a_deleted_one() -> None:
    before, _ = render_fleet(fleet_of(tree_of(cluster())), rendering.templates())
    fleet = fleet_of(tree_of(cluster(host=None)))
    files, _ = render_fleet(fleet, rendering.templates())
    assert {f.rule for f in compare(files, before)} == {"render.stale"}
    assert not compare(files, before, unrendered=unrendered_folders(fleet, files))


@pytest.mark.parametrize("lost", ["fraud/c0", "fraud/family", "environment"])
def test_a_cluster_that_cannot_be_read_does_not_count_as_deleted(lost: str) -> None:
    tree = tree_of(cluster() | {"metadata": {"name": "fraud-c0"}})
    before, _ = render_fleet(fleet_of(tree), rendering.templates())
    fleet, _ = assemble({**tree, f"clusters/prod/{lost}.yaml": b"["})
    files, _ = render_fleet(fleet, rendering.templates())
    assert not compare(files, before, unrendered=unrendered_folders(fleet, files, tree))


HOSTILE_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
HOSTILE_KEY = HOSTILE_TEXT.filter(  # the parser refuses keys that rapidyaml takes for numbers
    lambda key: not re.fullmatch(r"[-+.]*(nan|inf|infinity)", key, re.IGNORECASE)
)


@settings(max_examples=50)
@given(
    HOSTILE_TEXT,
    HOSTILE_TEXT,
    HOSTILE_TEXT,
    # With a slash it is a device, of which there must be a number.
    st.dictionaries(HOSTILE_KEY.filter(lambda key: "/" not in key), HOSTILE_TEXT),
)
def test_values_of_a_spec_reach_the_manifest_and_nothing_else(
    image: str, health: str, source: str, amounts: dict[str, str]
) -> None:
    spec = cluster()
    serving = {"image": image, "health": health, "resources": {"requests": amounts, "limits": {}}}
    spec["spec"]["serving"] |= serving
    only, family, environment = rendering.family_in_memory(spec, source=source)
    folder = render_cluster(only, family, environment, rendering.templates())
    assert not folder.findings
    # A copy: rendered folders are kept, and other tests render the same cluster.
    plain = deepcopy(render_one(cluster()).manifests["deployment-v41.yaml"])
    container = plain["spec"]["template"]["spec"]["containers"][0]
    container["image"] = image
    container["env"][0]["value"] = source.replace("$", "$$")
    container["resources"] = {"requests": amounts or None, "limits": None}
    for probe in ("startupProbe", "readinessProbe"):
        container[probe]["httpGet"]["path"] = health
    assert folder.manifests["deployment-v41.yaml"] == plain


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS = [
    ("region",), ("hosts",), ("gateways",), ("namespace",), ("host",), ("serving",), ("traffic",),
    ("variants",), ("serving", "image"), ("serving", "port"), ("serving", "resources"),
    ("variants", 0), ("variants", 0, "version"), ("variants", 0, "weight"),
    ("traffic", "retries"), ("traffic", "bucketHeader"), ("traffic", "circuitBreaker"),
    ("serving", "zones"), ("serving", "whenUnsatisfiable"), ("serving", "affinity"),
    ("serving", "env"), ("serving", "command"), ("serving", "tolerations"), ("serving", "ports"),
    ("serving", "nodeSelector"), ("serving", "securityContext"), ("serving", "priorityClassName"),
    ("serving", "imagePullSecrets"), ("serving", "terminationGracePeriodSeconds"),
    ("serving", "lifecycle"), ("serving", "lifecycle", "preStop"),
    ("serving", "lifecycle", "preStop", "sleep"), ("serving", "probes"),
    ("serving", "probes", "readiness"), ("serving", "probes", "readiness", "grpc"),
    ("serving", "probes", "startup", "periodSeconds"), ("serving", "volumes"),
    ("serving", "volumes", "cache"), ("serving", "volumes", "cache", "emptyDir"),
    ("serving", "volumes", "cache", "subPath"), ("access", "refreshInterval"),
    ("access", "secrets", "TOKEN"), ("access", "secrets", "TOKEN", "storeKind"),
    ("access", "secrets", "TOKEN", "key"), ("serving", "disruption"), ("serving", "hpa"),
    ("serving", "keda"),
    ("access",), ("access", "identity"), ("access", "secrets"), ("experiments",),
    ("experiments", "arm"), ("experiments", "arm", "learnsFrom"),
]  # fmt: skip


@given(st.sampled_from(FIELDS), JSON)
def test_no_value_anywhere_in_a_spec_makes_rendering_crash(field: Any, value: Any) -> None:
    arm = {"name": "arm", "version": "41", "weight": 0, "experiment": True}
    access = {"secrets": {"TOKEN": {"store": "vault", "path": "ml/fraud"}}}
    spec = cluster(traffic={}, access=access, experiments={"arm": {}}, variants=[STABLE, arm])
    spec["spec"]["serving"] |= {
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "probes": {"readiness": {"grpc": {"port": 8080}}, "startup": {}},
        "volumes": {"cache": {"mountPath": "/cache", "emptyDir": {}}},
    }
    place = spec["spec"]
    for part in field[:-1]:
        place = place[part]
    place[field[-1]] = value
    only, family, environment = rendering.family_in_memory(spec)
    folder = render_cluster(only, family, environment, rendering.templates())
    assert bool(folder.findings) != bool(folder.files)


def test_the_same_inputs_are_rendered_once_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    write = FolderWriter.write

    def counted(self: FolderWriter, path: str, *given: Any) -> RenderedFolder:
        made.append(path)
        return write(self, path, *given)

    monkeypatch.setattr(FolderWriter, "write", counted)
    compiled = Templates(rendering.resources(), read_kubernetes_schema)
    tree = tree_of(cluster(), cluster("fraud-us"))
    environment, family = rendering.only_family(fleet_of(tree))
    for _ in range(2):
        for each in family.clusters:
            assert render_cluster(each, family, environment, compiled).files
    assert len(made) == 2
    changed = tree_of(cluster(host="x.models.example.com"))
    environment, family = rendering.only_family(fleet_of(changed))
    render_cluster(family.clusters[0], family, environment, compiled)
    assert len(made) == 3


def test_only_the_folders_rendered_last_are_kept() -> None:
    compiled = Templates(rendering.resources(), read_kubernetes_schema)
    for number in range(70):
        tree = tree_of(cluster(host=f"h{number}.models.example.com"))
        environment, family = rendering.only_family(fleet_of(tree))
        render_cluster(family.clusters[0], family, environment, compiled)
    assert len(compiled.kept) == 64
