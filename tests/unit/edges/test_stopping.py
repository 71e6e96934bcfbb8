"""A run that a signal has stopped stays stopped until another one starts."""

import pytest

from lockstep.edges import stopping


def test_what_stopped_the_run_is_raised_until_another_one_starts() -> None:
    stopping.raise_stopped()
    error = KeyboardInterrupt()
    stopping.stop(error)
    try:
        assert stopping.is_stopped()
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt) as caught:
                stopping.raise_stopped()
            assert caught.value is error
    finally:
        stopping.start()
    assert not stopping.is_stopped()
    stopping.raise_stopped()
