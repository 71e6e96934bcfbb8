"""The loader: what it rejects, and that what it accepts means the same to another reader."""

import random
from pathlib import Path

import pytest
import yaml

from lockstep.spec.yaml.load import MAX_BYTES, Documents, load_yaml
from tests.unit.spec.yaml.yaml_reader import read_independently, same

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "base"
PIECES = [
    "&a ", "*a", "!!str ", "! ", "<<: ", "- ", ": ", "? ", "{", "}", "[", "]", '"', "'", "#", " #",
    "\t", "\n", "\r\n", "  ", ",", "@", "`", "%", "=", "~", "no", "012", "1e3", "08.5", ".5_0", "|",
    "---\n", "...\n", "%YAML 1.1\n---\n", ">-\n", "\\x41", "\x00", "\x85", "\u2028", "\ufeff",
    "null", "0o7", "1:30", "2026-01-31", ".nan",
]  # fmt: skip


def found(data: bytes) -> list[tuple[str, int, int]]:
    return [(f.rule, f.line, f.column) for f in load_yaml("a.yaml", data)[1]]


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"\xef\xbb\xbfa: 1\n", ("yaml.encoding", 1, 1)),
        (b"a: 1\nb: gr\xfc\xdf\n", ("yaml.encoding", 2, 6)),
        ("ä: 1\nü: ".encode() + b"\xe2\x82\n", ("yaml.encoding", 2, 4)),
        ("a: 1\nb: x".encode("utf-16"), ("yaml.encoding", 1, 1)),
        (b"\xed\xa0\x80: 1", ("yaml.encoding", 1, 1)),
        (b"a: 1\nb: \x00\n", ("yaml.encoding", 2, 4)),
        (b"a: \x1b[2Jx\n", ("yaml.encoding", 1, 4)),
        (b'a: "\x7f"\n', ("yaml.encoding", 1, 5)),
        ("a: 1\nb: \ufeffx\n".encode(), ("yaml.encoding", 2, 4)),
        (b"#" * (MAX_BYTES + 1), ("yaml.size", 1, 1)),
        (b"", ("yaml.empty", 1, 1)),
        (b"# only a remark\n", ("yaml.empty", 1, 1)),
        (b"a: 1\n---\nb: 2\n", ("yaml.documents", 2, 1)),
        (b"a: 1\n---\n", ("yaml.documents", 2, 1)),
        (b"a: 1\n...\n--- 2\n", ("yaml.documents", 3, 1)),
        (b"a: [1\n", ("yaml.syntax", 1, 4)),
        (b"a:\n\tb: 1\n", ("yaml.syntax", 2, 1)),
        (b"a: b: c\n", ("yaml.syntax", 1, 5)),
        (b"a: 'x\n", ("yaml.syntax", 1, 4)),
        (b"a: @x\n", ("yaml.syntax", 1, 4)),
        (b"%TAG ! x\n%TAG ! y\n--- a\n", ("yaml.syntax", 2, 1)),
    ],
)
def test_what_cannot_be_read_is_one_finding_at_its_place(
    data: bytes, finding: tuple[str, int, int]
) -> None:
    document, findings = load_yaml("clusters/a.yaml", data)
    assert document is None
    assert [(f.rule, f.line, f.column) for f in findings] == [finding]
    assert findings[0].file == "clusters/a.yaml"
    assert findings[0].fix


@pytest.mark.parametrize("hidden", ["\r", "\x85", "\u2028", "\u2029"])
def test_a_line_break_that_editors_do_not_show_cannot_end_a_comment(hidden: str) -> None:
    data = f"a: 1  # harmless {hidden}b: 2\n".encode()
    assert found(data) == [("yaml.encoding", 1, 18)]
    assert found(f'a: "{hidden}"\n'.encode()) == [("yaml.encoding", 1, 5)]


def test_such_characters_may_be_written_as_escapes() -> None:
    document, findings = load_yaml("a.yaml", rb'a: "\N\L\P\0\r\u007f\uFEFF"')
    assert document is not None and not findings
    assert document.value == {"a": "\x85\u2028\u2029\0\r\x7f\ufeff"}


def test_findings_before_a_syntax_error_are_kept() -> None:
    data = b"a: 1\na: 2\nb: NO\nc: [\n"
    rules = ["yaml.duplicate-key", "yaml.ambiguous", "yaml.syntax"]
    assert [finding[0] for finding in found(data)] == rules


def test_windows_line_ends_change_no_value_and_no_place() -> None:
    unix = b"spec:\n  a: |\n    x\n    y\n  b: NO\n"
    document, findings = load_yaml("a.yaml", unix.replace(b"\n", b"\r\n"))
    other, same_findings = load_yaml("a.yaml", unix)
    assert document is not None and other is not None
    assert document.value == other.value == {"spec": {"a": "x\ny\n", "b": "NO"}}
    assert findings == same_findings
    assert [(f.line, f.column) for f in findings] == [(5, 6)]


