"""The hooks for fleets, run by the real pre-commit from a clone, and what they leave alone."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lockstep.cli import invoke
from tests.acceptance.fleets import EU, Fleet
from tests.acceptance.installed import ROOT, borrow, copy_source, outside
from tests.acceptance.world import git
from tests.unit.mlflow_store import create_store, forget_default_store

CLUSTER = "clusters/dev/fraud/eu-west-1.yaml"
RENDERED = "rendered/prod/clusters/scoring-eu-west-1"


@dataclass(frozen=True)
class Team:
    """A fresh fleet with pre-commit, and the variables with which its commits run."""

    fleet: Path
    variables: dict[str, str]

    def run(self, *argv: str) -> tuple[int, str]:
        """Run a program in the fleet: its exit code and what it printed."""
        done = subprocess.run(
            argv, cwd=self.fleet, env=self.variables, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def commit(self, message: str, *added: str) -> tuple[bool, str]:
        """Whether git made a commit of these files, and what was printed."""
        before = git(self.fleet, "rev-parse", "HEAD")
        git(self.fleet, "add", "--", *added)
        code, said = self.run("git", "commit", f"--message={message}")
        made = git(self.fleet, "rev-parse", "HEAD") != before
        assert made is (code == 0), said
        return made, said

    def edit(self, old: str, new: str) -> None:
        """Replace a text of the cluster."""
        file = self.fleet / CLUSTER
        assert file.read_text().count(old) == 1
        file.write_text(file.read_text().replace(old, new))


def clone_of_lockstep(folder: Path) -> Path:
    """A repository with this source and its hooks, tagged."""
    copy_source(folder)
    (folder / ".pre-commit-hooks.yaml").write_bytes((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    identity = ("-c", "user.name=Lockstep", "-c", "user.email=lockstep@example.com")
    git(folder, *identity, "commit", "--quiet", "--message=Lockstep")
    git(folder, "tag", "v1.0.0")
    return folder


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A fleet in which pre-commit has installed the hooks, as it was then: the tag ``start``."""
    pytest.importorskip("pre_commit")
    folder = tmp_path_factory.mktemp("team")
    fleet, store = folder / "fleet", create_store(folder / "registry")
    store.version("fraud")
    forget_default_store()
    fleet.mkdir()
    git(fleet, "init", "--quiet", "--initial-branch=main")
    git(fleet, "config", "user.name", "ML engineer")
    git(fleet, "config", "user.email", "ml-engineer@example.com")
    asked = ("--yes", "--model", "fraud", "--region", "eu-west-1:EU", "--registry-uri", store.uri)
    code, said = invoke(["init", str(fleet), *asked])
    assert code == 0, said
    hooks = [{"id": "lockstep-render"}, {"id": "lockstep-check"}]
    source = {"repo": str(clone_of_lockstep(folder / "lockstep")), "rev": "v1.0.0", "hooks": hooks}
    (fleet / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [source]}))
    variables = {
        **outside(),
        "PRE_COMMIT_HOME": str(folder / "hooks"), "XDG_CACHE_HOME": str(folder / "cache"),
        # pip finds what Lockstep needs, to build and to run, and asks no index for it.
        "PYTHONPATH": str(borrow(folder / "borrowed")), "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
    }  # fmt: skip
    made = Team(fleet, variables)
    git(fleet, "add", "--all")
    git(fleet, "commit", "--quiet", "--message=Our fleet")
    git(fleet, "tag", "start")
    code, said = made.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
    assert code == 0, said
    return made


@pytest.fixture
def team(hooked: Team) -> Team:
    git(hooked.fleet, "reset", "--quiet", "--hard", "start")
    git(hooked.fleet, "clean", "--quiet", "--force", "-d")
    return hooked


def test_a_commit_without_its_manifests_is_stopped_until_they_are_added(team: Team) -> None:
    team.edit("  variants:", "  serving: {replicas: 3}\n  variants:")
    made, said = team.commit("Three replicas", CLUSTER)
    assert not made
    assert re.search(r"^lockstep render\.+Failed$", said, re.MULTILINE), said
    assert "rendered/dev/clusters/fraud-eu-west-1/" in said and "run git add rendered" in said
    # One answer at a time: the check would repeat it.
    assert "lockstep check" not in said
    assert git(team.fleet, "diff", "--name-only").startswith("rendered/dev/clusters/")
    made, said = team.commit("Three replicas", "rendered")
    assert made, said
    assert len(re.findall(r"^lockstep (?:render|check)\.+Passed$", said, re.MULTILINE)) == 2, said
    assert git(team.fleet, "status", "--porcelain") == ""


