"""``examples/`` is what ``lockstep init --pipeline`` writes for the reference fleet."""

from tests.pipelines import examples


def test_the_examples_are_what_init_writes_for_the_reference_fleet() -> None:
    assert examples.found() == examples.wanted(), "run python -m tests.pipelines.examples"
