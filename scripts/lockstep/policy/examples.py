"""The examples of a rule: small changes of the example fleet, and what the rule finds in them.

They are in ``policies/rules/<rule>/examples.yaml``, the fleet in ``policies/examples/clusters/``.
No rule finds anything in the fleet before an example changes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Tree
from lockstep.model.times import parse_time
from lockstep.policy.rules import FOLDER, Rule
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import one_line, quoted

FLEET = "policies/examples/"
"""Where the example fleet is; the paths below are those of a fleet repository."""

# Fixed, or examples about expiry would fail from some day on.
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
"""The time of examples that give none."""

_WAIVERS = "policies/data/waivers/"
_FIX = "compare it with the examples.yaml of another rule"

Edit = Mapping[str, Json]
"""``file`` and either ``replace`` and ``with``, or ``text``, or ``remove: true``."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example: the trees before and after its change, the time, and the expected findings.

    ``finds`` are file, line, column and message of each finding; a good example has none.
    ``changes`` are the edits of the example, which the documentation shows.
    """

    rule: str
    about: str
    now: datetime
    before: Tree
    after: Tree
    changes: Sequence[Edit]
    finds: tuple[tuple[str, int, int, str], ...]

    @property
    def good(self) -> bool:
        """Whether the rule must find nothing."""
        return not self.finds


def read_examples(policies: Tree, rule: Rule) -> tuple[Example, ...]:
    """The examples of a rule, bad ones first; empty where it has none.

    Raises LockstepError where the file cannot be read, or an edit does not fit the fleet.
    """
    path = f"{FOLDER}{rule.name}/examples.yaml"
    if path not in policies:
        return ()
    document, findings = load_yaml(path, policies[path])
    if document is None or findings:
        first = findings[0].message if findings else "the file is empty"
        raise LockstepError(f"the examples cannot be read: {first}", where=path, fix=_FIX)
    fleet = example_fleet(policies)
    try:
        now = parse_time(document.value["now"]) if "now" in document.value else NOW
        return tuple(
            _example(rule, entry, now, fleet, wrong=kind == "bad")
            for kind in ("bad", "good")
            for entry in document.value.get(kind, ())
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        says = f"the examples cannot be understood: {type(error).__name__} {error}"
        raise LockstepError(one_line(says, 300), where=path, fix=_FIX) from error


def example_fleet(policies: Tree) -> Tree:
    """The tree that examples change: the example fleet with these policies, without waivers.

    Waivers are for other fleets, and they would be unused or expired here.
    """
    kept = {path: data for path, data in policies.items() if not path.startswith(_WAIVERS)}
    return {path.removeprefix(FLEET): data for path, data in kept.items()}


def fleet_problems(found: Sequence[Finding]) -> list[str]:
    """One line per finding in the fleet before any example changes it."""
    fix = "fix the example fleet or the rule; no example was run"
    return [
        f"{FLEET if f.file.startswith('clusters/') else ''}{text}; {fix}"
        for f in found
        for text in [f"{_shown(f.file, f.line, f.column, f.message)} ({f.rule})"]
    ]


def differences(example: Example, found: Sequence[Finding], rule: Rule) -> list[str]:
    """One line per difference between the findings and what the example expects."""
    seen = {(f.file, f.line, f.column, f.message) for f in found if f.rule == rule.id}
    wanted = set(example.finds)
    return [
        *(f"does not find {_shown(*each)}" for each in sorted(wanted - seen)),
        *(f"finds {_shown(*each)}" for each in sorted(seen - wanted)),
        # Other rules too: an example that breaks several does not show what this one is for. What
        # people approve breaks none.
        *(f"{f.rule} finds {_shown(f.file, f.line, f.column, f.message)}"
          for f in found if f.rule != rule.id and f.severity is not Severity.APPROVAL),
    ]  # fmt: skip


def _shown(file: str, line: int, column: int, message: str) -> str:
    return f"{file}:{line}:{column}: {message}"


def _example(rule: Rule, entry: Json, now: datetime, fleet: Tree, *, wrong: bool) -> Example:
    about, changes = str(entry["about"]), entry.get("change", [])
    before = _apply(fleet, entry.get("before", []), rule)
    finds = tuple(
        (str(f["file"]), int(f["line"]), int(f["column"]), str(f["message"]))
        for f in entry.get("finds", ())
    )
    if wrong is not bool(finds):
        raise ValueError(f"{about!r}: a bad example needs finds, and a good one must not have any")
    return Example(rule.name, about, now, before, _apply(before, changes, rule), changes, finds)


def _apply(tree: Tree, edits: Sequence[Edit], rule: Rule) -> dict[str, bytes]:
    files = dict(tree)
    for edit in edits:
        path = edit["file"]
        if edit.get("remove") is True:
            del files[path]
        elif "text" in edit:
            files[path] = str(edit["text"]).encode()
        else:
            files[path] = _replaced(files[path].decode(), edit, rule).encode()
    return files


def _replaced(text: str, edit: Edit, rule: Rule) -> str:
    old, new = str(edit["replace"]), str(edit["with"])
    # An edit that fits nowhere changes nothing, and a good example would then prove nothing.
    if text.count(old) != 1:
        raise LockstepError(
            f"an example replaces {quoted(old, 60)}, which is {text.count(old)} times in "
            f"{edit['file']}",
            where=f"{FOLDER}{rule.name}/examples.yaml",
            fix="replace a text that is in the file exactly once",
        )
    return text.replace(old, new)
