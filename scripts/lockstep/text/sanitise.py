"""Makes text from files, registries and servers safe to show on a terminal."""

import re
import unicodedata

# "##[error]", "##vso[task", "##teamcity[": commands to a CI runner, wherever on a line they stand.
_COMMAND = re.compile(r"##(?=\w*\[)")


def one_line(text: str) -> str:
    """The text on one line: control and format characters, line breaks included, as escapes.

    Terminal escapes, carriage returns and characters that turn the direction of writing could
    otherwise hide or forge a line of a report.
    """
    if text.isprintable():
        return text
    return "".join(_escape(character) for character in text)


def log_line(text: str) -> str:
    """As one_line, and no CI runner that reads the log takes it for a command to itself."""
    shown = one_line(text)
    if shown.lstrip().startswith("::"):
        shown = "\\" + shown.lstrip()
    return _COMMAND.sub(r"#\\#", shown) if "##" in shown else shown


def lines(text: str) -> str:
    """As log_line, but line feeds stay."""
    return "\n".join(map(log_line, text.split("\n")))


def cut(text: str, limit: int) -> str:
    """The text, or its first ``limit`` characters and how many more there are."""
    more = len(text) - limit
    return text if more <= 0 else f"{text[:limit]}… ({more} more characters)"


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


_LINE_LENGTH = 300
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they reorder what is shown
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029" + _DIRECTIONS + "]+")


def record_line(text: str, longest: int = _LINE_LENGTH) -> str:
    """Text of any origin as one printable line, so that it cannot become a trailer of its own."""
    line = _NOT_PRINTABLE.sub(" ", text).strip()
    return line if len(line) <= longest else line[: longest - 3] + "..."
