"""Random histories over three environments: no content gets weight that must not have it.

``LOCKSTEP_FUZZ=100`` walks a hundred times as many, with new ones each time.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.acceptance.promotion_oracle import Oracle
from tests.acceptance.three_environments import (
    CONTENTS,
    ENVIRONMENTS,
    NAME,
    Three,
    content_of,
    copy_three,
    create_three,
    number_of,
)

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE = START + timedelta(days=3)
TIMES = int(os.environ.get("LOCKSTEP_FUZZ", "1"))
MAY_END = (0, 2, 10, 11, 12, 13)
"""Exit codes of verbs that decided or refused; 1 would be a walk that could not run."""

environments = st.sampled_from(ENVIRONMENTS)
later = st.sampled_from(ENVIRONMENTS[1:])
contents = st.integers(1, CONTENTS)


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


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """The fleet as adopted, made once and only ever copied; its registries are those in use."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("three")
        made = Three(folder)
        patch.setattr("lockstep.registry.factory.MlflowRegistry", made.open)
        create_three(made, START)
        yield made


@pytest.fixture
def walk(template: Three, tmp_path: Path) -> Walk:
    return Walk(copy_three(template, tmp_path / "three"))


def carry(walk: Walk, content: int, *names: str) -> None:
    """Verify a content in these environments, one after the other."""
    for name in names:
        walk.now += 2 * HOUR
        assert (walk.propose(name, content) if name == "dev" else walk.promote(name)) == 0
        walk.roll_out(name)
        assert walk.oracle.books[name].verified[-1] == content


class Histories(RuleBasedStateMachine):
    """What people, schedules and mishaps do, in any order."""

    template: Three

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lockstep-histories-"))
        self.walk = Walk(copy_three(self.template, self.folder / "three"), LATE)
        self.books = self.walk.oracle.books

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def running(self) -> list[str]:
        return [name for name, books in self.books.items() if books.running]

    @rule(content=contents)
    def a_training_proposes(self, content: int) -> None:
        self.walk.propose("dev", content)

    @rule(environment=later, content=contents)
    def a_person_proposes_past_the_order(self, environment: str, content: int) -> None:
        self.walk.propose(environment, content)

    @rule(environment=later, content=st.none() | contents)
    def promote(self, environment: str, content: int | None) -> None:
        self.walk.promote(environment, content)

    @rule(environment=later)
    def promote_by_schedule(self, environment: str) -> None:
        self.walk.promote_all(environment)

    @rule(environment=environments)
    def carry_on(self, environment: str) -> None:
        """What brings the family on as a rule: a proposal, its merge and a whole rollout."""
        if environment == "dev":
            self.walk.propose("dev", min(CONTENTS, max(self.books["dev"].verified) + 1))
        else:
            self.walk.now += 2 * HOUR
            self.walk.promote(environment)
        self.walk.roll_out(environment)

    @precondition(lambda self: self.walk.three.branches())
    @rule(data=st.data())
    def merge_a_branch_however_old(self, data: st.DataObject) -> None:
        self.walk.merge(data.draw(st.sampled_from(sorted(self.walk.three.branches()))))

    @precondition(running)
    @rule(data=st.data(), failing=st.booleans())
    def advance(self, data: st.DataObject, failing: bool) -> None:
        self.walk.advance(data.draw(st.sampled_from(self.running())), failing=failing)

    @rule(data=st.data(), environment=environments)
    def revert(self, data: st.DataObject, environment: str) -> None:
        """What serves or is about to; without a name, whatever the verb takes for it."""
        books = self.books[environment]
        known = sorted({*books.weights, *filter(None, [books.running])})
        content = data.draw(st.sampled_from([None, *known]))
        named = (number_of(environment, content),) if content else ()
        self.walk.run(environment, "revert", *named, "--reason", "it refuses people")

    @precondition(lambda self: any(each.quarantined for each in self.books.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        listed = [(name, each) for name, books in self.books.items() for each in books.quarantined]
        environment, content = data.draw(st.sampled_from(sorted(listed)))
        number = number_of(environment, content)
        self.walk.run(environment, "release", number, "--reason", "the alarm was wrong")

    @precondition(running)
    @rule(data=st.data(), verb=st.sampled_from(("hold", "resume")))
    def pause(self, data: st.DataObject, verb: str) -> None:
        environment = data.draw(st.sampled_from(self.running()))
        self.walk.run(environment, verb, "--reason", "a question")


def test_no_content_gets_weight_that_must_not_have_it(walk: Walk) -> None:
    """From a state on in which each environment is one behind the one before."""
    carry(walk, 2, "dev", "staging")
    carry(walk, 3, "dev")

    class Here(Histories):
        template = walk.three

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=6 * TIMES,
            stateful_step_count=10,
            derandomize=TIMES == 1,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_content_passes_through_all_environments(walk: Walk) -> None:
    """The walk can reach what the rules are about."""
    carry(walk, 2, *ENVIRONMENTS)
    assert {name: books.weights for name, books in walk.oracle.books.items()} == {
        name: {2: 100} for name in ENVIRONMENTS
    }
