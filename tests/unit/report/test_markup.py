"""Parts of Markdown: what others wrote stays code, in cells, links and folded parts too."""

import re

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from lockstep.report.markup import cell, code, details, fence, link, path_in_url, table, words
from tests.unit.report.outcomes import ATTACKS, TEXT

PARSER = MarkdownIt("gfm-like", {"linkify": False})


def cells_of(text: str) -> list[list[str]]:
    """The code in each cell of each row of a table."""
    rows: list[list[str]] = []
    for token in PARSER.parse(text):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            rows[-1].append("".join(each.content for each in token.children or ()))
    return rows


@given(TEXT)
def test_no_text_leaves_its_cell(text: str) -> None:
    drawn = table(["name", "note"], [[cell(text), "ours"]])
    rows = cells_of(drawn)
    assert rows[0] == ["name", "note"] and rows[1][1] == "ours" and len(rows) == 2


def test_a_bar_in_a_cell_is_an_escape_whatever_stands_before_it() -> None:
    for text in ("a|b", "a\\|b", "a\\\\|b", "|", "`|`"):
        assert "|" not in cell(text) and "\\x7c" in cell(text)


@pytest.mark.parametrize("text", ["main", "the followed branch"])
def test_plain_words_stay_words(text: str) -> None:
    assert words(text) == text


@pytest.mark.parametrize("text", ["@all", "#1", "main\n# x", "a*b*", "origin/main", "Main", ""])
def test_what_could_be_markup_or_a_mention_is_code(text: str) -> None:
    assert words(text) == code(text)


def test_a_link_goes_where_the_trusted_side_says_or_nowhere() -> None:
    assert link("` a `", "https://x.example/a") == "[` a `](<https://x.example/a>)"
    assert link("` a `", "") == "` a `"


@pytest.mark.parametrize("attack", ATTACKS)
def test_code_inside_of_a_link_cannot_end_it(attack: str) -> None:
    parsed = PARSER.parseInline(link(code(attack), "https://x.example/a"))[0].children or []
    links = [each.attrs["href"] for each in parsed if each.type == "link_open"]
    assert links == ["https://x.example/a"]
    assert parsed[0].type == "link_open" and parsed[-1].type == "link_close"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("clusters/prod/a.yaml", "clusters/prod/a.yaml"),
        ("a b/<c>?#.yaml", "a%20b/%3Cc%3E%3F%23.yaml"),
        ("é\n.yaml", "%C3%A9%0A.yaml"),
        ("../a", ""), ("/a", ""), ("a//b", ""), ("a/./b", ""), ("", ""), ("lockstep:a/b", ""),
        ("javascript:alert(1)", ""), ("\udcff.yaml", ""),
    ],
)  # fmt: skip
def test_only_plain_relative_paths_come_into_an_address(path: str, shown: str) -> None:
    assert path_in_url(path) == shown


def test_markdown_inside_of_a_folded_part_is_read() -> None:
    drawn = details("2 steps", ["**a**", fence(["b"])])
    kinds = [token.type for token in PARSER.parse(drawn)]
    assert kinds[0] == "html_block" and "fence" in kinds and kinds[-1] == "html_block"
    assert "<details open>" in details("x", [], opened=True)


def test_a_run_of_backticks_is_never_longer_than_what_begins_code_at_a_forge() -> None:
    """Beyond 80 the run is text, and what comes after it is markup."""
    for hostile in ("`" * 80, "`" * 500, "`" * 90 + "x" + "`" * 19):
        shown = code(f"{hostile} @everyone ![x](https://example.com/x.png)")
        assert max(map(len, re.findall("`+", shown))) <= 20
        assert "@everyone" in shown
    assert "(80 backticks) @everyone" in code("`" * 80 + " @everyone")
