"""Records as versions of Lockstep wrote them replay for ever: see tests/data/ledger-frozen."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from lockstep.gate_sources.base import SOURCES
from lockstep.model.decision import Action
from lockstep.model.evidence import Verdict
from lockstep.model.record import read_record
from tests.acceptance.frozen_ledgers import DIGESTS, FROZEN
from tests.acceptance.world import END, FAMILY
from tests.unit.edges.repositories import commit, new_repository

STORIES = sorted(path.name for path in FROZEN.iterdir() if path.is_dir())
LISTED = {path: digest for digest, path in map(str.split, DIGESTS.read_text().splitlines())}
FOLDER = f"ledger/{FAMILY}"


def records(story: str) -> list[Path]:
    return sorted((FROZEN / story).glob("*.json"))


def evidence(story: str) -> Iterator[tuple[Path, int, Any]]:
    """Every item of evidence: its record, its index there, and itself."""
    for path in records(story):
        for index, item in enumerate(json.loads(path.read_text())["spec"].get("evidence", [])):
            yield path, index, item


def repository(story: str, folder: Path) -> Path:
    """A repository with nothing but this ledger, one commit for each record."""
    new_repository(folder, {"README.md": b"A ledger.\n"})
    for record in records(story):
        commit(folder, {f"{FOLDER}/{record.name}": record.read_bytes()})
    return folder


def audit(root: Path, *options: str) -> tuple[int, str]:
    return invoke(["audit", *options, "--root", str(root), "--work-tree", "--now", END])


def test_nobody_has_edited_a_frozen_record() -> None:
    there = {
        f"{story}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for story in STORIES
        for path in records(story)
    }
    assert there == LISTED


@pytest.mark.parametrize("story", STORIES)
def test_a_frozen_ledger_verifies_and_replays_from_its_records_alone(
    story: str, tmp_path: Path
) -> None:
    code, said = audit(repository(story, tmp_path / "fleet"), "--verify", "--replay")
    assert code == 0, said
    for path in records(story):
        record = read_record(path.read_bytes())
        assert (record.decision.id, record.unreadable) == (record.stated_id, "")


def test_frozen_ledgers_hold_every_action_source_and_verdict() -> None:
    """Whoever adds one adds a story for it: README.md there says how."""
    actions = {json.loads(p.read_text())["spec"]["action"] for s in STORIES for p in records(s)}
    items = [item for story in STORIES for _, _, item in evidence(story)]
    assert actions == set(Action)
    assert {item["gate"]["source"] for item in items} == set(SOURCES)
    assert {item["verdict"] for item in items} == set(Verdict)
    compared = [item for item in items if item["comparison"]]
    assert {(item["gate"]["source"], item["verdict"]) for item in compared} == {
        ("prometheus", "pass"), ("prometheus", "fail"),
        ("mlflow", "pass"), ("mlflow", "inconclusive"),
    }  # fmt: skip
    blocks = [block for item in items for block in item["answer"]["blocks"]]
    assert {block.get("segment", "") for block in blocks} >= {"", "retail"}
    assert any("missing" in block for block in blocks)


Change = Callable[[Any], None]


def other_blocks(item: Any) -> None:
    """More bad requests of the candidate; all are, where there is no evidence to recompute."""
    for block in item["answer"]["blocks"]:
        if block.get("candidate"):
            block["candidate"]["bad"] = block["candidate"]["total"]
            if item["comparison"]:
                return


def other_value(item: Any) -> None:
    """A number at the other side of the bound."""
    given, gate = item["answer"]["candidate"], item["gate"]
    used = given if given["value"] is not None else given["earlier"]
    passes = item["verdict"] == "pass"
    used["value"] = gate["max"] + 1 if "max" in gate else gate["min"] + (-1 if passes else 1)


def other_condition(item: Any) -> None:
    condition = item["answer"]["condition"]
    condition["holds"] = not condition["holds"]


def other_tag(item: Any) -> None:
    (approval,) = item["answer"]["approvals"]
    approval["tag"] = approval["tag"].replace(" +0000\n", " +0100\n")


def other_sync(item: Any) -> None:
    """Argo CD had it a minute later."""
    since = item["answer"]["live"]["since"]
    item["answer"]["live"]["since"] = since.replace("5:00Z", "6:00Z").replace("0:00Z", "1:00Z")


def other_service(item: Any) -> None:
    """It has served since it was asked about."""
    item["answer"]["served"]["since"] = item["askedAt"]


def other_verdicts(item: Any) -> None:
    """A gate of its verification had said nothing."""
    item["answer"]["served"]["verdicts"]["inconclusive"] = 1


def no_failure(item: Any) -> None:
    item["answer"]["failure"] = ""


def changes_of(item: Any) -> list[Change]:
    """The edits of an answer that a replay has to notice."""
    answer = item["answer"]
    if answer["failure"]:
        return [no_failure]
    if answer["blocks"]:
        return [other_blocks]
    if answer.get("served"):
        return [other_service, other_verdicts]
    if answer["condition"]:
        more = [*([other_tag] if answer["approvals"] else []),
                *([other_sync] if answer.get("live") else [])]  # fmt: skip
        return [other_condition, *more]
    return [other_value]


def edits() -> Iterator[Any]:
    """Each edit of one answer of each gate, by verdict and by whether the gate compared."""
    seen = set()
    for story in STORIES:
        for path, index, item in evidence(story):
            for change in changes_of(item):
                name = item["gate"]["name"]
                kind = (name, item["verdict"], bool(item["comparison"]), change.__name__)
                if kind not in seen:
                    seen.add(kind)
                    marked = f"{story}-{path.stem}-{name}-{change.__name__}"
                    yield pytest.param(path, index, change, id=marked)


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A repository for each story."""
    return {story: repository(story, tmp_path_factory.mktemp(story) / "fleet") for story in STORIES}


@pytest.mark.parametrize(("path", "index", "change"), list(edits()))
def test_an_edited_number_does_not_replay(
    ledgers: dict[str, Path], path: Path, index: int, change: Change
) -> None:
    file = ledgers[path.parent.name] / FOLDER / path.name
    body = json.loads(path.read_text())
    item = body["spec"]["evidence"][index]
    change(item)
    file.write_text(json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    try:
        code, said = audit(file.parents[3], "--replay")
    finally:
        shutil.copy(path, file)
    assert code == 13 and f"{FOLDER}/{path.name}" in said, said
    assert item["gate"]["name"] in said
