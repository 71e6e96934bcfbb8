"""Steps of a history over three environments, each judged by the oracle."""

from datetime import UTC, datetime, timedelta

from tests.acceptance.promotion_oracle import Oracle
from tests.acceptance.three_environments import (
    CONTENTS,
    NAME,
    Three,
    content_of,
    number_of,
)

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAY_END = (0, 2, 10, 11, 12, 13)
"""Exit codes of verbs that decided or refused; 1 would be a walk that could not run."""


class Walk:
    """The actions of people and of schedules, an hour apart; the rules are judged after each."""

    def __init__(self, three: Three, now: datetime = START) -> None:
        self.three, self.now = three, now
        self.oracle = Oracle(three)
        self.oracle.look()

    def run(self, environment: str, verb: str, *arguments: str) -> int:
        """A verb about the family; its exit code."""
        self.now += HOUR
        family = f"{environment}/{NAME}"
        code, said = self.three.run(environment, verb, family, *arguments, at=self.now)
        print(
            "TRACE",
            verb,
            environment,
            arguments,
            code,
            {e: dict(b.weights) for e, b in self.oracle.books.items()},
            said.splitlines()[1][:110] if len(said.splitlines()) > 1 else said,
        )
        assert code in MAY_END, f"{verb} {family} {arguments}: exit {code}\n{said}"
        self.oracle.look()
        return code

    def propose(self, environment: str, content: int) -> int:
        return self.run(environment, "propose", number_of(environment, content))

    def promote(self, environment: str, content: int | None = None) -> int:
        """By its number where a content is named; otherwise what the predecessor has verified."""
        before = set(self.three.branches())
        named = (number_of(environment, content),) if content else ()
        code = self.run(environment, "promote", *named)
        for branch in set(self.three.branches()) - before:
            named_one = content is not None
            self.oracle.judge_promotion(environment, self.content_on(branch), named=named_one)
        return code

    def promote_all(self, environment: str) -> int:
        """What the schedule promotes to an environment; the one to staging needs nobody."""
        self.now += HOUR
        before = self.oracle.books[environment].records, set(self.three.branches())
        code, said = self.three.run(
            environment, "promote", "--all", "--to", environment, at=self.now
        )
        assert code in MAY_END, said
        self.oracle.look()
        books = self.oracle.books[environment]
        new = [self.content_on(each) for each in set(self.three.branches()) - before[1]]
        if books.records > before[0] and books.proposed:
            new.append(books.proposed)
        for content in new:
            self.oracle.judge_promotion(environment, content, named=False)
        return code

    def merge(self, branch: str) -> bool:
        """Merge a branch, however old it is, where the check of the result passes."""
        self.now += HOUR
        came = self.three.merge(branch, self.now)
        self.oracle.look()
        return came

    def advance(self, environment: str, *, failing: bool = False) -> int:
        """With ``failing``, no content but the one that is verified passes its gates."""
        table, verified = self.three.tables[environment], self.oracle.books[environment].verified
        table.bad = set(range(1, CONTENTS + 1)) - {verified[-1]} if failing else set()
        self.now += HOUR  # each step bakes for one
        return self.run(environment, "advance")

    def roll_out(self, environment: str) -> None:
        """Merge what is proposed, and advance until it is verified."""
        for branch in self.branches_of(environment)[-1:]:
            self.merge(branch)
        if self.oracle.books[environment].proposed:
            for _ in range(3):
                self.advance(environment)

    def content_on(self, branch: str) -> int:
        """The content that a branch proposes, by its name."""
        _, environment, _, proposal = branch.split("/")
        return content_of(environment, proposal.partition("-")[0])

    def branches_of(self, environment: str) -> list[str]:
        return [each for each in self.three.branches() if each.split("/")[1] == environment]


def carry(walk: Walk, content: int, *names: str) -> None:
    """Verify a content in these environments, one after the other."""
    for name in names:
        walk.now += 2 * HOUR
        assert (walk.propose(name, content) if name == "dev" else walk.promote(name)) == 0
        walk.roll_out(name)
        assert walk.oracle.books[name].verified[-1] == content
