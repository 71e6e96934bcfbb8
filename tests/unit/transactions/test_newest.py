"""Which version a proposal of the newest one means, and when it means none."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lockstep.model.errors import Denied
from lockstep.registry.base import NotInRegistry
from lockstep.registry.newest import Newest, Registered, newest_with
from lockstep.transactions import newest
from lockstep.transactions.newest import Chosen, newest_version
from lockstep.transactions.run import RunOptions
from lockstep.transactions.state import FamilyState
from tests.unit.fleets import family, tree

OPTIONS = RunOptions(Path(), datetime(2026, 3, 1, 8, tzinfo=UTC))
GOLD = {"stage": "gold"}
Choose = Callable[..., Chosen]


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Chooses among the versions of a registry, for a family that serves version 2."""

    def find(*versions: Registered, tags: Mapping[str, str] = GOLD) -> Chosen:
        class Registry:
            server = "http://registry.example.com"

            def newest(self, model: str, wanted: Mapping[str, str]) -> Newest:
                assert model == "fraud"
                return newest_with(iter(versions), wanted)

        monkeypatch.setattr(newest, "open_registry", lambda _: Registry())
        serving = family(tree('{name: stable, version: "2", weight: 100}'))
        state = cast(FamilyState, SimpleNamespace(family=serving, title="prod/fraud"))
        return newest_version(OPTIONS, state, tags)

    return find


def test_the_reason_says_why_it_is_this_version_and_what_newer_ones_lack(choose: Choose) -> None:
    chosen = choose(Registered(4, {}), Registered(3, GOLD))
    assert chosen.version == "3"
    assert chosen.why == (
        "version 3 is the newest of fraud with the tag stage=gold (version 4 has no tag stage)"
    )
    assert choose(Registered(4, {}), tags={}).why == "version 4 is the newest of fraud"


def test_where_none_fits_each_is_named_with_what_it_lacks(choose: Choose) -> None:
    with pytest.raises(NotInRegistry) as error:
        choose(Registered(4, {}), Registered(3, {"stage": "silver"}), Registered(2, GOLD, "is old"))
    said = error.value.message
    assert said.startswith("no version of fraud can serve and has the tag stage=gold\n")
    assert "version 4 has no tag stage" in said and "version 3 has stage=silver" in said
    assert "lockstep propose prod/fraud VERSION" in error.value.fix


def test_one_that_is_older_than_what_serves_has_to_be_named(choose: Choose) -> None:
    with pytest.raises(Denied, match="older than version 2, which serves") as error:
        choose(Registered(1, GOLD))
    assert error.value.fix.endswith("lockstep propose prod/fraud 1")
    assert choose(Registered(2, GOLD)).version == "2", "what serves is refused elsewhere"
