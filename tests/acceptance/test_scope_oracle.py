"""Scope and cache find what a whole check finds: random changes, with a cache that stays warm.

What a check leaves out because the change does not touch it is compared with what the base itself
has: a finding that neither is old nor is reported would be a change that got past the check.
``LOCKSTEP_SEQUENCES`` sets how many sequences are tried.
"""

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.check.cached import CheckOptions, check_work_tree
from lockstep.edges.files import read_tree
from lockstep.edges.git import Git
from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.finding import Finding
from lockstep.model.outcome import UNUSED_WAIVER, Outcome
from lockstep.render import Templates, render_fleet
from lockstep.spec.assemble import assemble
from tests.acceptance.scope_edits import EDITS, Files
from tests.bench.fleet import make_fleet
from tests.unit.edges.repositories import commit, git, new_repository

ROOT = Path(__file__).resolve().parents[2]
SEQUENCES = int(os.environ.get("LOCKSTEP_SEQUENCES", "4"))
STEPS = 6
CHECK = CheckOptions(datetime(2026, 6, 1, 8, tzinfo=UTC))

pytestmark = pytest.mark.skipif(
    not os.environ.get("LOCKSTEP_OPA") and not (ROOT / "tools/bin/opa").exists(),
    reason="OPA is missing",
)


@pytest.fixture(scope="module")
def files() -> Files:
    """A clean fleet of four families, with the shipped rules and templates."""
    shared = dict(read_tree(ROOT, ["policies", "templates"]))
    specs = make_fleet(16)
    rendered, findings = render_fleet(assemble(specs)[0], Templates(shared, read_kubernetes_schema))
    assert not findings
    return shared | specs | rendered


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Chooses the cache: one that stays warm, or a new one."""
    fresh = iter(range(1000))

    def choose(warm: bool) -> None:
        folder = tmp_path / ("warm" if warm else f"fresh-{next(fresh)}")
        monkeypatch.setenv("LOCKSTEP_CACHE", str(folder))

    return choose


def counted(outcome: Outcome) -> set[Finding]:
    """What a check found. Whether a waiver is used only a check of all families can say."""
    return {finding for finding in outcome.findings if finding.rule != UNUSED_WAIVER}


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_nothing_gets_past_scope_and_cache(
    files: Files, seed: int, tmp_path: Path, caches: Callable[[bool], None]
) -> None:
    chance = random.Random(seed)
    fleet = new_repository(tmp_path / "fleet", files)
    now = dict(files)
    tried: list[str] = []
    for _ in range(STEPS):
        base = git(fleet.root, "rev-parse", "HEAD")
        for edit in chance.sample(EDITS, chance.choice((1, 1, 2))):
            edited = edit(now, chance)
            tried.append(
                f"{edit.__name__}: {sorted(p for p, d in edited.items() if now.get(p) != d)}"
            )
            now = {path: data for path, data in {**now, **edited}.items() if data is not None}
            write(fleet, edited)
        compare_checks(fleet, base, caches, tried)
        # From time to time the change is merged, mistakes and all.
        if chance.random() < 0.5:
            commit(fleet.root, {})
            tried.append("merged")


def write(fleet: Git, edited: dict[str, bytes | None]) -> None:
    for path, data in edited.items():
        target = fleet.root / path
        if data is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def compare_checks(fleet: Git, base: str, caches: Callable[[bool], None], tried: list[str]) -> None:
    options = replace(CHECK, base=base)
    caches(True)
    scoped = check_work_tree(fleet, options)
    caches(False)
    cold = check_work_tree(fleet, options)
    assert scoped == cold, ("the cache", tried)
    whole = check_work_tree(fleet, replace(options, everything=True))
    caches(True)
    assert check_work_tree(fleet, replace(options, everything=True)) == whole, ("--all", tried)
    assert counted(scoped) <= counted(whole), ("only in the scope", tried)
    if missing := counted(whole) - counted(scoped):
        assert missing <= counted(of_base(fleet, base, caches)), ("left out", tried)


def of_base(fleet: Git, base: str, caches: Callable[[bool], None]) -> Outcome:
    """What a whole check of the base itself finds."""
    here = fleet.root.parent / f"base-{base[:12]}"
    if not here.exists():
        git(fleet.root, "worktree", "add", "--quiet", "--detach", str(here), base)
    caches(False)
    return check_work_tree(Git(here), replace(CHECK, base=base, everything=True))
