"""The repository's Jinja templates, compiled once, and the filter that lets values into YAML.

Templates are data of the repository and of the change under review, so they run in a sandbox
without globals, loaders or access to attributes of Python objects, and on a budget (``sandbox``).
"""

import re
import traceback
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError

from lockstep.model.canonical import digest_bytes
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.render.sandbox import LONGEST, OverBudget, Quoted, Sandbox
from lockstep.text.sanitise import one_line

_UNPRINTABLE = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML calls unprintable or reads as a line break, so that it has to be escaped."""

_UNDEFINED = re.compile(r"'(\w+)' is undefined")
LINE_BREAK = re.compile("\r\n|\r|\n")
"""Where Jinja begins a new line; Python's ``splitlines`` knows more line breaks."""


def quote(value: object) -> Quoted:
    """A string, whole number or boolean as a scalar that every YAML reader reads as that value.

    Strings are always quoted, in the form that JSON, YAML 1.1 and YAML 1.2 share. Raises
    TypeError for any other type, and ValueError for text with a NUL or half a surrogate pair,
    which no manifest can hold.
    """
    # Exact types: a subclass is refused, so that nothing is quoted twice.
    if type(value) is str:
        return _quote_text(value)
    if type(value) is bool:
        return Quoted("true" if value else "false")
    if type(value) is int:
        return Quoted(value)
    if isinstance(value, StrictUndefined):
        str(value)  # raises UndefinedError, which names what is missing
    raise TypeError(f"a {type(value).__name__} cannot be written; give strings, integers, booleans")


# Cached: the same names, labels and images are in many files.
@lru_cache(maxsize=65536)
def _quote_text(text: str) -> Quoted:
    if text.isascii() and text.isprintable():  # nearly all are, and need no further look
        return Quoted(encode_basestring(text))
    text.encode()  # raises UnicodeEncodeError, a ValueError
    if "\0" in text:
        raise ValueError("text with a NUL character cannot be written")
    return Quoted(_UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", encode_basestring(text)))


class TemplateSet:
    """The compiled templates of a tree.

    ``findings`` has one for each that cannot be compiled, ``digests`` the digest of each file,
    ``sources`` the path and text of each.
    """

    def __init__(self, tree: Tree, paths: Mapping[str, str]) -> None:
        """Compiles the template at each path of ``paths`` (by component name)."""
        self.findings: list[Finding] = []
        self.digests: dict[str, str] = {}
        self.sources: dict[str, tuple[str, str]] = {}
        self._compiled: dict[str, Template] = {}
        self._over_budget: dict[str, Finding] = {}
        self._sandbox = Sandbox(quote)
        for name, path in paths.items():
            self._compile(name, path, tree.get(path))

    def _compile(self, name: str, path: str, data: bytes | None) -> None:
        if data is None:
            fix = "restore it from git, or from the templates that ship with Lockstep"
            self.findings.append(_finding(path, 1, "the template is missing", fix))
            return
        self.digests[name] = digest_bytes(data)
        try:
            source = data.decode()
        except UnicodeDecodeError:
            self.findings.append(_finding(path, 1, "the template is not UTF-8", "save it as UTF-8"))
            return
        self.sources[name] = path, source
        if len(source) > LONGEST:
            text = f"the template has {len(source):,} characters; at most {LONGEST:,} are allowed"
            self.findings.append(_finding(path, 1, text, "write a shorter template"))
            return
        try:
            self._compiled[name] = self._sandbox.template(source, path)
        except TemplateSyntaxError as error:
            text = f"the template cannot be compiled: {error.message}"
            fix = "correct the Jinja syntax"
            self.findings.append(_finding(path, error.lineno, text, fix, source))
        # Jinja and Python have limits of their own: nesting, digits of a number.
        except Exception as error:
            text = f"the template cannot be compiled: {type(error).__name__}: {error}"
            fix = "write a simpler template"
            self.findings.append(_finding(path, 1, one_line(text, 300), fix, source))

    def write(self, name: str, context: Mapping[str, Json]) -> str:
        """The text that a template makes of a context. Raises TemplateFailure."""
        # It would use up its budget for each of a thousand clusters.
        if name in self._over_budget:
            raise TemplateFailure(self._over_budget[name])
        try:
            return self._sandbox.run(self._compiled[name], context)
        except Exception as error:  # a template can fail in any way that Python can
            path, source = self.sources[name]
            over = isinstance(error, OverBudget)
            fix = _FIX_BUDGET if over else _FIX
            finding = _finding(path, _line(error, path), _describe(error), fix, source)
            if over:
                self._over_budget[name] = finding
            raise TemplateFailure(finding) from error


class TemplateFailure(Exception):
    """A template failed on a context; ``finding`` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


_FIX = "correct the template: it may write only values of its context, through quote or block"


_FIX_BUDGET = "loop over lists of the context only, and make no long texts"


def _describe(error: Exception) -> str:
    if "no loader" in str(error):
        return "the template failed: it cannot include or import another (there is no loader)"
    if isinstance(error, OverBudget):
        return f"the template does too much: {error.message}"
    what = error.message if isinstance(error, TemplateError) else str(error)
    return f"the template failed: {type(error).__name__}: {one_line(str(what), 300)}"


def _line(error: Exception, path: str) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 1 for f in reversed(frames) if f.filename == path), 1)


def _finding(path: str, line: int, message: str, fix: str, source: str = "") -> Finding:
    """At the name that is undefined, or else at the first of the line that is Jinja's."""
    text = dict(enumerate(LINE_BREAK.split(source), 1)).get(line, "")
    name = _UNDEFINED.search(message)
    found = name and re.search(rf"(?<=\{{[{{%]).*?(?<![\w.])({name[1]})(?!\w)", text)
    found = found or re.search(r"(\{[{%])", text)
    return Finding(path, line, found.start(1) + 1 if found else 1, "render.template", message, fix)