def test_a_commit_with_a_finding_is_stopped_at_its_line_and_passes_when_it_is_fixed(
    team: Team,
) -> None:
    team.edit("weight: 100", "weight: 90")
    team.commit("Less", CLUSTER)
    made, said = team.commit("Less", "rendered")
    assert not made
    assert re.search(r"^lockstep render\.+Passed$", said, re.MULTILINE), said
    line = (team.fleet / CLUSTER).read_text().split("weight: 90")[0].count("\n") + 1
    assert re.search(rf"{CLUSTER}:{line}:\d+: error policy\.weights-sum", said), said
    assert "change the weights so that they add up to 100" in said
    team.edit("weight: 90", "weight: 100")
    team.edit("  variants:", "  serving: {replicas: 2}\n  variants:")
    assert not team.commit("Two", CLUSTER)[0]
    made, said = team.commit("Two", "rendered")
    assert made, said


def test_what_is_not_staged_is_neither_rendered_nor_lost(team: Team) -> None:
    family = "clusters/dev/fraud/family.yaml"
    team.edit("  residency:", "  namespace: not-staged\n  residency:")
    (team.fleet / "clusters/dev/fraud/untracked.yaml").write_text("kind: [\n")
    text = (team.fleet / family).read_text()
    (team.fleet / family).write_text(text.replace("replicas: 1", "replicas: 2"))
    made, said = team.commit("Two replicas", family)
    assert not made and "error" not in said, said
    assert "namespace: not-staged" in (team.fleet / CLUSTER).read_text()
    rendered = git(team.fleet, "diff", "--", "rendered")
    assert "not-staged" not in rendered
    made, said = team.commit("Two replicas", "rendered")
    assert made, said
    assert git(team.fleet, "diff", "--name-only") == CLUSTER


# Without pre-commit: by the program


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    root = tmp_path / "fleet"
    root.mkdir()
    return Fleet.create(root)


def render_staged(fleet: Fleet) -> tuple[int, list[str], list[str]]:
    code, said = invoke(["render", "--staged", "--root", str(fleet.root), "--format", "json"])
    items = yaml.safe_load(said)["items"]
    written, removed = (
        [each["file"] for each in items if each["change"] == change]
        for change in ("written", "removed")
    )
    return code, written, removed


def test_only_what_the_staged_change_makes_stale_is_written(fleet: Fleet) -> None:
    stale = fleet.root / "rendered/prod/clusters/scoring-us-east-1/service.yaml"
    stale.write_text(f"# old\n{stale.read_text()}")
    git(fleet.root, "add", "--all")
    git(fleet.root, "commit", "--quiet", "--message=Somebody else's")
    old = stale.read_bytes()
    assert render_staged(fleet) == (0, [], [])
    fleet.edit(EU, "  variants:", "  serving: {replicas: 4}\n  variants:")
    assert render_staged(fleet) == (0, [], []), "it is not staged"
    git(fleet.root, "add", EU)
    code, written, removed = render_staged(fleet)
    assert code == 10 and written and not removed
    assert all(path.startswith(f"{RENDERED}/") for path in written), written
    assert stale.read_bytes() == old
    assert render_staged(fleet)[0] == 10, "it is written, and not staged"
    git(fleet.root, "add", "rendered")
    assert render_staged(fleet) == (0, [], [])


def test_what_no_spec_declares_is_removed_and_what_is_malformed_is_reported(fleet: Fleet) -> None:
    fleet.write(f"{RENDERED}/extra.yaml", "kind: ConfigMap\n")
    git(fleet.root, "add", "rendered")
    assert render_staged(fleet) == (10, [], [f"{RENDERED}/extra.yaml"])
    git(fleet.root, "add", "rendered")
    assert render_staged(fleet) == (0, [], [])
    fleet.edit(EU, "region: eu-west-1", "region: [")
    git(fleet.root, "add", EU)
    code, said = invoke(["render", "--staged", "--root", str(fleet.root)])
    assert code == 10 and re.search(rf"{EU}:\d+:\d+: error yaml", said), said
    assert git(fleet.root, "status", "--porcelain") == f"M  {EU}"


def test_a_finding_of_another_change_does_not_stop_this_one(fleet: Fleet) -> None:
    fleet.edit("clusters/prod/scoring/us-east-1.yaml", "region: us-east-1", "region: [")
    git(fleet.root, "commit", "--quiet", "--all", "--message=A mistake")
    fleet.edit(EU, "  variants:", "  serving: {replicas: 4}\n  variants:")
    git(fleet.root, "add", EU)
    code, said = invoke(["render", "--staged", "--root", str(fleet.root)])
    assert code == 10 and "us-east-1" not in said and f"{RENDERED}/" in said, said
    git(fleet.root, "add", "rendered")
    assert render_staged(fleet) == (0, [], [])
