"""Makes text from files, registries and servers safe to show: the only place that escapes or cuts.

Anyone who can write a spec, a tag in the registry or an answer of a server can put terminal
escapes, line breaks, commands to a CI runner or forged trailers into it.
"""

import re
import unicodedata

# "##[error]", "##vso[task", "##teamcity[": a CI runner obeys these wherever they are on a line.
_COMMAND = re.compile(r"##(?=\w*\[)")
# To the last "@" before the path: a password may hold one. A quote ends a text in JSON.
_CREDENTIALS = re.compile(r'(?<=://)[^/\s"]+(?=@)')
_SCANNED = 1_000  # of a long text, only so much is searched for credentials and quoted
# Listed here and not taken from Unicode's categories, which grow with each version of Python: two
# runners must write the same bytes into a record.
_BREAKS_A_RECORD = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
)


def one_line(text: str, limit: int | None = None, *, log: bool = False) -> str:
    """The text on one line: control and format characters, line breaks included, as escapes.

    Terminal escapes, carriage returns and characters that change the direction of writing could
    otherwise hide or forge a line of a report. Credentials in URLs are not shown, and what a CI
    runner takes for a command anywhere on a line is escaped. ``limit`` cuts as cut does. With
    ``log`` the line is no command by how it begins either.
    """
    text = without_credentials(text)
    shown = text if text.isprintable() else "".join(map(_escape, text))
    # GitHub's runner obeys a line that begins with "::", white space before it or not.
    if log and shown.lstrip().startswith("::"):
        shown = "\\" + shown.lstrip()
    # The test for ## is there because it is quicker, and most texts have none.
    shown = _COMMAND.sub(r"#\\#", shown) if "##" in shown else shown
    return shown if limit is None else cut(shown, limit)


def without_credentials(text: str) -> str:
    """The text with a star for each character of the credentials in its URLs.

    Its length stays, so that columns which were counted in it still fit.
    """
    return _CREDENTIALS.sub(lambda found: "*" * len(found[0]), text) if "://" in text else text


def bare_address(text: str) -> str:
    """The text with user and password left out of its URLs: the address that a reader can use."""
    # The expression only looks ahead at the @, which is still there.
    return _CREDENTIALS.sub("", text).replace("://@", "://")


def json_text(text: str) -> str:
    """Encoded JSON without credentials in URLs, and without what a CI runner takes for a command.

    A ``#`` can only be in a string there, so one of two is written as an escape: readers see both.
    """
    return without_credentials(text).replace("##", "#\\u0023")


def lines(text: str) -> str:
    """As one_line for a log, but line feeds stay."""
    return "\n".join(one_line(line, log=True) for line in text.split("\n"))


def quoted(text: str, limit: int = 60) -> str:
    """The text in single quotes, on one line, without the credentials of URLs.

    ``limit`` is in characters before escaping; a longer text ends with ``...``.
    """
    # Before it is shortened: a URL that is cut has no @ by which its credentials are found.
    shown = _CREDENTIALS.sub("***", text[:_SCANNED])
    return repr(shorten(shown, limit))


def record_line(text: str, limit: int = 300) -> str:
    """The text as one line of a record or commit message: it cannot become a trailer of its own.

    A record is kept for ever, so credentials in URLs do not reach it.
    """
    shown = _BREAKS_A_RECORD.sub(" ", without_credentials(text))
    return shorten(shown.strip(), limit)


def plain_line(text: object, limit: int) -> str:
    """The text on one line: each run of white space and invisible characters becomes one space.

    For what the registry says, in messages: a lock has it as it is. A longer text ends with ``…``.
    """
    raw = str(text)[: limit * 4]  # white space shrinks, so more than the limit is looked at
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in raw)
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def cut(text: str, limit: int) -> str:
    """The text, or its first ``limit`` characters and how many more there are."""
    more = len(text) - limit
    return text if more <= 0 else f"{text[:limit]}… ({more} more characters)"


def shorten(text: str, limit: int) -> str:
    """The text within a limit that counts the ``...`` at the end of what is cut."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def last_part(text: str, limit: int) -> str:
    """The end of a text: a program that fails says why in its last lines."""
    text = without_credentials(text)  # before the cut, which may be inside of a URL
    return text if len(text) <= limit else "..." + text[3 - limit :]


def markdown_cell(text: str) -> str:
    """Text for a cell of a Markdown table, where a bar would end it and < would begin HTML."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|").replace("\n", " "))
    # Code is left as it is: there < would be shown as &lt;.
    return "".join(p if p.startswith("`") else p.replace("<", "&lt;") for p in parts)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    # Python calls all spaces but one unprintable; a space of another width hides nothing.
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
