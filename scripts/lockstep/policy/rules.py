"""The rules that must be evaluated, read from the policy files themselves.

The folders under ``policies/rules/`` are the list of rules, not what OPA loaded, so that a rule
with a misspelt package or without METADATA is an error and is never skipped silently.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError, UsageError
from lockstep.model.finding import Severity
from lockstep.model.fleet import Tree
from lockstep.model.outcome import POLICY
from lockstep.policy.metadata import metadata
from lockstep.text.phrases import closest
from lockstep.text.sanitise import quoted

FOLDER = "policies/rules/"

CATEGORIES = (
    "traffic", "rollout", "consistency", "registry", "privacy", "segments", "feedback", "capacity",
    "cost", "access", "observability",
)  # fmt: skip
"""The categories of rules, in the order of the catalogue."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LIBRARY = re.compile(rb"^import data\.lockstep\.lib\.([a-z_]+)", re.MULTILINE)
_READ = re.compile(rb"data\.thresholds(?:\.|,\s*\[\")([a-z_]+)")
"""How Rego reads thresholds: by a reference, or with ``object.get`` and a path."""

_FIX = "a rule is described by its METADATA; compare with another rule in policies/rules/"


class Scope(StrEnum):
    """What a rule sees in one evaluation."""

    CLUSTER = "cluster"
    FAMILY = "family"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as its METADATA describes it. ``name`` is that of its folder.

    ``denials`` are its deny rules, each with title, message and solution. A rule that
    ``blocks_revert`` also stops rollbacks; one that is not ``waivable`` allows no exception.
    ``since`` is the version of Lockstep that brought it, ``changed`` the one in which what it finds
    last changed. ``reads`` are the kinds of rendered objects that it reads, ``thresholds`` the
    files with the thresholds that it and its libraries read, its own first.
    """

    name: str
    path: str
    title: str
    description: str
    scope: Scope
    severity: Severity
    since: str
    blocks_revert: bool
    denials: tuple[tuple[str, str, str], ...]
    category: str
    waivable: bool
    reads: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()
    changed: str = ""

    @property
    def package(self) -> str:
        """The last part of its package: ``lockstep.rules.<package>``."""
        return self.name.replace("-", "_")

    @property
    def id(self) -> str:
        """The rule id in findings and waivers."""
        return POLICY + self.name


def expected_rules(policies: Tree) -> tuple[Rule, ...]:
    """Every rule of a tree, by name: one per folder under ``policies/rules/``.

    Raises LockstepError when there is none, or a folder has no usable rule: no METADATA, another
    package, no ``deny`` or ``checked``, a ``deny`` without its message.
    """
    sources: dict[str, dict[str, str]] = {}
    for path in sorted(policies):
        if path.startswith(FOLDER) and "/" in path[len(FOLDER) :]:
            # Any file makes the folder a rule, so that one with a misnamed .rego is an error.
            files = sources.setdefault(path[len(FOLDER) :].split("/")[0], {})
            if path.endswith(".rego") and not path.endswith("_test.rego"):
                files[path] = policies[path].decode(errors="replace")
    if not sources:
        raise LockstepError(
            "there are no rules; a check without rules never passes", where=FOLDER,
            fix="restore policies/ from git",
        )  # fmt: skip
    return tuple(
        replace(rule, thresholds=_thresholds_of(rule, policies))
        for rule in (_rule(name, sources[name]) for name in sorted(sources))
    )


def rule_named(name: str, rules: Iterable[Rule]) -> Rule:
    """The rule of that name, or of that id in findings. Raises UsageError where there is none."""
    known = {rule.name: rule for rule in rules}
    wanted = name.removeprefix(POLICY)
    if wanted not in known:
        close = closest(wanted, sorted(known))
        fix = f"did you mean {close}?" if close else "see lockstep policy list"
        raise UsageError(f"there is no rule {quoted(name, 80)}", fix=fix)
    return known[wanted]


def blocking(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules that also stop rollbacks."""
    return tuple(rule for rule in rules if rule.blocks_revert)


