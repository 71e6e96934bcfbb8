"""Syntax errors in the words, and at the place, of the person who made them."""

import pytest

from lockstep.spec.yaml.load import load_yaml


@pytest.mark.parametrize(
    ("data", "line", "column", "says", "fix"),
    [
        ("a:\n  - [1,\n  2\n", 2, 5, "the list that begins here is not closed", "add ]"),
        ("{", 1, 2, "the file ends where a value is missing", "close the bracket"),
        ("a: {b: 1\n", 1, 4, "the mapping that begins here is not closed", "add }"),
        (
            "a: [1, 2}\n",
            1,
            9,
            "the list that begins on line 1 has an entry that does not end with a comma or ]",
            "]",
        ),
        ('a: 1\nb: "x\n\n', 2, 4, "the quote that opens here is not closed", "close it"),
        ("a:\n\tb: 1\n", 2, 1, "tab used for indentation; YAML allows only spaces", "spaces"),
        ("a: b\n\tc: d\n", 2, 1, "tab used for indentation; YAML allows only spaces", "spaces"),
        ("a: |\n\tb\n", 2, 1, "tab used for indentation; YAML allows only spaces", "spaces"),
        ("a: b: c\n", 1, 5, "a second ': ' on this line", "in quotes"),
        ("a: 1\n  b: 2\n", 2, 4, "a field cannot follow text: the line before has", "indent"),
        ("a: 1\nb\n", 2, 1, "this is neither a field nor a value", "write field: value"),
        ("a: @x\n", 1, 4, "a value cannot begin with '@'", "in quotes"),
        ("a: {% x %}\n", 1, 5, "a value cannot begin with '%'", "in quotes"),
        ("a: *\n", 1, 4, "* begins an alias, but no name follows", "in quotes"),
        ("a: &\n", 1, 4, "& begins an anchor, but no name follows", "in quotes"),
        ("a: 'it's'\n", 1, 8, "text follows the end of a value in quotes", "double"),
        ("a: 1\n- b\n", 2, 1, "a list item is among the fields of the mapping", "indent"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "the line is not indented like the mapping", "indent"),
        (
            "- a\nb: 1\n",
            2,
            1,
            "the line is not an item of the list that begins on line 1",
            "indent",
        ),
        ("a: - b\n", 1, 4, "a list item follows other text", "line of its own"),
        ("a: ?\n", 1, 4, "a value cannot begin with '? '", "in quotes"),
        ("a: ]\n", 1, 4, "a value is missing before ']'", "write the value"),
        ('a: "\\q"\n', 1, 5, "\\q is not a valid escape", "single quotes"),
        ('a: "\\uD800"\n', 1, 7, "the escape is not a valid character", "itself"),
        ('a: "\\xZZ"\n', 1, 7, "the escape has too few hexadecimal digits", "single quotes"),
        ("a: |x\n", 1, 5, "text follows | or >", "next line"),
        ("a: !x!y 1\n", 1, 4, "tags (!...) are not allowed", "remove the tag"),
        ("a: !<x\n", 1, 7, "tags (!...) are not allowed", "remove the tag"),
        ("%FOO x\n---\na: 1\n", 1, 5, "directives (%) are not allowed", "remove"),
        ("%YAML 2.0\n---\na: 1\n", 1, 1, "only YAML 1.2 is allowed", "remove the line"),
        ("a: 1\n...\n\n# b\nb: 2\n", 2, 1, "the document ends here (...)", "remove"),
        ("a: 1\n%YAML 1.2\nc: 2\n", 2, 1, "directives (%) are not allowed", "remove"),
        ("  a: 1\nb: 2\n", 2, 1, "this line is outside of the document", "column 1"),
        (
            "a: [[1]], [2]]\n",
            1,
            9,
            "text follows the end of a value in quotes or brackets",
            "bracket",
        ),
        ("a: 1\n" + "x" * 1025 + ": 1\n", 2, 1, "the key is longer than 1024", "shorten"),
        ("x" * 1025 + ": 1\n", 1, 1026, "the key is longer than 1024 characters", "shorten"),
    ],
)
def test_syntax_error(data: str, line: int, column: int, says: str, fix: str) -> None:
    for text in (data, data.replace("\n", "\r\n")):
        document, (found,) = load_yaml("a.yaml", text.encode())
        assert document is None
        assert (found.rule, found.line, found.column) == ("yaml.syntax", line, column)
        assert found.message.startswith(says) and fix in found.fix


@pytest.mark.parametrize("indent", ["", "  "])
def test_a_merge_conflict_is_named_where_it_begins(indent: str) -> None:
    both = f"<<<<<<< HEAD\n{indent}b: 2\n=======\n{indent}b: 3\n>>>>>>> other\n"
    document, (found,) = load_yaml("a.yaml", f"a:\n  c: 1\n{both}".encode())
    assert document is None
    assert (found.rule, found.line, found.column) == ("yaml.syntax", 3, 1)
    assert found.message.startswith("a merge conflict is not resolved")
    assert "remove the lines with <<<<<<<" in found.fix


def test_markers_of_a_conflict_within_a_text_are_text() -> None:
    document, found = load_yaml("a.yaml", b"a: |\n  <<<<<<< HEAD\n  x\n")
    assert document is not None and not found


def test_template_in_a_value_is_one_finding() -> None:
    _, (found,) = load_yaml("a.yaml", b"a: {{ x }}\n")
    assert (found.rule, found.message) == ("yaml.key", "a list or mapping cannot be a key")
    assert "{{" in found.fix
