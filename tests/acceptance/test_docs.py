"""The documentation is tested like the program: its commands are run, its names are looked up."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.cli import invoke
from lockstep.edges import clock
from lockstep.model.decision import Action, Phase
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.times import format_time
from lockstep.opa.binary import find_opa
from tests.acceptance.worked_examples import all_examples

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [path for path in DOCS if path.name not in ("rules.md", "records.md", "fields.md")]
FLEET = ("clusters", "ledger", "policies", "rendered", "templates")

# Made by a command or a worked example of the documentation, so not there in a fresh clone.
EXAMPLES = [path for e in all_examples() for path in e.files]
MADE = ("ledger", ".venv", "tools/bin", *EXAMPLES)
# A path may leave out what the reader knows from the sentence around it.
PLACES = (".", "scripts/lockstep", "policies", "clusters/prod/fraud-detection", "rendered/prod/*/*")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"[\w.<>-]+(/[\w.<>-]+)*/?")
MARK = "--- command {} ---"


def blocks(text: str, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(text) if name == language]


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


# Commands and their output


def commands(console: str) -> list[tuple[str, str]]:
    """The commands of ``console`` blocks, each with the output that is quoted below it."""
    parts = re.split(r"^\$ (.*)\n", console, flags=re.MULTILINE)
    assert not parts[0], "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def pattern(quoted: str) -> str:
    """A regular expression for quoted output: ``…`` stands for anything, on a line or of lines."""
    lines = [
        "(?:.*\n)*?"
        if line == "…"
        else ".*?".join(re.escape(part) for part in line.split("…")) + "\n"
        for line in quoted.splitlines()
    ]
    return "".join(lines)


def run_all(listed: list[str], folder: Path) -> list[str]:
    """Run command lines in one shell; what each of them printed."""
    script = "".join(
        f"(status=$?; echo {shlex.quote(MARK.format(number))}; exit $status)\n{command}\n"
        for number, command in enumerate(listed)
    )
    programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        **os.environ, "PATH": os.pathsep.join(programs), "COLUMNS": "80", "LC_ALL": "C.UTF-8",
        "LOCKSTEP_CACHE": "",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return re.split(MARK.format(r"\d+") + "\n", done.stdout)[1:]


def differences(console: str, folder: Path) -> Iterator[str]:
    """A line for each command that prints something else than the documentation quotes."""
    listed = commands(console)
    printed = run_all([command for command, _ in listed], folder)
    assert len(printed) == len(listed)
    for (command, quoted), output in zip(listed, printed, strict=True):
        if not re.fullmatch(pattern(quoted), output):
            yield f"$ {command}\nprints\n{output}and the documentation quotes\n{quoted}"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The reference fleet in a repository of its own."""
    try:
        find_opa()
    except LockstepError as error:
        pytest.skip(f"OPA is missing: {error.message}")
    for name in FLEET:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
    for command in (
        "init --quiet --initial-branch=main",
        "config user.name Reader",
        "config user.email reader@example.com",
        "add --all",
        "commit --quiet --message fleet",
    ):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    return tmp_path


def test_the_first_change_by_hand_prints_what_the_readme_quotes(fleet: Path) -> None:
    console = "".join(blocks(section(README.read_text(), "A first change by hand"), "console"))
    assert len(commands(console)) > 10
    found = "\n".join(differences(console, fleet))
    assert not found, found


def test_all_console_blocks_are_those_that_are_run() -> None:
    tested = blocks(section(README.read_text(), "A first change by hand"), "console")
    assert [block for path in DOCS for block in blocks(path.read_text(), "console")] == tested


def test_output_that_is_quoted_wrongly_is_found(tmp_path: Path) -> None:
    right = "$ printf 'a\\nb\\nc 7\\n'\na\n…\nc …\n$ false\n$ echo $?\n1\n$ true\n"
    assert not list(differences(right, tmp_path))
    wrong = "$ echo a\nb\n$ echo silent\n$ true\nsomething\n$ printf 'a\\nb\\n'\na\n"
    assert len(list(differences(wrong, tmp_path))) == 4


# Evidence


def test_the_evidence_that_the_readme_logs_is_what_a_gate_reads(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="needs lockstep[registry]")
    from lockstep.registry.mlflow.versions import MlflowRegistry
    from tests.unit.mlflow_store import create_store, forget_default_store

    (snippet,) = blocks(README.read_text(), "python")
    ((model, version),) = re.findall(r'get_model_version\("(.+?)", "(.+?)"\)', snippet)
    ((metric, value, samples),) = re.findall(r'"(\w+)": ([\d.]+), "\1_samples": (\d+)', snippet)
    (dataset,) = re.findall(r'name="(.+?)"', snippet)
    store = create_store(tmp_path)
    first, model_id, _ = store.version(model)
    forget_default_store()
    data = "import pandas; scored_payments = pandas.DataFrame({'amount': [1.5, 2.5]})"
    code = "\n".join((data, snippet.replace(f'"{version}"', f'"{first}"')))
    # In a process of its own, as a reader does: what is imported here may be without pandas.
    env = {**os.environ, "MLFLOW_TRACKING_URI": store.uri, "MLFLOW_EXPERIMENT_NAME": "test"}
    subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, check=True)
    lock = {"identity": {"model": model, "version": first, "modelId": model_id}}
    now = format_time(clock.now())
    found = MlflowRegistry(store.uri).measure(lock, metric, dataset, now)
    assert (found.value, found.samples, found.problem) == (float(value), int(samples), "")


# Names


