"""Which OPA a session is with, and how long a child stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa import session
from lockstep.opa.child import ChildOpa
from lockstep.opa.session import opa_session, started_ahead
from tests.unit.opa.parts import DIVIDING, batch_of, is_running, opa_program, wait_until_gone

MAIN = {"policies/main.rego": DIVIDING}
OTHERS = [{"policies/main.rego": DIVIDING + f"\nother := {n}\n".encode()} for n in range(3)]


@pytest.fixture(autouse=True)
def _needs_opa() -> None:
    opa_program()


def evaluated_by(policies: dict[str, bytes]) -> int:
    """The process id of the child that evaluated the policies."""
    with opa_session(policies) as opa:
        assert isinstance(opa, ChildOpa)
        assert opa.evaluate(batch_of([4])) == [{"id": "item-0", "share": 25}]
        return opa.pid


def test_a_child_stays_for_the_next_session_with_its_policies() -> None:
    first = evaluated_by(MAIN)
    assert evaluated_by(OTHERS[0]) != first
    assert evaluated_by(MAIN) == first


def test_other_schemas_are_for_another_child() -> None:
    first = evaluated_by(MAIN)
    with opa_session(MAIN, schemas={"cluster": {"type": "object"}}) as opa:
        assert isinstance(opa, ChildOpa) and opa.pid != first


def test_two_sessions_at_a_time_have_a_child_each() -> None:
    with opa_session(MAIN) as one, opa_session(MAIN) as other:
        assert isinstance(one, ChildOpa) and isinstance(other, ChildOpa)
        assert one.pid != other.pid
        for opa in (one, other):
            assert opa.evaluate(batch_of([1])) == [{"id": "item-0", "share": 100}]
        pids = {one.pid, other.pid}
    assert len([pid for pid in pids if is_running(pid)]) == 1


def test_only_a_few_stay() -> None:
    first = evaluated_by(MAIN)
    for policies in OTHERS:
        evaluated_by(policies)
    assert wait_until_gone(first)


def test_one_that_died_meanwhile_is_replaced() -> None:
    first = evaluated_by(MAIN)
    os.kill(first, signal.SIGKILL)
    assert wait_until_gone(first)
    assert evaluated_by(MAIN) != first


def test_one_that_failed_is_not_kept() -> None:
    pids = []

    def fail() -> None:
        with opa_session(MAIN) as opa:
            assert isinstance(opa, ChildOpa)
            pids.append(opa.pid)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert not is_running(pids[0])


def test_none_outlives_the_process() -> None:
    program = (
        "from lockstep.opa.session import opa_session\n"
        f"with opa_session({MAIN!r}) as opa:\n"
        "    opa.evaluate({'families': {}, 'clusters': {}, 'items': []})\n"
        "print(opa.pid)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert not Path(f"/proc/{int(done.stdout)}").exists()


def test_a_process_that_was_started_ahead_is_that_of_the_next_session() -> None:
    with started_ahead(MAIN):
        assert evaluated_by(OTHERS[1]) != evaluated_by(MAIN)
    with started_ahead(OTHERS[2]):
        (process,) = session._started.values()
    assert wait_until_gone(process.pid) and not session._started
    with pytest.raises(LockstepError, match=r"no policies/main\.rego"), started_ahead({}):
        pass


def test_a_session_takes_the_process_that_was_started_ahead_once() -> None:
    policies = {"policies/main.rego": DIVIDING + b"\nanother := 1\n"}
    with started_ahead(policies):
        (process,) = session._started.values()
        assert evaluated_by(policies) == process.pid
        assert not session._started
    assert evaluated_by(policies) == process.pid
