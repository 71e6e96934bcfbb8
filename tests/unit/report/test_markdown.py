"""The comment on a pull request: what is markup in it is ours."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lockstep.model.finding import Related, Severity, arrange
from lockstep.model.outcome import Outcome
from lockstep.report.markdown import LIMIT, format_outcome
from lockstep.report.markup import fence
from tests.unit.report.outcomes import (
    ATTACKS,
    CLUSTER,
    ORDINARY,
    PARTIAL,
    WAIVED,
    WRONG,
    many,
    outcomes,
)

# All that may stand outside of code: words of the report itself.
OURS = re.compile(
    r"(Lockstep: [a-z0-9 ;,(]+|; \d+ suppressed"
    r"|\); clusters that the change does not touch are as on x"
    r"|approval|error|warning|suppressed|note| at \d+:\d+: ?|\(none\)| |fix: |also "
    r"|and \d+ more places|waived until | by |because: |ticket: |waiver: "
    r"|Not shown: [a-z0-9, ]+\.| They do not fit into a comment\. The text and the JSON report of "
    r"| have all\.)*"
)
HTML = re.compile(r"<details>\n<summary>\d+ suppressed by waivers</summary>\n?|</details>\n?")


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def code_in(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type in ("code_inline", "fence")]


def foreign(text: str) -> list[str]:
    """What a forge would take for markup, or text that could hold a mention, though not ours."""
    found = []
    for token in tokens(text):
        if token.type == "text" and token.content and not OURS.fullmatch(token.content):
            found.append(token.content)
        if token.type.startswith("html") and not HTML.fullmatch(token.content):
            found.append(token.content)
        if token.type in ("link_open", "image", "table_open", "blockquote_open", "code_block"):
            found.append(token.type)
    return found


def test_headline_files_findings_and_what_to_do() -> None:
    text = format_outcome(ORDINARY)
    assert text.startswith("### Lockstep: 1 error and 1 warning in 3 clusters; 1 suppressed\n")
    assert text.count(f"#### ` {CLUSTER} `") == 1
    assert "**error** ` policy.residency ` at 9:13: ` region" in text
    assert "```text\n9 |   region: us-east-1  # the law\n  |             ^\n```" in text
    assert "- fix: ` choose another region `" in text
    assert foreign(text) == []


def test_what_is_waived_is_folded_with_its_reason() -> None:
    text = format_outcome(ORDINARY)
    folded = text.split("<details>")[1].split("</details>")[0]
    assert "<summary>1 suppressed by waivers</summary>" in folded
    assert "image is a tag" in folded and "until the move" in folded and "RISK-7" in folded
    assert "image is a tag" not in text.split("<details>")[0]


def test_a_clean_result_is_one_line() -> None:
    assert format_outcome(Outcome((), {"clusters": 2})) == "### Lockstep: no errors in 2 clusters"


def test_a_part_of_the_fleet_is_not_shown_as_the_whole() -> None:
    text = format_outcome(PARTIAL)
    assert text.startswith(
        "### Lockstep: 1 error and 1 warning in 3 of 1,000 clusters; "
        "the others are as on ` origin/main `; 1 suppressed\n"
    )
    assert foreign(text) == []
    followed = replace(PARTIAL, summary={**PARTIAL.summary, "base": "the followed branch"})
    assert "; the others are as on the followed branch; " in format_outcome(followed)


@pytest.mark.parametrize("name", ["base", "shard"])
def test_no_name_of_a_base_or_shard_becomes_markup(name: str) -> None:
    for attack in (*ATTACKS, "@everyone", "#1", "main @everyone", "main\n# forged", "a*b*_c_"):
        text = format_outcome(Outcome((), {"clusters": 1, "of": 2, "base": "x", name: attack}))
        assert foreign(text) == [], attack
        assert "\n" not in text


def test_everything_fits_into_a_comment_and_the_cut_is_counted() -> None:
    findings = many(400) + many(900, Severity.WARNING, "lock.stale") + [WAIVED]
    text = format_outcome(Outcome(tuple(findings), {"clusters": 10}))
    assert len(text) <= LIMIT <= 65_536
    assert foreign(text) == []
    shown = {kind: text.count(f"**{kind}**") for kind in ("error", "warning", "suppressed")}
    assert shown["error"] == 400 and 0 < shown["warning"] < 900 and shown["suppressed"] == 0
    assert f"Not shown: {900 - shown['warning']} warnings, 1 suppressed." in text
    assert text.startswith("### Lockstep: 400 errors and 900 warnings in 10 clusters; 1 suppressed")


def test_errors_are_cut_only_where_they_do_not_fit_themselves() -> None:
    findings = many(3000) + many(5, Severity.WARNING)
    text = format_outcome(Outcome(tuple(findings)))
    shown = text.count("**error**")
    assert 300 < shown < 3000 and "**warning**" not in text
    assert f"Not shown: {3000 - shown:,} errors, 5 warnings." in text
    assert len(text) <= LIMIT


def test_one_endless_message_and_endless_places_leave_room_for_the_rest() -> None:
    related = tuple(Related(f"{n}.yaml", 1, 1, "here") for n in range(1, 500))
    endless = replace(WRONG, message="x" * 100_000, fix="`" * 100_000, related=related)
    text = format_outcome(Outcome((endless, *many(20))))
    assert len(text) <= LIMIT and text.count("**error**") == 21
    assert "(98000 more characters)" in text and "and 479 more places" in text
    assert foreign(text) == []


def test_no_line_of_a_code_block_can_end_it() -> None:
    assert code_in(fence(["a", "`````", "b"])) == ["a\n`````\nb\n"]


def test_every_attack_stays_in_code() -> None:
    for attack in ATTACKS:
        finding = replace(WAIVED, file=attack, message=attack, fix=attack, rule=attack or "r")
        text = format_outcome(Outcome((finding,), {}, {(attack, finding.line): attack}))
        assert foreign(text) == [], attack
        assert text.count("<details>") - sum(c.count("<details>") for c in code_in(text)) == 1


@given(outcomes())
@settings(max_examples=100)
def test_no_text_of_a_spec_becomes_markup_or_a_mention(outcome: Outcome) -> None:
    text = format_outcome(outcome)
    assert foreign(text) == []
    heads = [
        line
        for line in text.split("\n")
        if re.match(r"\*\*(approval|error|warning|suppressed|note)\*\* ", line)
    ]
    assert len(heads) == len(arrange(outcome.findings))
