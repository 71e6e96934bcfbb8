"""The sandbox in which templates run: what they may do, and how much of it.

A template is data of the change under review. It reaches no Python object, no file and no other
template, and it has a budget: so many units for one file, whatever it does. Each round of a loop
and each call costs as much as its body is long, and each text that is made as much as it has
characters. So work and memory are bounded by one number, which is the same on every machine: no
clock is asked, and a template that is refused here is refused everywhere.

The costs are built into the syntax tree, because the sandbox of Jinja sees no loop, no ``~`` and
no comparison. https://jinja.palletsprojects.com/en/stable/sandbox/
"""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, cast

from jinja2 import StrictUndefined, Template, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

BUDGET = 250_000
"""Units for one file: several times what the largest of the shipped templates needs."""

LONGEST = 100_000
"""Characters of a template's source."""

_DEEPEST = 80
"""Spaces in front of a line that the filter ``block`` writes."""

_DIGITS = 512
"""Bits of the largest number that may be computed."""

_TESTS = (
    "boolean", "defined", "false", "integer", "iterable", "mapping", "none", "number", "sequence",
    "string", "true", "undefined",
)  # fmt: skip
"""Jinja's tests that ask for a type; the others compare or reach into Python."""

_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({
        "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdigit", "islower",
        "isspace", "isupper", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
        "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
        "strip", "upper",
    }),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    LoopContext: frozenset({"changed", "cycle"}),
}  # fmt: skip
"""The methods that a template may call: what they give is hardly larger than what they get."""

# A template cannot write these names, because they have a space in them.
_ROUNDS, _JOIN, _WEIGHED, _KEY = "rounds of", "join all", "weight of", "key of"


class OverBudget(SecurityError):
    """A template wanted to do more than its budget allows."""


class Quoted(str):
    """Text that is a whole YAML scalar; the only thing that a template may write."""

    __slots__ = ()


