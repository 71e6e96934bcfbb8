"""Paths in text are as seen from where the reader is; data keeps those of the repository."""

from dataclasses import replace

import pytest

from lockstep.model.file_results import (
    LockComparison,
    Locked,
    Pages,
    RenderedFiles,
    Scaffolded,
    Status,
    Upgraded,
)
from lockstep.model.finding import Finding, Related, Suppression
from lockstep.model.outcome import SHIPPED, Outcome
from lockstep.model.status import FamilyProblem, FamilyStatus, RolloutState
from lockstep.model.tool_results import NewFiles
from lockstep.report.places import path_seen_from, seen_from

HERE = "clusters/prod"
OWN, OTHER = "clusters/prod/a.yaml", "policies/data/waivers.yaml"
WAIVED = Suppression(OTHER, 4, "risk@example.com", "known", "RISK-1", "2026-12-31")
FOUND = Finding(
    OWN, 3, 5, "schema", "weight is 101", "write at most 100",
    related=(Related(OTHER, 1, 1, "said here"),), suppression=WAIVED,
)  # fmt: skip
OUTCOME = Outcome((FOUND,), excerpts={(OWN, 3): "weight: 101"})
FILES = RenderedFiles(OUTCOME, (OWN,), (OTHER,))


@pytest.mark.parametrize(
    ("path", "folder", "seen"),
    [
        (OWN, HERE, "a.yaml"),
        (OTHER, HERE, "../../policies/data/waivers.yaml"),
        (OWN, "rendered", "../clusters/prod/a.yaml"),
        ("/tmp/a", HERE, "/tmp/a"),
        (f"{SHIPPED}policies/a.rego", HERE, f"{SHIPPED}policies/a.rego"),
        ("", HERE, ""),
    ],
)
def test_a_path_is_as_seen_from_a_folder(path: str, folder: str, seen: str) -> None:
    assert path_seen_from(path, folder) == seen


@pytest.mark.parametrize(
    "found",
    [
        OUTCOME, FILES, Upgraded("1", "2", (), (), FILES, OUTCOME), LockComparison((FOUND,), 1),
        Pages((OWN,), (OTHER,), (FOUND,)), Locked(OWN, "1", "sha256:0"),
        Scaffolded((OWN,), locked=OTHER), NewFiles((OWN, OTHER)),
        Status(
            (FamilyStatus("prod", "a", "", RolloutState.BROKEN,
                          problems=(FamilyProblem(OWN, 1, "no"),)),),
            (FOUND,),
        ),
    ],
)  # fmt: skip
def test_every_path_of_a_result_is_as_seen_from_the_folder(found: object) -> None:
    assert seen_from(found, "") is found
    seen = repr(seen_from(found, HERE))
    assert OWN not in seen and "'a.yaml'" in seen
    assert OTHER not in seen.replace(f"../../{OTHER}", "")


def test_what_has_no_path_stays() -> None:
    kept = replace(OUTCOME, findings=(), excerpts={})
    assert seen_from(kept, HERE) == kept
    assert seen_from("clusters/prod", HERE) == "clusters/prod"