def test_the_largest_file_is_still_read() -> None:
    assert found(b"a: 1\n" + b"#" * (MAX_BYTES - 5)) == []


@pytest.mark.parametrize("nothing", [b"---\n", b"~", b"null # for now\n", b"---\n...\n", b"...\n"])
def test_a_file_that_says_nothing_is_empty(nothing: bytes) -> None:
    document, (finding,) = load_yaml("a.yaml", nothing)
    assert document is None
    assert (finding.message, finding.line, finding.column) == ("the file is empty", 1, 1)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbfa: 1\n", "UTF-8 with a byte-order mark"),
        ("a: 1\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\0a", "UTF-16"),
        ("a: 1\n".encode("utf-32"), "UTF-32"),
        (b"\0\0\xfe\xff\0\0\0a", "UTF-32"),
    ],
)
def test_another_encoding_is_named(data: bytes, encoding: str) -> None:
    _, (finding,) = load_yaml("a.yaml", data)
    assert (finding.rule, finding.message) == ("yaml.encoding", f"the file is {encoding}")


@pytest.mark.parametrize("unseen", ["\u202e", "\u2066", "\u200b", "\U000e0041"])
def test_invisible_characters_are_rejected_in_comments_too(unseen: str) -> None:
    assert found(f"a: 1\nb: 2 # x{unseen}\n".encode()) == [("yaml.encoding", 2, 9)]


def test_emoji_and_letters_of_all_scripts_are_read() -> None:
    document, findings = load_yaml("a.yaml", "a: 👩\u200d🔬 \u0645\u06cc\u200c 東京\n".encode())
    assert document is not None and not findings


@pytest.mark.parametrize("directive", ["%YAML 1.1", "%TAG ! tag:example.com,2026:"])
def test_a_directive_that_changes_the_meaning_is_a_finding(directive: str) -> None:
    assert found(f"{directive}\n---\na: 1\n".encode()) == [("yaml.directive", 1, 1)]


def test_a_directive_for_the_version_that_is_read_is_fine() -> None:
    assert found(b"%YAML 1.2\n---\na: 1\n") == []


def test_an_empty_value_at_the_end_is_inside_of_the_file() -> None:
    document, _ = load_yaml("a.yaml", b"? a")
    assert document is not None and document.locate(("a",)) == ("a.yaml", 1, 4)


def test_numbers_keep_the_text_of_their_author() -> None:
    document, _ = load_yaml("a.yaml", b"a: [1.10, 1.5, 7, +7, 1e3]\n")
    assert document is not None
    assert document.places.written == {("a", 0): "1.10", ("a", 3): "+7", ("a", 4): "1e3"}


def test_the_same_bytes_at_the_same_path_are_parsed_once() -> None:
    documents = Documents()
    first = documents.load("a.yaml", b"a: 1\n")[0]
    assert documents.load("a.yaml", b"a: 1\n")[0] is first
    other = documents.load("b.yaml", b"a: 1\n")[0]
    assert other is not None and other.path == "b.yaml"
    changed = documents.load("a.yaml", b"a: 2\n")[0]
    assert changed is not None and changed.value == {"a": 2}


def check(data: bytes) -> bool:
    """Load hostile bytes; whether they were taken, and then both readers saw the same."""
    document, findings = load_yaml("a.yaml", data)
    assert document is not None or findings, data
    for finding in findings:
        assert finding.line >= 1 and finding.column >= 1 and finding.message, data
    if document is None or findings:
        return False
    try:
        expected = read_independently(data)
    except yaml.YAMLError:
        return False  # PyYAML's own parser is stricter with tabs and with "?" inside of braces
    assert same(document.value, expected), data
    return True


def test_random_bytes_never_raise() -> None:
    chance = random.Random(1)
    for length in range(2000):
        check(chance.randbytes(length % 40))


def test_random_pieces_of_yaml_mean_the_same_to_another_reader() -> None:
    chance = random.Random(2)
    texts = ("".join(chance.choices(PIECES, k=1 + n % 9)) for n in range(6000))
    assert sum(check(text.encode()) for text in texts) > 300


def test_mutated_specs_mean_the_same_to_another_reader() -> None:
    chance = random.Random(3)
    seeds = [path.read_bytes() for path in sorted(EXAMPLES.rglob("*.yaml"))]
    assert seeds
    taken = 0
    for _ in range(1500):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.choice((0, 0, 1, 4))] = chance.choice(PIECES).encode()
        taken += check(bytes(data))
    assert taken > 150
