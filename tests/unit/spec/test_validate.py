"""Documents held against schemas: where findings stand, and that no document breaks the stage."""

import copy
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.spec.assemble import assemble
from lockstep.spec.merge import merge_patch
from lockstep.spec.place import INHERITS, MERGES, REPLACES
from lockstep.spec.schema.schemas import Schemas
from tests.unit.fleets import validate_fleet

ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / "tests" / "examples" / "base"
FOLDER = "clusters/prod/scoring/"
FAMILY, US, EU = (f"{FOLDER}{name}.yaml" for name in ("family", "us-east-1", "eu-west-1"))

HOME_FILE = "clusters/prod/environment.yaml"
ARM = '    - {name: trial, version: "7", weight: 0, '
OWN = "  serving: {port: 9000}\n  variants"

FILES = {p.relative_to(BASE).as_posix(): p.read_bytes() for p in BASE.rglob("*") if p.is_file()}
SCHEMAS = Schemas(
    {
        p.relative_to(ROOT).as_posix(): p.read_bytes()
        for p in (ROOT / "policies/schemas").rglob("*.json")
    }
)
FLEET, _ = assemble(FILES)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5)
    ),
    max_leaves=20,
)


def findings(changes: Mapping[str, tuple[str, str]]) -> list[Finding]:
    """What is found where text in files of the base is replaced."""
    files = dict(FILES)
    for path, (old, new) in changes.items():
        text = files[path].decode()
        assert old in text
        files[path] = text.replace(old, new, 1).encode()
    fleet, loaded = assemble(files)
    return validate_fleet(fleet, SCHEMAS, loaded)


def test_valid_fleet_has_no_findings() -> None:
    assert findings({}) == []


def test_finding_in_defaults_is_reported_once_in_the_familys_file() -> None:
    (found,) = findings({FAMILY: ("port: 8080", "port: 80800")})
    assert (found.file, found.line, found.pointer) == (FAMILY, 23, "/spec/defaults/serving/port")
    assert found.message == "spec.defaults.serving.port is 80800; it must be from 1 to 65535"


@pytest.mark.parametrize(
    ("path", "old", "new", "place"),
    [
        (FAMILY, "[[us-east-1], [eu-west-1]]", "[]", "/spec/rollout/waves"),
        (FAMILY, "[[us-east-1], [eu-west-1]]", "[[us-east-1], []]", "/spec/rollout/waves/1"),
        (FAMILY, "[[us-east-1], [eu-west-1]]", "[[us-east-1], [' ']]", "/spec/rollout/waves/1/0"),
        (FAMILY, "weight: 10,", "weight: 1000,", "/spec/rollout/steps/0/weight"),
        (HOME_FILE, "{name: us-east-1", "{name: us east 1", "/spec/regions/0/name"),
        (US, "{name: stable", "{nam: stable", "/spec/variants/0/nam"),
        (US, "{name: stable", "{name: '-stable'", "/spec/variants/0/name"),
        (
            US,
            "weight: 100}",
            f"weight: 100}}\n{ARM}experimentt: true}}",
            "/spec/variants/1/experimentt",
        ),
        (
            US,
            "weight: 100}",
            f"weight: 100}}\n{ARM}experiment: 'true'}}",
            "/spec/variants/1/experiment",
        ),
    ],
)
def test_what_the_schema_rejects_is_not_compared_with_other_things(
    path: str, old: str, new: str, place: str
) -> None:
    (found,) = findings({path: (old, new)})
    assert (found.file, found.pointer) == (path, place)


def related(finding: Finding) -> list[tuple[str, int, str]]:
    return [(place.file, place.line, place.note) for place in finding.related]


def test_wrong_default_names_the_clusters_that_take_it() -> None:
    (found,) = findings({FAMILY: ("port: 8080", "port: 80800"), US: ("  variants", OWN)})
    assert related(found) == [(EU, 6, INHERITS)]
    (found,) = findings({FAMILY: ("port: 8080", "port: 80800")})
    assert related(found) == [(EU, 6, INHERITS), (US, 6, INHERITS)]


def test_wrong_value_names_the_default_that_it_replaces() -> None:
    (found,) = findings({US: ("  variants", OWN.replace("9000", "90000"))})
    assert (found.file, found.message) == (
        US,
        "spec.serving.port is 90000; it must be from 1 to 65535",
    )
    assert related(found) == [(FAMILY, 23, REPLACES)]


