"""What git says of a cluster's folder at the revisions that Argo CD names."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError
from lockstep.rollout.next_decision import DecisionContext
from lockstep.transactions.argocd_gates import SyncedRepository
from lockstep.transactions.snapshot import Snapshot
from tests.unit.edges.repositories import commit, git, new_repository
from tests.unit.gate_sources.argocd.answers import MOVED_AT, QUESTION, moment

FOLDER = "rendered/prod/clusters/fraud-eu-west-1"
ROUTES = f"{FOLDER}/virtualservice.yaml"
RECORD = QUESTION.moved_in
MANIFEST = b"""# written by a program
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: "prod-fraud-eu-west-1", namespace: "argocd"}
spec:
  project: prod-risk
  source: {repoURL: "https://git.example.com/ml/fleet.git", path: p, targetRevision: main}
"""
ENVIRONMENT = b"""apiVersion: lockstep.dev/v1alpha1
kind: Environment
metadata: {name: prod}
spec: {argocd: {namespace: argocd, server: "https://argocd.example.com"}}
"""
FIRST: Mapping[str, bytes] = {
    "clusters/prod/environment.yaml": ENVIRONMENT,
    f"{FOLDER}/application.yaml": MANIFEST,
    ROUTES: b"weight: 0\n",
}


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "fleet", dict(FIRST))


def repository(made: Git, files: Mapping[str, bytes] = FIRST) -> SyncedRepository:
    """The tip of the branch, as a run reads it."""
    tip = made.resolve("HEAD")
    context = DecisionContext(moment(MOVED_AT), "a runner <runner@example.com>", tip)
    return SyncedRepository(made, Snapshot(dict(files), {}, context))


def tree_of(made: Git, revision: str) -> str:
    return git(made.root, "rev-parse", f"{revision}:{FOLDER}")


def test_the_application_is_that_of_the_tip(made: Git) -> None:
    wanted = repository(made).wanted(QUESTION)
    assert (wanted.name, wanted.namespace) == ("prod-fraud-eu-west-1", "argocd")
    assert wanted.project == "prod-risk" and wanted.source["path"] == "p"
    assert repository(made).server("prod") == "https://argocd.example.com"


@pytest.mark.parametrize("content", [None, b"", b"- a\n", b"metadata: {name: a}\nspec: {}\n"])
def test_a_cluster_without_an_application_says_to_render(made: Git, content: bytes | None) -> None:
    commit(made.root, {f"{FOLDER}/application.yaml": content})
    with pytest.raises(LockstepError, match="has no Application of this cluster") as raised:
        repository(made).wanted(QUESTION)
    assert "lockstep render" in raised.value.fix


def test_the_folder_at_each_revision_is_compared_with_the_move(made: Git) -> None:
    before = git(made.root, "rev-parse", "HEAD")
    step = commit(made.root, {ROUTES: b"weight: 10\n", RECORD: b"{}"})
    other = commit(made.root, {"rendered/prod/clusters/other/service.yaml": b"a: 1\n"})
    back = commit(made.root, {ROUTES: b"weight: 0\n"})
    facts = repository(made).facts(QUESTION, [before, step, other, back])
    assert facts.moved_by == step
    assert facts.trees == {each: tree_of(made, each) for each in (before, step, other, back)}
    assert facts.changed_by == back and facts.moved == {back}
    assert facts.wanted_tree == facts.trees[back] == facts.trees[before]
    assert facts.is_step(back) and not facts.is_step(before) and not facts.is_step(step)
    assert facts.moved_at == moment(MOVED_AT)  # the date of all commits here


def test_other_commits_do_not_change_the_folder(made: Git) -> None:
    step = commit(made.root, {ROUTES: b"weight: 10\n", RECORD: b"{}"})
    other = commit(made.root, {"rendered/prod/clusters/other/service.yaml": b"a: 1\n"})
    facts = repository(made).facts(QUESTION, [step, other])
    assert (facts.moved_by, facts.changed_by) == (step, step)
    assert facts.is_step(step) and facts.is_step(other)


def test_content_that_came_back_is_not_that_of_before(made: Git) -> None:
    """What was in between may have been live, even where no sync of it succeeded."""
    step = commit(made.root, {ROUTES: b"weight: 10\n", RECORD: b"{}"})
    commit(made.root, {ROUTES: b"weight: 20\n"})
    back = commit(made.root, {ROUTES: b"weight: 10\n"})
    facts = repository(made).facts(QUESTION, [step, back])
    assert facts.moved_by == step and facts.trees[step] == facts.trees[back] == facts.wanted_tree
    assert facts.is_step(back) and not facts.is_step(step)


def test_a_merge_brings_what_it_merges(made: Git) -> None:
    """Argo CD syncs the followed branch: commits of a merged branch are never its tip."""
    git(made.root, "checkout", "--quiet", "-b", "proposed")
    proposed = commit(made.root, {ROUTES: b"weight: 0 \n", RECORD: b"{}"})
    git(made.root, "checkout", "--quiet", "main")
    git(made.root, "merge", "--quiet", "--no-ff", "--no-edit", "proposed")
    merged = git(made.root, "rev-parse", "HEAD")
    facts = repository(made).facts(QUESTION, [proposed, merged])
    assert facts.moved_by == merged and facts.moved == {merged}


def test_a_revision_that_is_no_commit_of_this_clone_is_left_out(made: Git) -> None:
    step = commit(made.root, {RECORD: b"{}"})
    tree = git(made.root, "rev-parse", "HEAD^{tree}")
    odd = ["", "HEAD", "main", step[:12], step.upper(), "f" * 40, "--all", "HEAD\nx", tree, "é"]
    facts = repository(made).facts(QUESTION, [*odd, step])
    assert set(facts.trees) == {step}


def test_a_revision_without_the_folder_has_no_tree(made: Git) -> None:
    commit(made.root, {RECORD: b"{}"})
    gone = commit(made.root, {ROUTES: None, f"{FOLDER}/application.yaml": None})
    git(made.root, "revert", "--no-edit", "HEAD")
    facts = repository(made).facts(QUESTION, [gone])
    assert facts.trees == {gone: ""} and not facts.is_step(gone)


def test_a_record_that_no_commit_of_the_branch_brings_is_an_error(made: Git) -> None:
    with pytest.raises(LockstepError, match="not in this clone") as raised:
        repository(made).facts(QUESTION, [])
    assert "fetch-depth: 0" in raised.value.fix
    commit(made.root, {RECORD: b"{}"})
    other = replace(QUESTION, moved_in="ledger/prod/fraud/000004.json")
    with pytest.raises(LockstepError):
        repository(made).facts(other, [])


def test_a_shallow_clone_knows_no_older_revision(made: Git, tmp_path: Path) -> None:
    step = commit(made.root, {ROUTES: b"weight: 10\n", RECORD: b"{}"})
    tip = commit(made.root, {"other": b""})
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", made.root.as_uri(), str(tmp_path / "shallow")],
        check=True,
    )
    facts = repository(Git(tmp_path / "shallow")).facts(QUESTION, [step, tip])
    assert set(facts.trees) == {tip}
