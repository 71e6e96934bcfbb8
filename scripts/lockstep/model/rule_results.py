"""What the verbs about rules found, as facts; lockstep.report.rules writes them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode


@dataclass(frozen=True)
class RuleFacts:
    """A rule in a line, by its METADATA; ``differs`` says where a fleet departs from what ships."""

    rule: str
    category: str
    severity: str
    scope: str
    waivable: bool
    title: str
    differs: str = ""

    def to_json(self) -> dict[str, Json]:
        """Every field by its name."""
        return asdict(self)


@dataclass(frozen=True)
class RuleList:
    """All rules of a repository, by name."""

    rules: tuple[RuleFacts, ...]
    exit_code: ExitCode = ExitCode.CLEAN


@dataclass(frozen=True)
class ShownExample:
    """An example of a rule; ``shown`` is its change as a diff, with what the rule finds in it."""

    about: str
    good: bool
    shown: str


@dataclass(frozen=True)
class RuleExplanation:
    """Everything about one rule.

    ``denials`` are title, message and solution of each deny. ``thresholds_path`` names
    the files with the thresholds that it reads, and ``thresholds`` is the text of its own, empty
    where it has none; ``waiver`` is one to copy, empty where the rule cannot be waived.
    """

    facts: RuleFacts
    description: str
    since: str
    blocks_revert: bool
    denials: tuple[tuple[str, str, str], ...]
    examples: tuple[ShownExample, ...]
    thresholds_path: str
    thresholds: str
    waiver: str
    exit_code: ExitCode = ExitCode.CLEAN

    @property
    def summary(self) -> str:
        """The rule in a line, such as ``capacity · error · scope cluster · since 0.1.0``."""
        facts = self.facts
        parts = [facts.category, facts.severity, f"scope {facts.scope}", f"since {self.since}"]
        parts += ["also stops rollbacks"] * self.blocks_revert
        return " · ".join([*parts, facts.differs] if facts.differs else parts)


@dataclass(frozen=True)
class RuleTests:
    """How the tests and examples of the rules went; ``problems`` holds one line for each.

    ``passed`` counts OPA's tests, ``coverage`` is the percentage of lines that they run.
    """

    rules: tuple[str, ...]
    passed: int
    examples: int
    coverage: float
    problems: Sequence[str]

    @property
    def exit_code(self) -> ExitCode:
        """10 where there is any problem."""
        return ExitCode.INVALID if self.problems else ExitCode.CLEAN


@dataclass(frozen=True)
class RuleBundle:
    """A bundle of rules that was written, and the digest of the rules in it."""

    path: str
    digest: str
    signed: bool
    exit_code: ExitCode = ExitCode.CLEAN
