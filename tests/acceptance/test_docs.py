"""The documentation is tested like the program: its commands are run, its names are looked up."""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lockstep.cli import invoke
from lockstep.edges import clock
from lockstep.model.blocks import Count
from lockstep.model.decision import Action, Phase
from lockstep.model.evidence import Question, Verdict
from lockstep.model.times import format_time
from tests.acceptance.doc_pages import DOCS, FENCE, README, ROOT, blocks
from tests.acceptance.worked_examples import all_examples

EVIDENCE = ROOT / "docs/how-to/training-pipeline.md"
DEMO = ROOT / "docs/tutorial/demo.md"
WRITTEN = [path for path in DOCS if path.name not in ("rules.md", "records.md", "fields.md")]

# Made by a command or a worked example of the documentation, so not there in a fresh clone; or the
# name of a status, which looks like a path.
EXAMPLES = [path for e in all_examples() for path in e.files]
MADE = (
    "ledger", ".venv", "install-lockstep.py", "policies/data/waivers",
    "tools/bin", "build", "models/train.py", "clusters/dev", "rendered/dev", "lockstep/approval",
    "pipelines",
    *EXAMPLES,
)  # fmt: skip
# A path may leave out what the reader knows from the sentence around it.
PLACES = (
    ".",
    "scripts/lockstep",
    "policies",
    "clusters/prod/fraud-detection",
    "rendered/prod",
    "rendered/prod/*/*",
)

SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
LABEL = re.compile(r"[\w-]+(\.[\w-]+)*\.(io|dev|sh|com)/")  # of Kubernetes, such as istio.io/rev
PATH = re.compile(r"[\w.<>-]+(/[\w.<>-]+)*/?")


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text())


# Evidence


def test_what_a_page_logs_when_it_trains_is_what_production_asks_for(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="needs lockstep[registry]")
    from lockstep.registry.mlflow.versions import MlflowRegistry
    from tests.unit.mlflow_store import create_store, forget_default_store

    snippet, *_ = blocks(EVIDENCE.read_text(), "python")
    store = create_store(tmp_path)
    forget_default_store()
    data = """
import pandas, sklearn.linear_model
payments = pandas.DataFrame({"amount": [1.5, 2.5, 900.0]})
classifier = sklearn.linear_model.LogisticRegression().fit(payments, [0, 0, 1])
"""
    env = {**os.environ, "MLFLOW_TRACKING_URI": store.uri, "MLFLOW_EXPERIMENT_NAME": "test"}
    run = [sys.executable, "-c", data + snippet]
    subprocess.run(run, env=env, cwd=tmp_path, check=True, capture_output=True)
    now = format_time(clock.now())
    facts = MlflowRegistry(store.uri).facts("fraud", "1", now)["facts"]
    assert [each["context"] for each in facts["datasets"]] == ["training"]
    assert facts["tags"]["model_card.digest"].startswith("sha256:")
    assert [column["name"] for column in facts["signature"]["inputs"]] == ["amount"]


def test_the_evidence_that_a_page_logs_is_what_a_gate_reads(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="needs lockstep[registry]")
    from lockstep.registry.mlflow.versions import MlflowRegistry
    from tests.unit.mlflow_store import create_store, forget_default_store

    _, snippet, _ = blocks(EVIDENCE.read_text(), "python")
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


def test_the_counts_that_a_page_logs_are_the_blocks_of_its_gate(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="needs lockstep[registry]")
    from lockstep.gate_sources.mlflow import MlflowGates
    from tests.unit.mlflow_store import create_store, forget_default_store

    *_, snippet = blocks(EVIDENCE.read_text(), "python")
    (gate,) = yaml.safe_load(blocks(EVIDENCE.read_text(), "yaml")[0])["gates"]
    store = create_store(tmp_path)
    stable, candidate = (store.version("fraud")[1] for _ in range(2))
    forget_default_store()
    code = snippet.replace('"41"', '"1"').replace('"42"', '"2"')
    # The next block goes into the same runs; and the first is logged again, as by a second try.
    code += "end = end.replace(minute=15)\n" + code[code.index('log_block("fraud"') :]
    env = {**os.environ, "MLFLOW_TRACKING_URI": store.uri, "MLFLOW_EXPERIMENT_NAME": "test"}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, check=True)
    locks = [{"identity": {"model": "fraud", "version": version, "modelId": model_id}}
             for version, model_id in (("1", stable), ("2", candidate))]  # fmt: skip
    question = Question(
        gate=gate, cluster="fraud-eu-west-1", region="eu-west-1", environment="prod",
        candidate=locks[1], stable=locks[0],
        since="2026-01-31T08:02:17Z", now="2026-01-31T08:25:00Z",
    )  # fmt: skip
    answer = MlflowGates(store.uri).ask(question)
    assert answer.failure == ""
    assert [(block.end[11:16], block.candidate, block.baseline) for block in answer.blocks] == [
        (end, Count(6, 412), Count(58, 3702)) for end in ("08:10", "08:15")
    ]
    assert len(store.client.search_runs([store.experiment])) == 4, "two trained, two that log"