def test_value_in_a_list_names_the_whole_list_that_it_replaces() -> None:
    (found,) = findings(
        {FAMILY: ("  defaults:", "  defaults:\n    residency: [EU]"), US: ("[US]", "[US, us]")}
    )
    assert related(found) == [(FAMILY, 20, REPLACES)]


def test_field_missing_from_all_names_each_cluster() -> None:
    (found,) = findings({FAMILY: ("    namespace: scoring\n", "")})
    assert related(found) == [(EU, 6, "has no namespace"), (US, 6, "has no namespace")]


def test_misspelt_defaults_are_one_finding() -> None:
    (found,) = findings({FAMILY: ("  defaults:", "  default:")})
    assert found.message == "spec.default is not a known field; did you mean defaults?"


def test_field_at_the_wrong_depth_is_sent_home() -> None:
    (found,) = findings({US: ("  variants", "  replicas: 3\n  variants")})
    assert found.message == "spec.replicas is not a known field here; it belongs to spec.serving"
    (found,) = findings({US: ("  variants", "  serving:\n  replicas: 3\n  variants")})
    assert (found.line, found.rule) == (11, "schema.unknown-field")


@pytest.mark.parametrize(
    ("path", "field", "home"),
    [
        (FAMILY, "freezes: []", "environment.yaml"),
        (US, "freezes: []", "environment.yaml"),
        (US, "rollout: {}", "family.yaml"),
        (HOME_FILE, "gates: []", "family.yaml"),
        (HOME_FILE, "variants: []", "the file of a cluster"),
    ],
)
def test_a_field_of_another_file_is_sent_there(path: str, field: str, home: str) -> None:
    name = field.partition(":")[0]
    (found,) = (
        f for f in findings({path: ("spec:\n", f"spec:\n  {field}\n")}) if name in f.message
    )
    assert found.message == f"spec.{name} is not a known field here; it belongs to {home}"
    assert found.fix == f"move it to spec in {home}"


def test_a_field_that_several_files_may_have_is_sent_nowhere() -> None:
    found = findings({HOME_FILE: ("metadata:\n", "metadata:\n  family: a\n")})
    assert not any("belongs" in each.message for each in found)


def test_default_at_the_wrong_depth_is_one_finding_in_the_familys_words() -> None:
    (found,) = findings(
        {FAMILY: ("    namespace: scoring\n", "    namespace: scoring\n    port: 1\n")}
    )
    assert found.fix == "move it to spec.defaults.serving; check the indentation"
    assert related(found) == [(EU, 6, INHERITS), (US, 6, INHERITS)]


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("1.10", 'write it in quotes: "1.10"'),
        ("1.0", 'write it in quotes: "1.0"'),
        ("1e2", 'write it in quotes: "1e2"'),
        ("7", 'write it in quotes: "7"'),
    ],
)
def test_number_is_quoted_as_its_author_wrote_it(written: str, fix: str) -> None:
    (found,) = findings({US: ('version: "7"', f"version: {written}")})
    assert found.message == f"spec.variants[0].version is the number {written}; it must be text"
    assert found.fix == fix


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("    serving:.*(?=    traffic:)", "    serving: none\n", "/spec/defaults/serving"),
        ("    serving:", "    srving:", "/spec/defaults/srving"),
        ("resources:", "resuorces:", "/spec/defaults/serving/resuorces"),
        ("spec:", "specs:", "/specs"),
    ],
)
def test_a_wrong_default_is_not_reported_again_by_a_cluster_that_lacks_it(
    old: str, new: str, place: str
) -> None:
    files = {**FILES, US: FILES[US].replace(b"  variants", OWN.encode())}
    text = re.sub(old, new, files[FAMILY].decode(), count=1, flags=re.DOTALL)
    fleet, loaded = assemble({**files, FAMILY: text.encode()})
    (found,) = validate_fleet(fleet, SCHEMAS, loaded)
    assert (found.file, found.pointer) == (FAMILY, place)


