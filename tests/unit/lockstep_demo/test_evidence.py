"""The chapter on live evidence: said where it is left out, and stopped where a claim is wrong."""

from io import StringIO
from pathlib import Path
from typing import cast

import pytest

pytest.importorskip("sklearn", reason="the demo needs lockstep[registry]")

from lockstep.cli import invoke
from lockstep.model.errors import LockstepError
from lockstep.model.times import parse_time
from lockstep_demo import prometheus, story
from lockstep_demo.evidence import live_evidence
from lockstep_demo.narrator import Narrator
from lockstep_demo.scene import PlainGit, Scene
from lockstep_demo.traffic import Traffic


def test_without_prometheus_it_says_that_it_is_left_out_and_how_to_get_it(tmp_path: Path) -> None:
    out = StringIO()
    scene = Scene(
        Narrator(out), lambda _: pytest.fail("runs a verb"), cast(Traffic, None),
        PlainGit(tmp_path), parse_time("2026-03-04T04:00:00Z"),
    )  # fmt: skip
    live_evidence(scene, None, tmp_path / "prometheus")
    said = " ".join(out.getvalue().split())
    assert "left out: there is no prometheus with its promtool on this machine" in said
    assert "make tools/bin/prometheus" in said and "[holds]" not in said


def test_in_ci_the_demo_does_not_leave_it_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(story, "find_prometheus", lambda: None)
    monkeypatch.setattr(story, "find_opa", lambda: None)
    with pytest.raises(LockstepError, match="no prometheus") as caught:
        story.play(tmp_path / "demo", invoke, StringIO())
    assert caught.value.fix == prometheus.HOW_TO_GET_IT
