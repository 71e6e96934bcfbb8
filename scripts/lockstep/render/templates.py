"""The repository's Jinja templates, compiled once, and the one filter that lets values into YAML.

Templates are data of the repository and of the change under review, so they run in a sandbox
without globals, loaders or access to attributes of Python objects.
"""

import re
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lockstep.model.canonical import digest_bytes
from lockstep.model.document import Json
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.text.sanitise import one_line

_UNPRINTABLE = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML calls unprintable or reads as a line break, so that it has to be escaped."""

_UNDEFINED = re.compile(r"'(\w+)' is undefined")
LINE_BREAK = re.compile("\r\n|\r|\n")
"""Where Jinja begins a new line; Python's ``splitlines`` knows more line breaks."""


class Quoted(str):
    """Text that is a whole YAML scalar; the only thing that a template may write."""

    __slots__ = ()


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
    text.encode()  # raises UnicodeEncodeError, a ValueError
    if "\0" in text:
        raise ValueError("text with a NUL character cannot be written")
    return Quoted(_UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", encode_basestring(text)))


def _only_quoted(value: object) -> object:
    if type(value) is Quoted:
        return value
    if isinstance(value, StrictUndefined):
        # Raises UndefinedError, which names what is missing.
        return str(value)
    raise TypeError("a value was written without the quote filter: {{ value | quote }}")


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
        self._environment = sandbox()
        for name, path in paths.items():
            self._compile(name, path, tree.get(path))

    def _compile(self, name: str, path: str, data: bytes | None) -> None:
        if data is None:
            fix = "restore it from git, or from the templates that ship with Lockstep"
            self.findings.append(_finding(path, 1, "the template is missing", fix))
            return
        self.digests[name] = digest_bytes(data)
        try:
            self.sources[name] = path, data.decode()
            code = self._environment.compile(self.sources[name][1], name=path, filename=path)
        except UnicodeDecodeError:
            self.findings.append(_finding(path, 1, "the template is not UTF-8", "save it as UTF-8"))
        except TemplateSyntaxError as error:
            text = f"the template cannot be compiled: {error.message}"
            fix, source = "correct the Jinja syntax", self.sources[name][1]
            self.findings.append(_finding(path, error.lineno, text, fix, source))
        else:
            # Without globals: a template has its context and nothing else.
            self._compiled[name] = Template.from_code(self._environment, code, {})

    def write(self, name: str, context: Mapping[str, Json]) -> str:
        """The text that a template makes of a context. Raises TemplateFailure."""
        template = self._compiled[name]
        try:
            return template.render(context)
        except Exception as error:  # a template can fail in any way that Python can
            path, source = self.sources[name]
            finding = _finding(path, _line(error, path), _describe(error), _FIX, source)
            raise TemplateFailure(finding) from error


class TemplateFailure(Exception):
    """A template failed on a context; ``finding`` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


_FIX = "correct the template: it may write only values of its context, through the quote filter"


def sandbox(write: Callable[[object], Quoted] = quote) -> ImmutableSandboxedEnvironment:
    """A Jinja environment in which ``write`` is the quote filter, the only one."""
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=_only_quoted,
        autoescape=False,  # this writes YAML: the quote filter is what escapes
        trim_blocks=True,
        lstrip_blocks=True,
        # Jinja would drop the newline at the end of the file.
        keep_trailing_newline=True,
    )
    # Jinja's own filters are removed: attr and map reach attributes of Python objects.
    environment.filters = {"quote": write}
    return environment


def _describe(error: Exception) -> str:
    if "no loader" in str(error):
        return "the template failed: it cannot include or import another (there is no loader)"
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
