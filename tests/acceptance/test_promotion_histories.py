"""Random histories over three environments: no content gets weight that must not have it.

``LOCKSTEP_FUZZ=100`` walks a hundred times as many, with new ones each time.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.acceptance.promotion_walk import HOUR, START, Walk, carry
from tests.acceptance.three_environments import (
    CONTENTS,
    ENVIRONMENTS,
    Three,
    copy_three,
    number_of,
    three_in_use,
)

LATE = START + timedelta(days=3)
TIMES = int(os.environ.get("LOCKSTEP_FUZZ", "1"))
environments = st.sampled_from(ENVIRONMENTS)
later = st.sampled_from(ENVIRONMENTS[1:])
contents = st.integers(1, CONTENTS)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """The fleet as adopted, made once and only ever copied; its registries are those in use."""
    with three_in_use(tmp_path_factory.mktemp("three"), START) as made:
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
        self.walk = Walk(copy_three(self.template, self.folder / "three"), LATE)
        self.books = self.walk.oracle.books

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def running(self) -> list[str]:
        """The environments in which a rollout is not over."""
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

    @rule()
    def a_schedule_runs(self) -> None:
        """What runs move on, and what is due in staging is proposed without a person."""
        for environment in self.running():
            self.walk.advance(environment)
        self.walk.promote_all("staging")

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

    @precondition(lambda self: self.running())
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

    @precondition(lambda self: self.running())
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
            max_examples=8 * TIMES,
            stateful_step_count=10,
            derandomize=TIMES == 1,
            database=None,
            # A walk of ten steps can be read as it is; to shorten it would take minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_content_passes_through_all_environments(walk: Walk) -> None:
    """The walk can reach what the rules are about."""
    carry(walk, 2, *ENVIRONMENTS)
    assert {name: books.weights for name, books in walk.oracle.books.items()} == {
        name: {2: 100} for name in ENVIRONMENTS
    }
