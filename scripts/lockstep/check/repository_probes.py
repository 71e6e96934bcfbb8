"""What ``doctor`` looks at in a repository: settings, remote, attributes, hook, workflow, data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lockstep.check.attributes import attribute_findings
from lockstep.check.followed import choose_remote
from lockstep.check.pinned import require_program
from lockstep.check.probing import MISSING, WARNING, Found, missing, ok, probe_all, warning
from lockstep.check.workspace import EVERYTHING, files_of, with_shipped
from lockstep.edges import bounded
from lockstep.edges.files import read_file
from lockstep.edges.git import Git
from lockstep.edges.git.attributes import ATTRIBUTES
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Severity
from lockstep.model.paths import SETTINGS
from lockstep.model.tool_results import Probe
from lockstep.policy.thresholds import ORGANISATION, check_data
from lockstep.spec.settings import EXAMPLE, Settings, read_settings

_SECONDS = 20.0
_LARGEST = 1024 * 1024
_OWN = ".venv/bin/lockstep"
"""The program that the hook of a fleet runs."""

_WORKFLOWS = (
    ".github/workflows/*.y*ml", ".gitea/workflows/*.y*ml", ".forgejo/workflows/*.y*ml",
    ".gitlab-ci.yml", ".ci/*",
)  # fmt: skip


def repository_probes(root: Path) -> Iterator[Probe]:
    """A probe for each part of the repository that holds ``root``; one where there is none."""
    found: list[Git] = []

    def _find() -> Found:
        git = Git.find(root)
        git.require_work_tree()
        found.append(git)
        return ok(str(git.root))

    yield from probe_all([("repository", MISSING, _find)])
    if found:
        here = _Repository(found[0])
        yield from probe_all((
            ("identity", WARNING, here.identity),
            (SETTINGS, MISSING, here.settings),
            ("remote", WARNING, here.remote),
            ("history", WARNING, here.history),
            (ATTRIBUTES, WARNING, here.attributes),
            ("organisation", MISSING, here.organisation),
            ("hook", WARNING, here.hook),
            ("workflow", WARNING, here.workflow),
        ))  # fmt: skip


@dataclass(frozen=True)
class _Repository:
    """The parts of one repository. The methods raise LockstepError as what they ask does."""

    git: Git

    def identity(self) -> Found:
        return ok(self.git.actor())

    def settings(self) -> Found:
        settings = self._read_settings()
        require_program(settings.pin)
        # Verbs that move a family read the committed file, which no work tree can change.
        if not self.git.resolve("HEAD") or not self.git.read_tree("HEAD", [SETTINGS]):
            return warning("it is not committed", f"git add {SETTINGS}, and commit it")
        return ok(f"branch {settings.branch} of {settings.repository}")

    def remote(self) -> Found:
        try:
            settings = self._read_settings()
        except LockstepError:
            text = f"{SETTINGS} does not say which one is the fleet's"
            return warning(text, f"fix {SETTINGS} first")
        branch, known = settings.branch, self.git.remotes()
        if not known:
            if self.git.resolve(f"refs/heads/{branch}") is None:
                return warning(f"there is no branch {branch}", f"git branch {branch}")
            return warning("there is none: decisions stay in this clone",
                           f"git remote add origin {settings.repository}, if {SETTINGS} says "
                           "where it really is")  # fmt: skip
        remote = choose_remote(known, None, settings)
        late = LockstepError(f"{remote} gave no answer within {_SECONDS:g} seconds",
                             fix="check the network, and that git fetch works")  # fmt: skip
        tips = bounded.ask(f"git {remote.name}", lambda: self.git.tips(remote, [branch]),
                           _SECONDS, late)  # fmt: skip
        if branch not in tips.commits:
            return warning(f"{remote} has no branch {branch}", f"git push {remote.name} {branch}")
        if self.git.resolve(f"refs/remotes/{remote.name}/{branch}") != tips.commits[branch]:
            return warning(f"{branch} of {remote} is newer than here", f"git fetch {remote.name}")
        return ok(f"{branch} of {remote}")

    def history(self) -> Found:
        if self.git.is_shallow():
            return warning("this clone is shallow: audit and check may lack a commit",
                           "git fetch --unshallow")  # fmt: skip
        return ok("whole")

    def attributes(self) -> Found:
        with self.git.storing() as storing:
            tree_id = storing.work_tree_id(EVERYTHING)
            findings = attribute_findings(storing, tree_id, EVERYTHING)
        for finding in findings:
            give = missing if finding.severity is Severity.ERROR else warning
            return give(f"{finding.file}:{finding.line}: {finding.message}", finding.fix)
        if not (self.git.top / ATTRIBUTES).is_file():
            return warning("there is none, so line endings depend on each clone",
                           f"write in {ATTRIBUTES}: * text=auto eol=lf")  # fmt: skip
        return ok("no attribute converts files of the fleet")

    def organisation(self) -> Found:
        tree = with_shipped(files_of(self.git, ["policies", "templates"]))
        for finding in check_data(tree):
            if finding.file == ORGANISATION:
                return missing(f"{finding.file}:{finding.line}: {finding.message}", finding.fix)
        return ok(ORGANISATION)

    def hook(self) -> Found:
        try:
            hook = self.git.path_of("hooks/pre-commit")
        except LockstepError:  # core.hooksPath is no folder: a known way to run no hook at all
            return warning("git runs no hook here: core.hooksPath is not a folder",
                           "git config --show-origin core.hooksPath says who set it; git config "
                           "core.hooksPath .git/hooks ends that in this clone")  # fmt: skip
        configured = _holds(self.git.top / ".pre-commit-config.yaml", b"lockstep")
        if configured and not self._hook_can_run():
            return warning(f"there is no {_OWN}, which it runs",
                           "install Lockstep there, as the README of the fleet says")  # fmt: skip
        if hook.is_file() and (configured or _holds(hook, b"lockstep")):
            return ok(str(hook))
        if configured:
            return warning("pre-commit is not installed in this clone",
                           ".venv/bin/pip install pre-commit, then .venv/bin/pre-commit "
                           "install")  # fmt: skip
        return warning("nothing checks a commit before it is made",
                       "add the hook lockstep-check to .pre-commit-config.yaml, then run "
                       "pre-commit install")  # fmt: skip

    def _hook_can_run(self) -> bool:
        """Whether the program is there that a hook in ``.pre-commit-config.yaml`` names."""
        config = self.git.top / ".pre-commit-config.yaml"
        return not _holds(config, _OWN.encode()) or (self.git.top / _OWN).is_file()

    def workflow(self) -> Found:
        files = (path for each in _WORKFLOWS for path in sorted(self.git.top.glob(each)))
        for path in files:
            if _holds(path, b"lockstep check"):
                return ok(path.relative_to(self.git.top).as_posix())
        return warning("no pipeline of this repository runs lockstep check",
                       "have one run lockstep check for each pull request")  # fmt: skip

    def _read_settings(self) -> Settings:
        path = self.git.root / SETTINGS
        if not path.is_file():
            raise LockstepError("it is missing", fix=f"write in {SETTINGS}: {EXAMPLE}")
        return read_settings(read_file(path, _LARGEST))


def _holds(path: Path, text: bytes) -> bool:
    return path.is_file() and text in read_file(path, _LARGEST)