# Names


def named_paths(path: Path) -> Iterator[str]:
    """What is written as code outside of blocks and looks like a path of this repository."""
    for span in SPAN.findall(prose(path)):
        if LABEL.match(span):
            continue
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
        if not anchor:  # a picture is no text
            continue
        headings = re.findall(r"^#+ (.+)$", FENCE.sub("", target.read_text()), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}
        assert anchor in anchors, link


def help_of(*verb: str) -> str:
    code, text = invoke([*verb, "--help"])
    assert code == 0, f"lockstep {' '.join(verb)}: {text}"
    return text


def command_lines(path: Path) -> Iterator[list[str]]:
    """Every ``lockstep …`` that is written as code, as words."""
    text = path.read_text()
    code = [*SPAN.findall(prose(path)), *(line for _, body in FENCE.findall(text)
            for line in body.splitlines())]  # fmt: skip
    for line in code:
        match = re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?lockstep ([a-z]+\b.*)", line)
        if match:
            yield re.sub(r"'[^']*'", "TEXT", match[1].split("&&")[0].split(" #")[0]).split()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_command_line_names_a_verb_and_options_that_exist(path: Path) -> None:
    for words in command_lines(path):
        nested = ("add", "policy", "schema", "template", "tools")
        verb = words[:2] if words[0] in nested else words[:1]
        known = help_of(*verb)
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        assert [option for option in options if not re.search(rf"{option}\b", known)] == [], words


def test_every_make_target_that_is_named_exists() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = set(re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE))
    text = "".join(path.read_text() for path in DOCS)
    named = set(re.findall(r"(?:^|`)make ([a-z0-9-]+)", text, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_the_demo_is_quoted_with_claims_that_it_makes() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "scripts/lockstep_demo").rglob("*.py"))
    quoted = "".join(blocks(DEMO.read_text(), "text"))
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


# Words

# Vague subjects, and phrases for which the field has a term: DESIGN.md, 'Words'.
MANNERED = re.compile(
    r"(?<![.\w])(somebody|whoever|go(es)? back|taken? back|way back|beside|amid|made-up|"
    r"half moved|stands? (in|here)|lies in|is told|mends?|walks out|daily business)\b",
    re.IGNORECASE,
)


def messages() -> Iterator[tuple[str, str]]:
    """The texts in the program that are not docstrings, and those of the files that init writes."""
    for path in sorted((ROOT / "scripts/lockstep").rglob("*.py")):
        tree = ast.parse(path.read_text())
        docs = {
            id(node.value) for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.name}:{node.lineno}", "" if id(node) in docs else node.value
    for path in sorted((ROOT / "scripts/lockstep/scaffold/templates").rglob("*.j2")):
        yield path.name, path.read_text()


def test_pages_name_their_subjects_in_plain_words() -> None:
    found = [
        f"{path.name}: {match[0]}"
        for path in DOCS
        for match in MANNERED.finditer(re.sub(SPAN, "", prose(path)))
    ]
    assert found == []


def test_messages_name_their_subjects_in_plain_words() -> None:
    assert [f"{at}: {m[0]}" for at, text in messages() for m in MANNERED.finditer(text)] == []


# Package


def test_the_wheel_ships_the_types_and_the_readme() -> None:
    wheel = importlib.import_module("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    shipped = {file.distribution_path for file in wheel.recurse_included_files()}
    assert "lockstep/py.typed" in shipped
    assert "lockstep/scaffold/templates/readme.md.j2" in shipped
    assert wheel.metadata.core.readme == README.read_text()
