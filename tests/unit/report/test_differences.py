"""The difference as text, Markdown and JSON: bounded, escaped, and never silent about a failure."""

import json
import re
from typing import Any

import pytest

from lockstep.model.differences import (
    ChangeType,
    Danger,
    Differences,
    FieldChange,
    FleetDiff,
    ObjectChange,
    WeightChange,
)
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.outcome import failed_run
from lockstep.report import markdown
from lockstep.report.differences import (
    format_json,
    format_markdown,
    format_sections,
    format_text,
)
from lockstep.report.envelope import validator

FORMATS = [format_text, format_markdown]
UNREAD = Finding("rendered/x.yaml", 3, 1, "diff.unreadable", "this is not YAML", "lockstep render")


def change(number: int = 0, **more: Any) -> ObjectChange:
    given: dict[str, Any] = {
        "environment": "prod", "family": "fraud", "cluster": f"fraud-r{number}",
        "region": f"r{number}", "kind": "Deployment", "name": f"fraud-r{number}-v1", "role": "v1",
        "namespace": "fraud", "file": f"rendered/{number}.yaml", "change": ChangeType.CHANGED,
        "fields": (FieldChange("spec.replicas", 3, 6),),
    }  # fmt: skip
    return ObjectChange(**{**given, **more})


def found(*objects: ObjectChange, findings: tuple[Finding, ...] = ()) -> Differences:
    clusters = len({each.cluster for each in objects})
    return Differences(FleetDiff("main", "a" * 40, clusters, 11, objects), findings)


def test_text_has_a_headline_then_dangers_then_families() -> None:
    restarts = change(dangers=(Danger("restart", "it restarts", 7),))
    added = change(1, change=ChangeType.ADDED, fields=())
    assert (
        format_text(found(restarts, added))
        == """\
2 of 11 clusters change against main: 1 object added, 1 changed; 1 danger

Dangerous changes
  restart: it restarts
    in prod/fraud: Deployment v1 in r0

prod/fraud
  Deployment v1 changes in r0
    spec.replicas: 3 → 6
  added Deployment v1 in r1"""
    )


def test_markdown_has_the_same_in_code_spans() -> None:
    assert (
        format_markdown(found(change(dangers=(Danger("restart", "it restarts", 7),))))
        == """\
### Lockstep: 1 of 11 clusters changes against ` main `: 1 object changed; 1 danger

#### Dangerous changes

- ` restart `: ` it restarts `
  - in ` prod/fraud `: ` Deployment v1 ` in ` r0 `

#### ` prod/fraud `

- ` Deployment v1 ` changes in ` r0 `
  - ` spec.replicas `: ` 3 ` → ` 6 `"""
    )


def test_nothing_is_said_to_change_only_where_that_is_known() -> None:
    nothing = "nothing changes in manifests, policies and settings against"
    assert format_text(found()) == f"{nothing} main"
    assert format_markdown(found()) == f"### Lockstep: {nothing} ` main `"
    failed = Differences(FleetDiff(""), failed_run(LockstepError("git is missing"), {}).findings)
    for each in (format_text(failed), format_markdown(failed)):
        assert "not known" in each and "git is missing" in each and "nothing changes" not in each
    assert json.loads(format_json(failed))["exitCode"] == 1


def test_what_could_not_be_read_is_in_every_format() -> None:
    unread = found(change(), findings=(UNREAD,))
    for each in (format_text(unread), format_markdown(unread), format_json(unread)):
        assert "this is not YAML" in each
    assert json.loads(format_json(unread))["exitCode"] == 10


def test_json_is_as_its_schema_says_and_is_read_back() -> None:
    weights = (WeightChange("weighted", "1", 0, 100),)
    whole = found(change(weights=weights, dangers=(Danger("restart", "x", 7),)), findings=(UNREAD,))
    data = json.loads(format_json(whole))
    validator("diff").validate(data)
    assert FleetDiff.from_json({**data["summary"], "objects": data["items"]}) == whole.diff


@pytest.mark.parametrize("formatted", FORMATS)
def test_a_large_difference_is_bounded_and_what_is_left_out_is_counted(formatted: Any) -> None:
    worst = change(0, family="z", dangers=(Danger("no-capacity", "no pods", 2),))
    every = [
        change(number, family=f"f{number}", fields=(FieldChange("spec.replicas", number, 6),))
        for number in range(3_000)
    ]
    text = formatted(found(worst, *every))
    assert len(text) <= markdown.LIMIT or formatted is format_text
    assert text.count("\n") < 3_500
    assert "no pods" in text
    shown = len(re.findall(r"Deployment v1 *`? changes", text))
    left = re.search(r"Not shown: ([\d,]+) changes", text)
    assert left and shown + int(left[1].replace(",", "")) == 3_001


def test_sections_fit_into_the_room_that_a_comment_has() -> None:
    every = found(*(change(number, fields=(FieldChange("a", number, 1),)) for number in range(200)))
    for room in (0, 300, 2_000, 5_000):
        blocks = list(format_sections(every.diff, room))
        assert "Not shown" in blocks[-1]
        assert len("\n\n".join(blocks)) <= max(room, 200)
    assert "Not shown" not in "".join(format_sections(every.diff, 100_000))


HOSTILE = [
    "</details><script>", "[x](http://evil.example.com)", "@team", "#1", "`` ` ``", "a|b",
    "::error::x", "##[error]x", "\x1b[31m", "x\n::stop-commands::y", "\u202ex", "![x](y)", "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    hostile = change(
        environment=text, family=text, cluster=text, region=text, kind=text, name=text, role=text,
        fields=(FieldChange(text, text, [text]),), dangers=(Danger("restart", text, 7),),
        weights=(WeightChange(text, text, 1, 2),),
    )  # fmt: skip
    whole = Differences(FleetDiff(text, "", 1, 1, (hostile,)))
    for line in format_text(whole).split("\n"):
        assert line.isprintable() and not line.lstrip().startswith("::") and "##[" not in line
    for line in format_markdown(whole).split("\n"):
        outside = re.sub(r"(`+) .*? \1(?!`)", "", line)
        assert line.isprintable()
        assert not re.search(r"[<>@|\[\]!\\`]|#\d|::", outside), outside
    assert json.loads(format_json(whole))["items"]