def reads_time(rego: Tree) -> bool:
    """Whether a rule or a library among these files reads ``input.time``, or OPA's own clock."""
    return any(
        b"input.time" in data or b"time.now_ns" in data
        for path, data in rego.items()
        if path.endswith(".rego") and path != "policies/main.rego"
    )


def untested(policies: Tree, rules: Iterable[Rule]) -> tuple[str, ...]:
    """The paths of rules without a test file in their folder."""
    return tuple(
        rule.path
        for rule in rules
        if rule.path.removesuffix(".rego") + "_test.rego" not in policies
    )


def _rule(name: str, files: dict[str, str]) -> Rule:
    if not _SLUG.fullmatch(name):
        raise _unusable(FOLDER + name, "the name of a rule's folder must be lower-case-with-dashes")
    if len(files) != 1:
        raise _unusable(
            FOLDER + name, f"a rule's folder must have one rule; this one has {len(files)}"
        )
    path, text = next(iter(files.items()))
    blocks = list(metadata(path, text))
    package = f"package lockstep.rules.{name.replace('-', '_')}"
    head = next((data for target, data in blocks if target == package), None)
    if head is None:
        raise _unusable(path, f"METADATA followed by {package} is missing")
    if not re.search(r"^checked\b", text, re.MULTILINE):
        raise _unusable(
            path, "the rule has no checked, which says that everything it reads was there"
        )
    denials = tuple(_denial(path, data) for target, data in blocks if _is_deny(target))
    # Counted in the text as well: a deny without METADATA would not be in denials.
    if not denials or len(denials) != len(re.findall(r"^deny\b", text, re.MULTILINE)):
        raise _unusable(
            path, "a rule needs at least one deny, and each deny needs METADATA of its own"
        )
    return _described(name, path, head, denials)


def _described(name: str, path: str, head: Json, denials: tuple[tuple[str, str, str], ...]) -> Rule:
    custom = head.get("custom") or {}
    try:
        rule = Rule(
            name, path, _text(head, "title"), _text(head, "description"),
            Scope(custom["scope"]), Severity(custom["severity"]), _text(custom, "since"),
            # No default: each rule has to say whether it stops rollbacks.
            _flag(custom, "blocksRevert"), denials, str(custom.get("category", "")),
            # Not waivable unless it says so.
            custom.get("waivable") is True, tuple(map(str, custom.get("reads", ()))),
            changed=str(custom.get("changed", "")),
        )  # fmt: skip
        if custom["short_name"] != name:
            raise ValueError("short_name is not the folder's name")
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise _unusable(path, f"the METADATA of the package are incomplete: {error}") from error
    return rule


def _thresholds_of(rule: Rule, policies: Tree) -> tuple[str, ...]:
    """The files with the thresholds that a rule names, or a library that it imports."""
    texts, libraries = [policies[rule.path]], {rule.path}
    for text in texts:
        for name in _LIBRARY.findall(text):
            path = f"policies/lib/{name.decode()}.rego"
            if path in policies and path not in libraries:
                libraries.add(path)
                texts.append(policies[path])
    names = {name.decode().replace("_", "-") for text in texts for name in _READ.findall(text)}
    own = {each: f"{FOLDER}{each}/thresholds" for each in names}
    files = (
        f"{own[each]}.yaml"
        if f"{own[each]}.schema.json" in policies
        else f"policies/data/{each}.yaml"
        for each in sorted(names, key=lambda each: (each != rule.name, each))
    )
    return tuple(files)


def _denial(path: str, data: Json) -> tuple[str, str, str]:
    try:
        custom = data["custom"]
        return _text(data, "title"), _text(custom, "message"), _text(custom, "solution")
    except (KeyError, TypeError, ValueError) as error:
        text = f"the METADATA of a deny need title, custom.message and custom.solution ({error})"
        raise _unusable(path, text) from error


def _text(data: Json, key: str) -> str:
    value = data[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is not text")
    return value.strip()


def _flag(data: Json, key: str) -> bool:
    value = data[key]
    if not isinstance(value, bool):
        raise ValueError(f"{key} is not true or false")
    return value


def _is_deny(target: str) -> bool:
    return re.match(r"deny\b", target) is not None


def _unusable(where: str, message: str) -> LockstepError:
    return LockstepError(message, where=where, fix=_FIX)
