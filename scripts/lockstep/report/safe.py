"""Makes text from files, registries and servers safe to show on a terminal."""

import unicodedata


def one_line(text: str) -> str:
    """The text on one line: control and format characters, line breaks included, as escapes.

    Terminal escapes, carriage returns and characters that turn the direction of writing could
    otherwise hide or forge a line of a report.
    """
    if text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def lines(text: str) -> str:
    """As one_line, but line feeds stay."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