def test_a_field_too_many_by_a_merge_names_the_default_that_it_comes_from() -> None:
    text = FILES[FAMILY].replace(
        b"      port: 8080", b"      port: 8080\n      disruption: {maxUnavailable: 1}"
    )
    own = FILES[US].replace(
        b"  variants", b"  serving: {disruption: {minAvailable: 1}}\n  variants"
    )
    fleet, loaded = assemble({**FILES, FAMILY: text, US: own})
    (found,) = validate_fleet(fleet, SCHEMAS, loaded)
    assert (found.file, found.rule) == (US, "schema.count")
    assert related(found) == [(FAMILY, 24, MERGES)]


def test_a_number_as_it_was_written_is_in_no_example() -> None:
    (found,) = findings({US: ("region: us-east-1", "region: +1")})
    assert found.message == "spec.region is the number +1; it must be text"
    assert found.fix.endswith("like eu-west-1")


def test_an_image_with_a_space_is_not_cut_short() -> None:
    (found,) = findings({FAMILY: ("example.com/ml/server", "example.com/ ml/server")})
    assert found.fix.startswith("expected: an image by the grammar of container registries")


def test_an_image_in_upper_case_is_written_in_lower_case_but_for_its_tag() -> None:
    (found,) = findings({FAMILY: ("example.com/ml/server", "example.com/ML/Server:V1")})
    assert found.message.endswith("which is not a container image")
    assert found.fix.startswith("did you mean registry.example.com/ml/server:V1@sha256:")


def _bare(message: str) -> str:
    """A message with all keys behind a dot, and values without quotes."""
    return re.sub(r"\['(.*?)'\]", r".\1", message).replace("'", "")


AFFINITY = "nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [%s]}"
TERM = "preference: {matchExpressions: [{key: a, operator: Exists}]}"


@pytest.mark.parametrize(
    ("field", "says"),
    [
        *(
            (f'resources: {{limits: {{{name}: "1"}}}}',
             f"resources.limits.{name} has a name that is not the name of a resource")
            for name in ("requests.nvidia.com/gpu", "a..b/x", "kubernetes.io/x", "a-.b/x",
                         "x.kubernetes.io/gpu", "gpu", "hugepages-2", "storage", "a/b/c")
        ),
        *(
            (f'resources: {{limits: {{nvidia.com/gpu: "{amount}"}}}}',
             f"resources.limits.nvidia.com/gpu is {amount}, which is not an amount")
            for amount in ("500m", "0.5", "0", "-1", "1e3", "01")
        ),
        *(
            (f"volumes: {{a: {{mountPath: {path}, emptyDir: {{}}}}}}",
             f"volumes.a.mountPath is {path}, which is not an absolute path for a volume")
            for path in ("/proc", "/proc/self", "/sys", "/dev", "/dev/sda", "/etc", "/usr", "/bin",
                         "/lib/x", "/usr/lib", "/usr/local/bin/x", "/etc/passwd", "/run", "/var",
                         "/var/run/secrets/kubernetes.io/serviceaccount", "/", "models", "/a/../b",
                         "/a:b", "/a/", "//a")
        ),
        ("fetch: {path: /proc}", "fetch.path is /proc, which is not an absolute path for a volume"),
        ("volumes: {a: {emptyDir: {sizeLimit: 500m}}}",
         "volumes.a.emptyDir.sizeLimit is 500m, which is not an amount of memory"),
        ("volumes: {a: {subPath: ../b, emptyDir: {}}}",
         "volumes.a.subPath is ../b, which is not a relative path"),
        ("volumes: {a: {subPath: /b, emptyDir: {}}}",
         "volumes.a.subPath is /b, which is not a relative path"),
        (f"affinity: {{{AFFINITY % ('{weight: 0, ' + TERM + '}')}}}",
         "weight is 0; it must be from 1 to 100"),
        (f"affinity: {{{AFFINITY % ('{weight: 101, ' + TERM + '}')}}}",
         "weight is 101; it must be from 1 to 100"),
        (f"affinity: {{{AFFINITY % '{weight: 1, preference: {}}'}}}",
         "matchExpressions is missing"),
        (f"affinity: {{{AFFINITY % '{weight: 1, preference: {matchExpressions: []}}'}}}",
         "matchExpressions has no entries; it needs at least 1"),
        ("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "{nodeSelectorTerms: []}}}", "nodeSelectorTerms has no entries; it needs at least 1"),
        ("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "[{labelSelector: {matchLabels: {a: b}}}]}}", "topologyKey is missing"),
        ("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
         "[{labelSelector: {matchLabels: {a: b}}, topologyKey: a..b/c}]}}",
         "topologyKey is a..b/c, which is not the key of a label"),
        ("tolerations: [{operator: Exists}]", "tolerations[0].key is missing"),
        ("tolerations: [{key: a..b/c}]",
         "tolerations[0].key is a..b/c, which is not the key of a label"),
        ("tolerations: [{key: a, effect: Never}]",
         "effect is Never; it must be NoSchedule, PreferNoSchedule or NoExecute"),
        ("nodeSelector: {a: b_}", "nodeSelector.a is b_, which is not the value of a label"),
        ("nodeSelector: {a..b/c: d}", "has a name that is not the key of a label"),
        ("ports: {a-name-of-16-chr: 1}", "has a name that is not the name of a port"),
        ('ports: {"123": 1}', "has a name that is not the name of a port"),
        ("ports: {a--b: 1}", "has a name that is not the name of a port"),
        ("env: {1A: a}", "has a name that is not the name of an environment variable"),
        ("env: {A=B: a}", "has a name that is not the name of an environment variable"),
        ("priorityClassName: Models", "priorityClassName is Models, which is not the name of a"),
        ("securityContext: {runAsUser: 0}",
         "securityContext.runAsUser is 0; it must be from 1 to 2147483647"),
        ("securityContext: {fsGroup: 2147483648}",
         "securityContext.fsGroup is 2147483648; it must be from 1 to 2147483647"),
        ("terminationGracePeriodSeconds: 0",
         "terminationGracePeriodSeconds is 0; it must be from 1 to 3600"),
        ("probes: {liveness: {periodSeconds: 0}}",
         "probes.liveness.periodSeconds is 0; it must be from 1 to 300"),
        ("probes: {liveness: {httpGet: {port: 65536}}}",
         "probes.liveness.httpGet.port is 65536; it must be from 1 to 65535"),
        ("lifecycle: {preStop: {exec: {command: []}}}",
         "lifecycle.preStop.exec.command has no entries; it needs at least 1"),
        ("whenUnsatisfiable: Never",
         "whenUnsatisfiable is Never; it must be ScheduleAnyway or DoNotSchedule"),
    ],
)  # fmt: skip
def test_a_field_of_pods_that_kubernetes_refuses(field: str, says: str) -> None:
    found = findings({US: ("  variants", f"  serving: {{{field}}}\n  variants")})
    about = [each for each in found if says in _bare(each.message)]
    assert [each.file for each in about] == [US], [each.message for each in found]
    assert about[0].line == 10


