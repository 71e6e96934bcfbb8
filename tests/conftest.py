"""What all tests share: OPA where every program finds it, and no silent skips in CI."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import click
import pytest
from hypothesis import settings

from lockstep.cli.verbs import ANY_VERB, Verb
from lockstep.edges import bounded
from lockstep.model.errors import LockstepError
from lockstep.report.envelope import Envelope, validator

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

TOOLS = Path(__file__).resolve().parent.parent / "tools" / "bin"

# A deadline measures the machine and what else runs on it, coverage's tracer included. The rest is
# as in the profile that Hypothesis chose, which in CI is its own one.
settings.register_profile("no-deadline", settings(), deadline=None)
settings.load_profile("no-deadline")

# Modules that take long in relation to others, the longest first.
LONGEST = (
    "test_mutations.py", "test_architecture_examples.py", "test_docs_commands.py",
    "test_workflows.py", "test_engines.py", "test_airflow.py", "test_prefect.py",
    "test_rollout_attacks.py", "test_promotion_histories.py",
    "test_scope_oracle.py", "test_ledger_history.py", "test_policy_test.py",
    "test_rendering_moves.py", "test_rollout.py", "test_followed_branch.py",
    "test_base_decides.py", "test_revert_table.py", "test_bad_luck.py", "test_bench.py",
    "test_demo.py", "test_load_fuzz.py", "test_ledger_attacks.py", "test_revert_edited.py",
    "test_reports.py", "test_linear.py",
)  # fmt: skip

# Reasons for which a test may be skipped even in CI: parts that set-up cannot bring.
OPTIONAL = ("LOCKSTEP_CRDS",)


def pytest_configure() -> None:
    """Put the OPA that ``make tools`` built first on PATH, and keep git off the user's settings."""
    os.environ["PATH"] = os.pathsep.join((str(TOOLS), os.environ.get("PATH", os.defpath)))
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    os.environ["GIT_CONFIG_SYSTEM"] = os.devnull
    hold_verbs_to_their_exit_codes()
    hold_json_to_its_schema()


def hold_verbs_to_their_exit_codes() -> None:
    """Whatever test runs a verb fails where it ends with an exit code that it does not declare."""
    invoke = Verb.invoke

    def held(self: Verb, ctx: click.Context) -> object:
        try:
            code = invoke(self, ctx)
        except LockstepError as error:
            require_declared(self, ctx, error.exit_code)
            raise
        require_declared(self, ctx, code)
        return code

    Verb.invoke = held  # type: ignore[method-assign]


def require_declared(verb: Verb, ctx: click.Context, code: int) -> None:
    """Fail for an exit code that neither all verbs nor this one may end with."""
    assert code in (*ANY_VERB, *verb.exit_codes), (
        f"{ctx.command_path} does not declare exit code {code}"
    )


def hold_json_to_its_schema() -> None:
    """Whatever test has a verb write JSON fails where that is not as the verb's schema says."""
    written = Envelope.format

    def held(self: Envelope, *, compact: bool = False) -> str:
        text = written(self, compact=compact)
        if self.verb:  # none, where the command line names no verb
            validator(self.verb).validate(json.loads(text))
        return text

    Envelope.format = held  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest modules; one that came last would leave the other workers idle.

    Workers get whole modules in this order (see PYTEST_FLAGS in the Makefile).
    """
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(autouse=True)
def new_run() -> None:
    """A server that gave no answer in one test is asked again in the next: ports are used again."""
    bounded.start_run()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hold the report of each test against the rule for skips."""
    return refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Hold the report of each module against the rule for skips."""
    return refuse_skip((yield))


def refuse_skip(report: Report) -> Report:
    """In CI a skip is a failure, unless its reason names a part that CI cannot install."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr)
        if not any(part in reason for part in OPTIONAL):
            report.outcome = "failed"
            report.longrepr = f"skipped, and CI must not skip: {reason}"
    return report