class Sandbox(ImmutableSandboxedEnvironment):
    """A Jinja environment for hostile templates, with the filters ``quote`` and ``block`` only.

    Only what these give can be written: ``quote`` writes one scalar, ``block`` a whole list or
    mapping, all of whose keys and values are written by ``quote``. ``budget`` is that of one file.
    """

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self, quote: Callable[[object], Quoted], budget: int = BUDGET) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=self._only_quoted,
            autoescape=False,  # this writes YAML: the quote filter is what escapes
            trim_blocks=True,
            lstrip_blocks=True,
            # Jinja would drop the newline at the end of the file.
            keep_trailing_newline=True,
        )
        self._budget = self._left = budget
        self._quote = quote
        self._weights: dict[str | None, int] = {}
        # Jinja's own filters are removed: attr and map reach attributes of Python objects.
        self.filters = {
            "quote": quote, "block": self._block, _ROUNDS: self._rounds, _JOIN: self._join,
            _WEIGHED: self._weighed, _KEY: self._key,
        }  # fmt: skip
        self.tests = {name: self.tests[name] for name in _TESTS}

    def run(self, template: Template, context: Mapping[str, object]) -> str:
        """What a template makes of a context. Raises whatever it raises, OverBudget among that."""
        self._left = self._budget
        return template.render(context)

    def template(self, tree: nodes.Template | str, path: str) -> Template:
        """A compiled template. Raises whatever Jinja and Python raise for a malformed one."""
        self._left = self._budget  # constants are computed while it is compiled
        code = self.compile(tree, path, path)
        # Without globals: a template has its context and nothing else.
        return Template.from_code(self, code, {})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        self._weights[name] = _weight_of(tree)
        _Meter().visit(tree)
        return cast(nodes.Template, tree.set_environment(self))

    def spend(self, units: int) -> None:
        """Takes from the budget. Raises OverBudget where too little is left."""
        self._left -= units
        if self._left < 0:
            raise OverBudget(f"one file takes more than {self._budget:,} steps and characters")

    def call(
        __self,  # as in Jinja: the other names are for the arguments of the template
        __context: Context,
        __obj: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Calls a macro, a block or one of the few methods that cannot make large values."""
        if isinstance(__obj, Macro | BlockReference | LoopContext):
            # loop(items) in a recursive loop goes over them, without being a loop in the tree.
            rounds = len(args[0]) if isinstance(__obj, LoopContext) else 1
            __self.spend(__self._weights.get(__context.name, LONGEST) * (1 + rounds))
        elif isinstance(__obj, StrictUndefined):
            str(__obj)  # raises UndefinedError, which names what is missing
        elif not _is_harmless(__obj):
            name = getattr(__obj, "__name__", type(__obj).__name__)
            raise SecurityError(f"{name!r} is not safely callable here")
        __self._weigh((args, kwargs, getattr(__obj, "__self__", None)))
        value = super().call(__context, __obj, *args, **kwargs)
        __self._weigh(value)
        return value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Computes with small numbers, and joins or repeats what the budget allows."""
        if isinstance(left, int | float) and isinstance(right, int | float):
            _require_small(operator, left, right)
        elif operator == "*" and isinstance(left, int):
            self.spend(_size(right, self._left) * max(left, 0))
        elif operator == "*" and isinstance(right, int):
            self.spend(_size(left, self._left) * max(right, 0))
        elif operator == "+":
            self._weigh((left, right))
        else:
            # Above all "%...d" % x, which can ask for any number of characters.
            raise SecurityError(f"a {type(left).__name__} {operator} is not safely computable")
        return super().call_binop(context, operator, left, right)

    def _only_quoted(self, value: object) -> object:
        if type(value) is Quoted:
            # As spend, but for the cost of a call: this runs for each value of each file.
            self._left -= len(value)
            if self._left < 0:
                self.spend(0)
            return value
        if isinstance(value, StrictUndefined):
            return str(value)  # raises UndefinedError, which names what is missing
        raise TypeError("a value was written without the quote filter: {{ value | quote }}")

    # With a context, so that Jinja does not compute it once and for all at compile time.
    @pass_context
    def _rounds(self, _: Context, items: Any, weight: int) -> Any:
        """What a loop goes over, when all of its rounds are paid for."""
        self._left -= weight * len(items)  # len raises UndefinedError for what is missing
        if self._left < 0:
            self.spend(0)
        return items

    def _join(self, parts: list[Any]) -> str:
        self._weigh(parts)
        text = "".join(map(str, parts))
        self.spend(len(text))
        return text

    def _block(self, value: Any, indent: Any) -> Quoted:
        """A list or mapping behind its key, on lines of its own: ``args:{{ args | block(4) }}``.

        ``indent`` is that of the lines.
        """
        if type(indent) is not int or indent < 0:
            raise SecurityError("a block is indented by a number of spaces")
        lines: list[str] = []
        self._put(lines, "", value, indent)
        return Quoted("".join(lines))

    def _put(
        self, lines: list[str], lead: str, value: Any, indent: int, *, inline: bool = False
    ) -> None:
        """Adds a value behind ``lead``: ``inline`` if its first line is that of ``lead``."""
        kind = type(value)
        if not value or (kind is not dict and kind is not list):
            line = f"{lead} {value if kind is dict or kind is list else self._quote(value)}"
            # Each as it is made: what holds itself twice, again and again, is small, but its text
            # is that of a tree. As spend, but for the cost of a call.
            self._left -= len(line)
            if self._left < 0:
                self.spend(0)
            lines.append(line)
            return
        if indent > _DEEPEST:
            raise SecurityError(f"a block is indented by at most {_DEEPEST} spaces")
        start = "\n" + " " * indent
        before = f"{lead} " if inline else lead + start
        for each in value:
            if kind is dict:
                self._put(lines, f"{before}{self._quote(each)}:", value[each], indent + 2)
            else:
                # An item begins on the line of its hyphen.
                self._put(lines, f"{before}-", each, indent + 2, inline=True)
            before = start

    def _weighed(self, value: Any) -> Any:
        self._weigh(value)
        return value

    def _key(self, value: Any) -> Any:
        if isinstance(value, StrictUndefined):
            str(value)  # raises UndefinedError, which names what is missing
        # A tuple that holds itself twice, again and again, is small, but its hash and its text are
        # those of a tree.
        if not isinstance(value, str | int | float | None):
            raise SecurityError("a key or an index is text or a number")
        return self._weighed(value)

    def _weigh(self, value: Any) -> None:
        self.spend(_size(value, self._left))


def _is_harmless(method: Any) -> bool:
    owner, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
    return any(isinstance(owner, kind) and name in known for kind, known in _METHODS.items())


def _size(value: Any, most: int) -> int:
    """About how much a value holds; not more of it is looked at than ``most``."""
    size, waiting = 1, [value]
    while waiting and size <= most:
        part = waiting.pop()
        if isinstance(part, str | bytes):
            size += len(part)
        elif isinstance(part, int):
            size += part.bit_length() // 3
        elif isinstance(part, Mapping):
            size += len(part)
            waiting += chain(part.keys(), part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            size += len(part)
            waiting += part
    return size


def _require_small(operator: str, left: float, right: float) -> None:
    bits = [abs(each).bit_length() if isinstance(each, int) else 64 for each in (left, right)]
    raised = max(bits[0], 1) * abs(right) if operator == "**" else 0
    if max(sum(bits), raised) > _DIGITS:
        raise OverBudget("the result of a computation is too large a number")


class _Meter(NodeTransformer):
    """Builds into a syntax tree what loops, joins, comparisons and slices cost."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """Rounds cost as much as their body is long."""
        weight = _weight_of(node)
        self.generic_visit(node)
        node.iter = _filter(_ROUNDS, node.iter, nodes.Const(weight, lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """``a ~ b`` costs as much as it makes."""
        self.generic_visit(node)
        return _filter(_JOIN, nodes.List(node.nodes, lineno=node.lineno))

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        """A comparison costs as much as it may have to look at."""
        self.generic_visit(node)
        node.expr = _filter(_WEIGHED, node.expr)
        for operand in node.ops:
            operand.expr = _filter(_WEIGHED, operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        """A slice is a copy, and costs as much as it holds. An index is looked at, as a key is."""
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            part = node.arg
            part.start, part.stop, part.step = map(_key, (part.start, part.stop, part.step))
            return _filter(_WEIGHED, node)
        node.arg = _key(node.arg)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        """A key of a new mapping costs as much as its hash and its comparisons."""
        self.generic_visit(node)
        node.key = _key(node.key)
        return node


def _key(node: nodes.Expr | None) -> Any:
    return node and _filter(_KEY, node)


def _filter(name: str, node: nodes.Node, *args: nodes.Expr) -> nodes.Filter:
    # Jinja's own type for the iterable of a loop is wider than what it allows there.
    return nodes.Filter(
        cast(nodes.Expr, node), name, list(args), [], None, None, lineno=node.lineno
    )


def _weight_of(node: nodes.Node) -> int:
    """The parts of a syntax tree, and the characters of its texts."""
    texts = sum(len(each.data) for each in node.find_all(nodes.TemplateData))
    return 1 + texts + sum(1 for _ in node.find_all(nodes.Node))
