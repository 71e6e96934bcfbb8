"""A file of the base that cannot be read is reported, unless the change leaves it as it is."""

import pytest

from lockstep.check.unreadable_base import unreadable_base
from lockstep.model.fleet import NoFile
from lockstep.spec.assemble import assemble
from tests.unit.fleets import tree

ENVIRONMENT = "clusters/prod/environment.yaml"
FAMILY = "clusters/prod/fraud/family.yaml"
CLUSTER = "clusters/prod/fraud/a.yaml"
LOCK = "clusters/prod/fraud/locks/1.yaml"
QUARANTINE = "clusters/prod/fraud/quarantine.yaml"
BROKEN = {
    "syntax": b"a: 1\nb: [\n",
    "encoding": "kind: X\n".encode("utf-16"),
    "kind": b"a: 1\nkind: Other\n",
    "huge": NoFile(b"the file has more than 5 bytes"),
}


def reported(before: dict[str, bytes], after: dict[str, bytes]) -> list[tuple[str, str]]:
    fleet, found = assemble(before)
    findings = unreadable_base(before, fleet, found, after)
    assert all(f.rule == "base.unreadable" and f.stops and f.line == 1 for f in findings)
    return [(finding.file, finding.message) for finding in findings]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("path", [ENVIRONMENT, FAMILY, CLUSTER, LOCK, QUARANTINE])
def test_whatever_reads_the_file_has_no_past(path: str, how: str) -> None:
    before, after = tree(), tree()
    before[path] = BROKEN[how]
    after.setdefault(path, b"kind: Quarantine\n")
    ((place, message),) = reported(before, after)
    assert place == path
    lines = {"syntax": "line 2", "encoding": "line 1", "kind": "line 2", "huge": "line 1"}
    assert lines[how] in message and "cannot be compared" in message
    del after[path]
    assert [place for place, _ in reported(before, after)] == [path], "it was removed"


def test_a_file_that_stays_broken_has_its_finding_already() -> None:
    broken = tree() | {CLUSTER: BROKEN["syntax"]}
    assert reported(broken, broken | {FAMILY: b"edited: 1\n"}) == []


def test_what_can_be_read_or_is_nowhere_in_the_fleet_is_no_reason() -> None:
    before = tree() | {
        "clusters/prod/fraud/notes.txt": b"[",
        "clusters/prod/fraud/b.yaml": b"kind: ModelCluster\nspec: 1\nspec: 2\n",
        "clusters/other/more/x.yaml": b"kind: ModelCluster\n",
    }
    assert assemble(before)[1], "there are findings about these"
    assert reported(before, tree()) == []
