"""A tree of files becomes a fleet; what does not fit is a finding, and the rest is there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.record import write_record
from lockstep.spec.assemble import assemble
from lockstep.spec.yaml.load import Documents
from tests.unit.fleets import tree

CLUSTER = "clusters/prod/fraud/a.yaml"
HEAD = "clusters/prod/fraud/family.yaml"
SETTINGS = "clusters/prod/environment.yaml"


def record(sequence: int = 1, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "environment": "prod", "family": "fraud", "sequence": sequence, "previous": None,
        "action": Action.ADOPT, "target": Target("1", "sha256:" + "0" * 64),
        "source": Position(Phase.NEW), "to": Position(Phase.STEADY), "variants": {},
        "reason": "x", "actor": "a <a@example.com>", "decided_at": "2026-03-01T08:00:00Z",
        "program_version": "0.1.0",
    }  # fmt: skip
    return write_record(Decision(**fields | changes))


def rules(files: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.file) for finding in assemble(files)[1]]


def test_every_kind_of_file_finds_its_place() -> None:
    files = tree() | {
        "clusters/prod/fraud/quarantine.yaml": b"kind: Quarantine\n",
        "ledger/prod/fraud/000002.json": record(2),
        "ledger/prod/fraud/000001.json": record(1),
    }
    fleet, findings = assemble(files)
    assert findings == []
    family = fleet.environments["prod"].families["fraud"]
    assert [cluster.name for cluster in family.clusters] == ["fraud-a", "fraud-b", "fraud-c"]
    assert [cluster.region for cluster in family.clusters] == ["a", "b", "c"]
    assert set(family.locks) == {"1", "2", "3"}
    assert family.quarantine is not None
    assert [each.decision.sequence for each in family.records] == [1, 2]
    assert family.folder == "clusters/prod/fraud"
    assert fleet.families() == (family,) and fleet.clusters() == family.clusters


def test_environments_keep_their_families_apart() -> None:
    other = {path.replace("/prod/", "/staging/"): data for path, data in tree().items()}
    del other["clusters/staging/fraud/c.yaml"]
    fleet = assemble(tree() | other)[0]
    found = {(f.environment, f.document.path, len(f.clusters)) for f in fleet.families()}
    assert found == {
        ("prod", HEAD, 3),
        ("staging", "clusters/staging/fraud/family.yaml", 2),
    }
    assert all(cluster.environment in cluster.path for cluster in fleet.clusters())


def test_other_folders_and_prose_are_ignored() -> None:
    files = {"README.md": b"\xff", "docs/a.yaml": b"[", "rendered/x.yaml": b"[", "policies/a": b""}
    prose = {"clusters/prod/README.md": b"\xff", "clusters/prod/fraud/.gitkeep": b""}
    assert assemble(tree() | files | prose)[1] == []


@pytest.mark.parametrize(
    "path",
    [
        "clusters/x.yaml", "clusters/prod/x.yaml", "clusters/prod/fraud/a.yml",
        "clusters/prod/fraud/locks/1/x.yaml", "clusters/prod/fraud/deep/x.yaml",
        "clusters/prod/fraud/a.yaml.bak", "clusters/prod/fraud/a.json",
    ],
)  # fmt: skip
def test_a_file_in_no_place_is_a_finding(path: str) -> None:
    assert rules(tree() | {path: b"kind: ModelCluster\n"}) == [("layout.place", path)]


@pytest.mark.parametrize("data", [b"kind: Quarantine\n", b"a: 1\n", b"[1]", b"x"])
def test_a_file_of_another_kind_is_a_finding_and_no_part_of_the_fleet(data: bytes) -> None:
    fleet, findings = assemble(tree() | {CLUSTER: data})
    assert [(f.rule, f.file, f.line, f.pointer) for f in findings] == [
        ("layout.kind", CLUSTER, 1, "/kind")
    ]
    assert [cluster.region for cluster in fleet.clusters()] == ["b", "c"]


def test_one_unreadable_cluster_leaves_the_others() -> None:
    fleet, findings = assemble(tree() | {CLUSTER: b"kind: [\n"})
    assert [(f.rule, f.file) for f in findings] == [("yaml.syntax", CLUSTER)]
    assert [cluster.region for cluster in fleet.clusters()] == ["b", "c"]


@pytest.mark.parametrize(
    ("path", "rule"), [(HEAD, "layout.family"), (SETTINGS, "layout.environment")]
)
def test_what_has_lost_its_head_is_named(path: str, rule: str) -> None:
    files = tree()
    del files[path]
    fleet, findings = assemble(files)
    assert fleet.families() == ()
    assert findings and {finding.rule for finding in findings} == {rule}
    assert all(finding.file in files for finding in findings)
    assert all(path in finding.message for finding in findings)


@pytest.mark.parametrize("path", [HEAD, SETTINGS])
def test_what_has_lost_its_head_is_still_there_to_be_checked(path: str) -> None:
    fleet, findings = assemble(tree() | {path: b"[\n"})
    assert [(f.rule, f.file) for f in findings] == [("yaml.syntax", path)]
    strays = [(kind, document.path) for kind, document in fleet.strays]
    assert ("ModelCluster", CLUSTER) in strays
    assert (("ModelFamily", HEAD) in strays) is (path == SETTINGS)


def test_defaults_lie_under_each_cluster() -> None:
    files = tree() | {
        HEAD: tree()[HEAD] + b"  defaults: {serving: {port: 8080, health: /ping}, host: b}\n",
        CLUSTER: tree()[CLUSTER] + b"  serving: {port: 9090}\n  host: null\n",
    }
    first, second, _ = assemble(files)[0].clusters()
    assert first.effective["spec"]["serving"] == {"port": 9090, "health": "/ping"}
    assert "host" not in first.effective["spec"]
    assert second.effective["spec"]["serving"] == {"port": 8080, "health": "/ping"}
    assert second.effective["spec"]["host"] == "b"


@pytest.mark.parametrize("defaults", [b"[]", b"null", b"x", b"1"])
def test_defaults_that_are_no_mapping_change_nothing(defaults: bytes) -> None:
    files = tree() | {HEAD: tree()[HEAD] + b"  defaults: " + defaults + b"\n"}
    assert assemble(files)[0].clusters()[0].effective["spec"]["region"] == "a"


@pytest.mark.parametrize(
    ("path", "data", "rule"),
    [
        ("ledger/prod/fraud/1.json", record(), "ledger.place"),
        ("ledger/prod/fraud/x.txt", b"", "ledger.place"),
        ("ledger/prod/fraud/\u0660\u0660\u0660\u0660\u0660\u0661.json", record(), "ledger.place"),
        ("ledger/prod/fraud/000002.json", record(1), "ledger.place"),
        ("ledger/prod/other/000001.json", record(), "ledger.place"),
        ("ledger/prod/fraud/000001.json", b"", "ledger.record"),
        ("ledger/prod/fraud/000001.json", b"[" * 100_000, "ledger.record"),
        ("ledger/prod/fraud/000001.json", record()[:-1], "ledger.record"),
    ],
)
def test_what_is_no_record_of_its_place_is_a_finding(path: str, data: bytes, rule: str) -> None:
    fleet, findings = assemble(tree() | {path: data})
    assert [(f.rule, f.file) for f in findings] == [(rule, path)]
    assert fleet.families()[0].records == ()


def test_two_trees_share_what_is_the_same_in_both() -> None:
    documents = Documents()
    one, two = (assemble(tree(), documents)[0].clusters()[0] for _ in range(2))
    assert one.document is two.document


PATHS = [*tree(), "ledger/prod/fraud/000001.json"]


@given(st.dictionaries(st.sampled_from(PATHS), st.binary()))
def test_any_bytes_in_any_file_give_findings_and_never_a_traceback(
    hostile: dict[str, bytes],
) -> None:
    findings = assemble(tree() | hostile)[1]
    assert {finding.file for finding in findings} >= set(hostile)
