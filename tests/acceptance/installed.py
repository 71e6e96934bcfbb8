"""Lockstep as people have it: wheels that are built here, installed away from the checkout.

The packages that Lockstep needs are those of the tests' own environment, linked without Lockstep
itself. So pip finds every requirement of the wheel installed, and nothing can import the checkout.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEXT = "0.2.0"
"""The version of the second wheel."""
NEW_RULE = "max-replicas"
"""The rule that the second wheel adds to those of the first."""
# The second wheel's changes to files of the first: another template, and a rule that asks more.
_NEXT_EDITS = {
    "scripts/lockstep/__init__.py": ('__version__ = "0.1.0"', f'__version__ = "{NEXT}"'),
    "templates/service/service.yaml.j2": ("spec:\n", f"# New in {NEXT}.\nspec:\n"),
    "policies/rules/min-replicas/min_replicas.rego": (
        "#   since: 0.1.0\n", f"#   since: 0.1.0\n#   changed: {NEXT}\n",
    ),
    "policies/rules/min-replicas/thresholds.yaml": ("production: 2", "production: 9"),
}  # fmt: skip


@dataclass(frozen=True)
class Wheel:
    """A wheel that was built here."""

    file: Path

    @property
    def digest(self) -> str:
        """As ``lockstep.yaml`` writes it."""
        return f"sha256:{hashlib.sha256(self.file.read_bytes()).hexdigest()}"

    @property
    def url(self) -> str:
        """Where pip downloads it."""
        return self.file.as_uri()

    @property
    def index(self) -> str:
        """The address of an index with this wheel alone."""
        return index_of(self.file.parent, self)


@dataclass(frozen=True)
class Installed:
    """A program in an environment of its own."""

    programs: Path

    def run(
        self, *arguments: str | Path, cwd: Path, more: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Run a command line as a process: its exit code, and all that it printed."""
        done = subprocess.run(
            [self.programs / "lockstep", *arguments], cwd=cwd, text=True, check=False,
            env={**outside(), **(more or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    def must(self, *arguments: str | Path, cwd: Path) -> str:
        """The same for what has to succeed; what it printed."""
        code, said = self.run(*arguments, cwd=cwd)
        assert code == 0, f"{arguments}: exit {code}\n{said}"
        return said


def index_of(folder: Path, *wheels: Wheel) -> str:
    """The address of an index with these wheels, made in a folder."""
    page = folder / "simple/lockstep-gitops/index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("".join(f'<a href="{each.url}">{each.file.name}</a>\n' for each in wheels))
    return page.parent.parent.as_uri()


def outside() -> dict[str, str]:
    """The variables of a process that must not find this checkout."""
    left_out = ("PYTHONPATH", "VIRTUAL_ENV", "MLFLOW_TRACKING_URI")
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(*argv: str | Path, cwd: Path | None = None) -> str:
    """Run a program that has to succeed; what it printed."""
    done = subprocess.run(argv, cwd=cwd, env=outside(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: str | Path, cwd: Path | None = None) -> None:
    """Run the pip of the tests' environment."""
    run(sys.executable, "-m", "pip", "--quiet", *arguments, cwd=cwd)


def build_wheel(folder: Path, source: Path = ROOT) -> Wheel:
    """The wheel of this checkout, or of another source."""
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    (file,) = folder.glob("lockstep_gitops-*.whl")
    return Wheel(file)


def build_next_wheel(folder: Path) -> Wheel:
    """The wheel of a copy of the source that is changed as a next version could be."""
    source = folder / "source"
    copy_source(source)
    _add_rule(source / "policies/rules" / NEW_RULE)
    for path, (before, after) in _NEXT_EDITS.items():
        text = (source / path).read_text()
        assert text.count(before) >= 1, path
        (source / path).write_text(text.replace(before, after, 1))
    return build_wheel(folder, source)


def copy_source(target: Path) -> None:
    """Copy what a wheel is built from, as pyproject.toml lists it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    for name in (*parts, "pyproject.toml", "README.md"):
        if (ROOT / name).is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, target / name, ignore=leave)
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def _add_rule(folder: Path) -> None:
    """Write the rule that a later version has: min-replicas turned round."""
    folder.mkdir()
    name = NEW_RULE.replace("-", "_")
    text = (ROOT / "policies/rules/min-replicas/min_replicas.rego").read_text()
    for before, after in {
        "min-replicas": NEW_RULE, "min_replicas": name, "since: 0.1.0": f"since: {NEXT}",
        "at least": "at most", "< least": "> least", "Enough replicas": "Not too many replicas",
    }.items():  # fmt: skip
        text = text.replace(before, after)
    (folder / f"{name}.rego").write_text(text)
    (folder / "thresholds.yaml").write_text(f"thresholds: {{{name}: {{production: 50}}}}\n")
    schema = "policies/rules/min-replicas/thresholds.schema.json"
    (folder / "thresholds.schema.json").write_text((ROOT / schema).read_text())


def new_environment(folder: Path) -> Path:
    """The programs of a new environment with pip and all that Lockstep needs, but no Lockstep."""
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / "bin"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(programs / "python", "-c", where).strip())
    (site / "borrowed.pth").write_text(f"{borrow(folder / 'borrowed')}\n")
    return programs


def borrow(folder: Path) -> Path:
    """Link the packages of the tests' environment into a new folder, all but Lockstep."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "lockstep" not in entry.name and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


def install(wheel: Wheel, folder: Path, extra: str = "") -> Installed:
    """Install a wheel in a new environment; pip finds each of its requirements there.

    ``--no-index`` makes it fail for one that is missing, instead of a download.
    """
    programs = new_environment(folder)
    run(
        programs / "python", "-m", "pip", "--quiet", "install", "--no-index", f"{wheel.file}{extra}"
    )
    return Installed(programs)
