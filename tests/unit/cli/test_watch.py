"""--watch: drawings over one another on a terminal, with a clock that does not wait."""

import signal
from collections.abc import Callable
from itertools import count

import pytest

from lockstep.cli.watch import watch
from lockstep.edges.stopping import Stopped
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode


class Waits:
    """A clock that waits for nothing, and ends the rounds with an error."""

    def __init__(self, rounds: int, end: BaseException) -> None:
        self.rounds, self.end, self.waited = rounds, end, 0.0

    def __call__(self, seconds: float) -> None:
        self.waited += seconds
        self.rounds -= 1
        if not self.rounds:
            raise self.end


def numbered(text: str = "drawing {}") -> Callable[[], str]:
    numbers = count(1)
    return lambda: text.format(next(numbers))


@pytest.mark.parametrize("end", [KeyboardInterrupt(), Stopped(signal.SIGINT)])
def test_each_round_is_drawn_over_the_one_before_until_ctrl_c(
    end: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch(numbered(), 30, wait=Waits(3, end)) is ExitCode.CLEAN
    said = capsys.readouterr().out
    assert said.count("\x1b[2J") == 1 and said.count("\x1b[H") == 3
    assert [f"drawing {n}" in said for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert said.endswith("\x1b[?25h\n")


def test_another_signal_ends_it_as_it_ends_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Stopped):
        watch(numbered(), 30, wait=Waits(1, Stopped(signal.SIGTERM)))
    assert capsys.readouterr().out.endswith("\x1b[?25h\n")


def test_an_error_of_a_later_round_is_shown_and_the_next_one_tries_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    numbers = count(1)

    def draw() -> str:
        if next(numbers) == 2:
            raise LockstepError("the registry \x1b[2J is away")
        return "all is well"

    watch(draw, 30, wait=Waits(3, KeyboardInterrupt()))
    said = capsys.readouterr().out
    assert "the registry \\x1b[2J is away" in said and said.count("all is well") == 2


def test_an_error_of_the_first_round_is_that_of_the_verb(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def draw() -> str:
        raise LockstepError("there is nothing to draw")

    with pytest.raises(LockstepError):
        watch(draw, 30, wait=Waits(9, KeyboardInterrupt()))
    assert capsys.readouterr().out == ""


def test_a_terminal_that_was_forgotten_asks_no_server_for_ever(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waits = Waits(-1, KeyboardInterrupt())
    assert watch(numbered(), 3600, wait=waits) is ExitCode.CLEAN
    assert waits.waited == 24 * 3600
    capsys.readouterr()


def test_what_is_higher_than_the_terminal_is_cut_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINES", "5")
    monkeypatch.setenv("COLUMNS", "80")
    watch(lambda: "\n".join(map(str, range(20))), 30, wait=Waits(1, KeyboardInterrupt()))
    said = capsys.readouterr().out
    assert "3\x1b[K" in said and "4\x1b[K" not in said and "16 more lines" in said
    assert max(len(line) for line in said.split("\x1b[J")[1].split("\n")) < 80 + len("\x1b[?25h")