@pytest.mark.parametrize(
    "field",
    [
        'resources: {requests: {example.com/gpu: "2"}, limits: {example.com/gpu: "2"}}',
        'resources: {limits: {hugepages-2Mi: "4Mi", ephemeral-storage: 10G}}',
        "volumes: {a: {mountPath: /dev/shm, emptyDir: {}}, b: {mountPath: /usr/src/a, "
        "emptyDir: {}}, c: {mountPath: /var/cache/a, emptyDir: {}}, d: {mountPath: /etc/tls, "
        "emptyDir: {}}, e: {mountPath: /var/run/a, emptyDir: {}}}",
        'nodeSelector: {a.b/c: "", d: e}',
    ],
)
def test_other_fields_of_pods_are_allowed(field: str) -> None:
    assert not findings({US: ("  variants", f"  serving: {{{field}}}\n  variants")})


def test_choice_written_as_a_number_is_quoted_as_it_was_written() -> None:
    (found,) = findings({HOME_FILE: ('"1.37"', "1.30")})
    assert found.message == "spec.kubernetesVersion is the number 1.30; it must be text"
    assert found.fix == 'write it in quotes: "1.30"'


def test_wrong_default_is_found_though_every_cluster_overrides_it() -> None:
    changes = {
        FAMILY: ("port: 8080", "port: none"),
        US: ("  variants", OWN),
        EU: ("  variants", OWN),
    }
    (found,) = findings(changes)
    assert found.file == FAMILY and not found.related


def test_unknown_field_points_at_its_key_and_not_at_its_value() -> None:
    (found,) = findings({US: ("  host: ", "  hots:     ")})
    assert (found.line, found.column, found.pointer) == (9, 3, "/spec/hots")
    assert found.fix == "write host if that is meant, or remove the field"