def named_paths(path: Path) -> Iterator[str]:
    """What is written as code outside of blocks and looks like a path of this repository."""
    for span in SPAN.findall(prose(path)):
        if PATH.fullmatch(span) and ("/" in span or re.search(r"\.(py|md|ya?ml|json|j2)$", span)):
            yield span


def exists(name: str) -> bool:
    if name.split("/")[0] in MADE or name.startswith(MADE):
        return True
    wanted = re.sub(r"<[\w-]+>", "*", name).rstrip("/")
    found = [path for place in PLACES for path in ROOT.glob(f"{place}/{wanted}")]
    if "/" not in wanted:
        found += (ROOT / "tests" / "examples").rglob(wanted)
    return any(path.is_dir() or not name.endswith("/") for path in found)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_path_that_is_named_exists(path: Path) -> None:
    assert [name for name in named_paths(path) if not exists(name)] == []


def test_paths_are_found_in_the_documentation() -> None:
    assert sum(len(list(named_paths(path))) for path in DOCS) > 30


def test_a_path_that_does_not_exist_is_found() -> None:
    wrong = ("scripts/lockstep/none.py", "README.md/", "clusters/<environment>/none.yaml", "x.py")
    assert not any(map(exists, wrong))


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        if re.match(r"https?:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        headings = re.findall(r"^#+ (.+)$", FENCE.sub("", target.read_text()), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
        assert not anchor or anchor in anchors, link


def help_of(*verb: str) -> str:
    code, text = invoke([*verb, "--help"])
    assert code == 0, f"lockstep {' '.join(verb)}: {text}"
    return text


def verbs() -> list[str]:
    listed = help_of().split("\nVerbs:\n")[1]
    return re.findall(r"^  ([a-z-]+)", listed, re.MULTILINE)


def command_lines(path: Path) -> Iterator[list[str]]:
    """Every ``lockstep …`` that is written as code, as words."""
    text = path.read_text()
    code = [*SPAN.findall(prose(path)), *(line for _, body in FENCE.findall(text)
            for line in body.splitlines())]  # fmt: skip
    for line in code:
        match = re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?lockstep ([a-z]+\b.*)", line)
        if match:
            yield re.sub(r"'[^']*'", "TEXT", match[1].split("&&")[0].split(" #")[0]).split()


def test_every_verb_is_in_the_table_of_the_readme() -> None:
    table = section(README.read_text(), "Everyday verbs")
    listed = re.findall(r"^\| `lockstep ([a-z-]+)", table, re.MULTILINE)
    assert set(listed) == set(verbs())
    assert {"check", "advance", "revert"} <= set(listed)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_command_line_names_a_verb_and_options_that_exist(path: Path) -> None:
    for words in command_lines(path):
        nested = ("add", "policy", "schema", "template", "tools")
        verb = words[:2] if words[0] in nested else words[:1]
        known = help_of(*verb)
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        assert [option for option in options if not re.search(rf"{option}\b", known)] == [], words


def test_options_named_with_a_verb_in_the_table_exist() -> None:
    table = section(README.read_text(), "Everyday verbs")
    rows = re.findall(r"^\| `lockstep ((?:(?:policy|schema) )?[a-z-]+)(.*)$", table, re.MULTILINE)
    for verb, row in rows:
        known = help_of(*verb.split())
        assert [o for o in re.findall(r"--[a-z-]+", row) if o not in known] == [], verb


def test_exit_codes_are_those_of_the_program() -> None:
    table = section(README.read_text(), "Everyday verbs")
    explained = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert explained == list(ExitCode)
    for cells in re.findall(r"^\| `lockstep .*\| ([\d, ]+) \|$", table, re.MULTILINE):
        assert {int(code) for code in cells.split(",")} <= set(ExitCode)


def test_every_make_target_that_is_named_exists() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = set(re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE))
    text = "".join(path.read_text() for path in DOCS)
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_the_demo_is_quoted_with_claims_that_it_makes() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "scripts/lockstep_demo").rglob("*.py"))
    quoted = "".join(blocks(section(README.read_text(), "What the demo shows"), "text"))
    claims = re.findall(r"^  \[holds\] .*?(?:: | is \S+, )(.+)$", quoted, re.MULTILINE)
    assert len(claims) > 2
    assert [claim for claim in claims if claim not in sources] == []


# Terms


@pytest.mark.parametrize("kind", [Phase, Action, Verdict], ids=lambda kind: kind.__name__)
def test_the_glossary_defines_every_value_that_records_and_output_use(
    kind: type[Phase] | type[Action] | type[Verdict],
) -> None:
    page = (ROOT / "docs/reference/glossary.md").read_text()
    defined = re.findall(r"^\| `([a-z]+)` \| [A-Z].+\. \|$", page, re.MULTILINE)
    assert {value.value for value in kind} <= set(defined)


def test_the_glossary_defines_each_term_once_and_in_one_sentence() -> None:
    page = (ROOT / "docs/reference/glossary.md").read_text()
    rows = re.findall(r"^\| [`*]+(.+?)[`*]+.*? \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) > 60
    assert len({term for term, _ in rows}) == len(rows)
    assert [term for term, meaning in rows if not re.fullmatch(r"[A-Z`].*[^.]\.", meaning)] == []
    assert [term for term, meaning in rows if re.search(r"\. [A-Z]", meaning)] == []


# Package


def test_the_wheel_ships_the_types_and_the_readme() -> None:
    wheel = importlib.import_module("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    shipped = {file.distribution_path for file in wheel.recurse_included_files()}
    assert "lockstep/py.typed" in shipped
    assert "lockstep/scaffold/templates/readme.md.j2" in shipped
    assert wheel.metadata.core.readme == README.read_text()
