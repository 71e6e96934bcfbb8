"""Scope and cache find what a whole check finds: random changes, with a cache that stays warm.

What a check leaves out because the change does not touch it is compared with what the base itself
has: a finding that neither is old nor is reported would be a change that got past the check.
``LOCKSTEP_SEQUENCES`` sets how many sequences are tried.
"""

import os
import random
import re
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
from lockstep.model.fleet import Environment
from lockstep.model.outcome import UNUSED_WAIVER, Outcome
from lockstep.render import RenderedFolder, Templates, render_tenants
from lockstep.spec.assemble import assemble
from tests.acceptance.scope_edits import EDITS, Files
from tests.bench.fleet import make_fleet
from tests.unit.edges.repositories import commit, git, new_repository
from tests.unit.whole_fleets import render_fleet

ROOT = Path(__file__).resolve().parents[2]
SEQUENCES = int(os.environ.get("LOCKSTEP_SEQUENCES", "4"))
STEPS = 6
QUARANTINE = """\
apiVersion: lockstep.dev/v1alpha1
kind: Quarantine
metadata: {{environment: prod, family: {family}}}
spec:
  versions:
    - registry: mlflow
      model: another-one
      version: "1"
      digest: {digest}
      since: "2026-05-01T08:00:00Z"
      decision: prod/{family}/1
      reason: it failed
"""
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


def test_what_belongs_to_an_environment_is_rendered_again_where_its_file_changes(
    files: Files,
    tmp_path: Path,
    caches: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fleet has many tenants, and most changes are of one cluster."""
    rendered: list[str] = []

    def render(environment: Environment, templates: Templates) -> list[RenderedFolder]:
        rendered.append(environment.name)
        return render_tenants(environment, templates)

    monkeypatch.setattr("lockstep.check.fleet.render_tenants", render)
    fleet = new_repository(tmp_path / "fleet", files)
    options = replace(CHECK, base=git(fleet.root, "rev-parse", "HEAD"))
    caches(True)
    check_work_tree(fleet, options)
    assert sorted(rendered) == ["prod", "staging"]
    head = "clusters/prod/environment.yaml"
    cluster = min(p for p in files if p.startswith("clusters/prod/") and p.count("/") == 3)
    write(fleet, {cluster: files[cluster] + b"# changed\n"})
    assert not any(each.stops for each in check_work_tree(fleet, options).findings)
    assert len(rendered) == 2, "both were kept"
    write(fleet, {head: files[head].replace(b"budget: 1000000000", b"budget: 900000000")})
    check_work_tree(fleet, options)
    assert rendered[2:] == ["prod"], "the folders of the other environment are still kept"


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


def one_cluster_of(files: Files, family: str) -> str:
    own = (path for path in files if path.startswith(f"clusters/prod/{family}/"))
    return min(path for path in own if path.count("/") == 3 and "family.yaml" not in path)


def test_a_quarantine_in_one_family_touches_those_that_it_binds_and_no_others(
    files: Files, tmp_path: Path, caches: Callable[[bool], None]
) -> None:
    heads = sorted(p for p in files if re.fullmatch(r"clusters/prod/[^/]+/family\.yaml", p))
    holder, bound, other = (path.split("/")[2] for path in heads)
    text = files[one_cluster_of(files, bound)].decode()
    version = re.findall(r'version: "(\d+)"', text)[0]
    lock = files[f"clusters/prod/{bound}/locks/{version}.yaml"].decode()
    entry = QUARANTINE.format(family=holder, digest=re.findall(r"digest: (\S+)", lock)[0])
    fleet = new_repository(tmp_path / "fleet", files)
    base = git(fleet.root, "rev-parse", "HEAD")
    write(fleet, {f"clusters/prod/{holder}/quarantine.yaml": entry.encode()})
    compare_checks(fleet, base, caches, ["quarantine"])
    outcome = check_work_tree(fleet, replace(CHECK, base=base))
    found = {(f.rule, f.file.split("/")[2]) for f in outcome.findings if f.file.count("/") > 2}
    assert ("policy.quarantined-not-served", bound) in found
    assert other not in {family for _, family in found}
    assert outcome.summary["families"] == 2