def test_field_missing_from_one_cluster_is_reported_in_its_file() -> None:
    (found,) = findings({US: ("  host: scoring.us-east-1.models.example.com\n", "")})
    assert (found.file, found.message) == (US, "spec.host is missing")
    assert found.fix == f"add host here, or under spec.defaults in {FAMILY}"


def test_part_missing_inside_of_an_override_is_not_blamed_on_the_family() -> None:
    (found,) = findings(
        {US: ("  variants", "  traffic:\n    retries: {perTryTimeout: 1s}\n  variants")}
    )
    assert (found.file, found.line) == (US, 11)
    assert found.message == "spec.traffic.retries.attempts is missing"


def test_part_missing_inside_of_a_default_is_reported_once() -> None:
    (found,) = findings({FAMILY: ("timeout: 2s", "retries: {perTryTimeout: 1s}")})
    assert (found.file, found.message) == (
        FAMILY, "spec.defaults.traffic.retries.attempts is missing",
    )  # fmt: skip


def test_field_missing_from_every_cluster_is_one_finding_for_the_family() -> None:
    (found,) = findings({FAMILY: ("    namespace: scoring\n", "")})
    assert (found.file, found.line, found.column) == (FAMILY, 19, 3)
    assert found.message == "no cluster of the family has spec.namespace"


def test_field_missing_from_a_list_item_can_not_be_inherited() -> None:
    (found,) = findings({US: (", weight: 100", "")})
    assert (found.line, found.fix) == (11, "add weight")


def test_empty_field_removes_a_default() -> None:
    (found,) = findings({US: ("  variants", "  serving:\n  variants")})
    assert (found.file, found.line, found.column) == (US, 10, 3)
    assert found.message == "spec.serving is empty, which removes the family's default"
    assert [(r.file, r.line, r.note) for r in found.related] == [(FAMILY, 21, REPLACES)]


def test_empty_field_without_default_only_needs_a_value() -> None:
    (found,) = findings({US: ("host: scoring.us-east-1.models.example.com", "host:")})
    assert (found.line, found.message) == (9, "spec.host is empty, and a cluster needs it")
    assert found.fix == "give it a value" and not found.related


def test_misspelt_empty_field_is_found_though_the_merge_drops_it() -> None:
    (found,) = findings({US: ("  variants", "  trafic:\n  variants")})
    assert (found.line, found.message) == (
        10, "spec.trafic is not a known field; did you mean traffic?",
    )  # fmt: skip


def test_two_mistakes_in_one_value_are_one_finding() -> None:
    (found,) = findings({US: ("host: scoring.us-east-1.models.example.com", 'host: "_"')})
    assert found.rule == "schema.form"


def test_place_that_the_loader_reported_is_not_reported_again() -> None:
    files = dict(FILES) | {US: FILES[US].replace(b"weight: 100", b"weight: 0100")}
    fleet, loaded = assemble(files)
    assert [f.rule for f in loaded] == ["yaml.ambiguous"]
    assert validate_fleet(fleet, SCHEMAS, loaded) == []
    assert [f.rule for f in validate_fleet(fleet, SCHEMAS)] == ["schema.type"]


def test_whole_float_is_no_integer_even_in_defaults() -> None:
    (found,) = findings({FAMILY: ("replicas: 2", "replicas: 2.0")})
    assert (found.file, found.rule, found.fix) == (FAMILY, "schema.type", "write 2")


def test_every_broken_file_is_reported_whatever_the_others_are() -> None:
    third = US.replace("us-east-1", "ap-south-1")
    files = {
        **FILES,
        HOME_FILE: FILES[HOME_FILE].replace(b"jurisdiction: EU", b"jurisdiction: eu", 1),
        FAMILY: b"spec: [\n",
        US: FILES[US].replace(b"host:", b"hots:"),
        EU: FILES[EU].replace(b"weight: 100", b"weight: 101"),
        third: b"\xff",
        f"{FOLDER}locks/7.yaml": FILES[f"{FOLDER}locks/7.yaml"].replace(b"kind: ", b"kind: X"),
        f"{FOLDER}locks/8.yaml": FILES[f"{FOLDER}locks/8.yaml"].replace(
            b"identity:", b"indentity:"
        ),
        f"{FOLDER}notes.txt": b"",
        "clusters/stage/lost/a.yaml": FILES[US].replace(b"[US]", b"US"),
        "ledger/prod/scoring/000001.json": b"{",
    }
    fleet, loaded = assemble(files)
    found = [*loaded, *validate_fleet(fleet, SCHEMAS, loaded)]
    assert {f.file for f in found} == {path for path in files if files[path] != FILES.get(path)}


