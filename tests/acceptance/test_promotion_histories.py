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
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

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
TIMES = int(os.environ.get("LOCKSTEP_FUZZ", "1"))
MAY_END = (0, 2, 10, 11, 12, 13)
"""Exit codes of verbs that decided or refused; 1 would be a walk that could not run."""

environments = st.sampled_from(ENVIRONMENTS)
later = st.sampled_from(ENVIRONMENTS[1:])
contents = st.integers(1, CONTENTS)


class Walk:
    """The actions of people and of schedules, an hour apart; the rules are judged after each."""

    def __init__(self, three: Three) -> None:
        self.three, self.now = three, START
        self.oracle = Oracle(three)
        self.oracle.look()

    def run(self, environment: str, verb: str, *arguments: str) -> int:
        """A verb about the family; its exit code."""
        self.now += HOUR
        family = f"{environment}/{NAME}"
        code, said = self.three.run(environment, verb, family, *arguments, at=self.now)
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
            new = content_of(environment, branch.rsplit("/", 1)[1].partition("-")[0])
            self.oracle.judge_promotion(environment, new, named=content is not None)
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
            if self.merge(branch):
                for _ in range(3):
                    self.advance(environment)

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


class Histories(RuleBasedStateMachine):
    """What people, schedules and mishaps do, in any order."""

    template: Three

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lockstep-histories-"))
        self.walk = Walk(copy_three(self.template, self.folder / "three"))

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(content=contents)
    def a_training_proposes(self, content: int) -> None:
        self.walk.propose("dev", content)

    @rule(environment=later, content=contents)
    def a_person_proposes_past_the_order(self, environment: str, content: int) -> None:
        self.walk.propose(environment, content)

    @rule(environment=later, content=st.none() | contents)
    def promote(self, environment: str, content: int | None) -> None:
        self.walk.promote(environment, content)

    @rule(environment=environments)
    def roll_out(self, environment: str) -> None:
        self.walk.roll_out(environment)

    @rule(at=st.integers(0, 20))
    def merge_an_old_branch(self, at: int) -> None:
        if branches := self.walk.three.branches():
            self.walk.merge(branches[at % len(branches)])

    @rule(environment=environments, failing=st.booleans())
    def advance(self, environment: str, failing: bool) -> None:
        self.walk.advance(environment, failing=failing)

    @rule(environment=environments, content=st.none() | contents)
    def revert(self, environment: str, content: int | None) -> None:
        named = (number_of(environment, content),) if content else ()
        self.walk.run(environment, "revert", *named, "--reason", "it refuses people")

    @rule(environment=environments, content=contents)
    def release(self, environment: str, content: int) -> None:
        number = number_of(environment, content)
        self.walk.run(environment, "release", number, "--reason", "the alarm was wrong")

    @rule(environment=environments, verb=st.sampled_from(("hold", "resume")))
    def pause(self, environment: str, verb: str) -> None:
        self.walk.run(environment, verb, "--reason", "a question")


@pytest.mark.usefixtures("walk")
def test_no_content_gets_weight_that_must_not_have_it(template: Three) -> None:
    class Here(Histories):
        pass

    Here.template = template
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
    assert walk.propose("dev", 2) == 0
    walk.roll_out("dev")
    for environment in ENVIRONMENTS[1:]:
        walk.now += 2 * HOUR
        assert walk.promote(environment) == 0
        walk.roll_out(environment)
    assert {name: books.weights for name, books in walk.oracle.books.items()} == {
        name: {2: 100} for name in ENVIRONMENTS
    }