@pytest.mark.parametrize("head", [FAMILY, HOME_FILE])
def test_broken_head_is_one_finding_and_hides_no_other(head: str) -> None:
    files = {**FILES, head: b"[\n", US: FILES[US].replace(b"host:", b"hots:")}
    fleet, loaded = assemble(files)
    found = [*loaded, *validate_fleet(fleet, SCHEMAS, loaded)]
    assert [(f.rule, f.file) for f in found] == [
        ("yaml.syntax", head), ("schema.unknown-field", US),
    ]  # fmt: skip


def test_family_with_defaults_that_cannot_be_merged_is_one_finding() -> None:
    text = FILES[FAMILY].decode()
    tail = text[text.index("  defaults:") :]
    (found,) = findings({FAMILY: (tail, "  defaults: none\n")})
    assert found.message == "spec.defaults is the text 'none'; it must be a mapping"


def test_cluster_of_such_a_family_is_still_checked_by_itself() -> None:
    text = FILES[FAMILY].decode()
    tail = text[text.index("  defaults:") :]
    found = findings({FAMILY: (tail, "  defaults: none\n"), US: ("[US]", "[us]")})
    assert [(f.file, f.rule) for f in found] == [(FAMILY, "schema.type"), (US, "schema.form")]


def test_kind_without_schema_could_not_be_checked() -> None:
    with pytest.raises(LockstepError, match="no schema for the kind Gateway"):
        SCHEMAS.check("Gateway", Document("x.yaml", {}))


def test_text_that_is_no_unicode_is_invalid_and_not_a_crash() -> None:
    document = Document("x.yaml", {"apiVersion": "\ud800"})
    assert {f.rule for f in SCHEMAS.check("Environment", document)} >= {"schema.value"}


def test_key_that_is_no_text_is_not_a_crash() -> None:
    assert SCHEMAS.check("Environment", Document("x.yaml", {1: 2}))


@settings(max_examples=120, deadline=None)
@given(kind=st.sampled_from(sorted(SCHEMAS.kinds)), value=ANYTHING)
def test_any_document_is_checked_and_never_a_crash(kind: str, value: Json) -> None:
    found = SCHEMAS.check(kind, Document("x.yaml", value))
    assert found, "nothing that hypothesis makes up is a whole document"
    assert all(f.message.isprintable() and f.fix and f.message for f in found)


def replaced(value: Json, pointer: tuple[str | int, ...], new: Json) -> Json:
    if not pointer:
        return new
    changed = copy.copy(value)
    changed[pointer[0]] = replaced(value[pointer[0]], pointer[1:], new)
    return changed


def variations(document: Document) -> st.SearchStrategy[Document]:
    """The document with one value of it, whichever, replaced by anything."""
    pointers = st.sampled_from(sorted(document.spans, key=str))
    return st.builds(
        lambda pointer, new: Document(
            document.path, replaced(document.value, pointer, new), document.read_places
        ),
        pointers, ANYTHING,
    )  # fmt: skip


HOME = FLEET.environments["prod"]
SCORING = HOME.families["scoring"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    variations(HOME.document), variations(SCORING.document),
    variations(SCORING.clusters[0].document), variations(SCORING.locks["7"]),
)  # fmt: skip
def test_fleet_of_damaged_documents_is_checked_and_never_a_crash(
    home: Document, head: Document, own: Document, lock: Document
) -> None:
    defaults = value_at(head.value, ("spec", "defaults"))
    spec = value_at(own.value, ("spec",))
    effective = own.value
    if isinstance(spec, dict) and isinstance(defaults, dict):
        effective = {**own.value, "spec": merge_patch(defaults, spec)}
    clusters = (
        Cluster("prod", "scoring", own, head, effective),
        Cluster("prod", "scoring", SCORING.clusters[1].document, head, effective),
    )
    family = Family("prod", "scoring", head, clusters, {"7": lock}, quarantine=lock)
    fleet = Fleet({"prod": Environment("prod", home, {"scoring": family})})
    found = validate_fleet(fleet, SCHEMAS)
    assert found == sorted(set(found))
    assert all(f.line >= 1 and f.column >= 1 for f in found)
