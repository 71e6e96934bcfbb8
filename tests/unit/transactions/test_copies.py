"""Which of a registry's versions has the content that another environment has verified."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import Invalid, LockstepError
from lockstep.model.promotion import VerifiedVersion
from lockstep.registry.base import NotInRegistry, RegisteredCopy
from lockstep.transactions import copies, registry_check
from lockstep.transactions.copies import find_copy
from lockstep.transactions.run import RunOptions
from tests.unit.fleets import digest_of, family

OPTIONS = RunOptions(Path(), datetime(2026, 3, 1, 8, tzinfo=UTC))
WANTED = digest_of("2")
VERIFIED = VerifiedVersion("prod", "fraud", "2", WANTED, 4, "sha256:4", "2026-02-28T08:00:00Z")


class Listed:
    """A registry that lists hints, and has versions with these digests."""

    server = "http://registry.example.com"

    def __init__(self, digests: dict[str, str], *hints: str) -> None:
        self._digests = digests
        self._hints = [RegisteredCopy(each, "it is a copy") for each in hints]

    def copies_of(self, model: str, identity: Json) -> tuple[RegisteredCopy, ...]:
        assert identity["digest"] == WANTED
        return tuple(self._hints)

    def facts(self, model: str, version: str, read_at: str, known: Json = None) -> Json:
        if version not in self._digests:
            raise NotInRegistry(f"version {version} of {model} is gone")
        names = {"registry": "mlflow", "model": model, "version": version}
        identity = {**names, "digest": self._digests[version], "source": "s", "run": "r"}
        return {"identity": identity, "facts": {"readAt": read_at}}

    def serving(self, model: str) -> str:
        raise NotInRegistry("none serves")


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[[Listed, str], str]:
    """Finds the version in a registry, for a family of a model; gives its number."""

    def find(registry: Listed, model: str = "copies") -> str:
        for module in (copies, registry_check):
            monkeypatch.setattr(module, "open_registry", lambda _: registry)
        source = family()
        # Numbers of the target mean other versions, so it has no lock of them.
        head = dict(source.document.value)
        head["spec"] = {**head["spec"], "model": {"registry": "mlflow", "name": model}}
        target = replace(source, document=replace(source.document, value=head), locks={})
        found = find_copy(OPTIONS, target, source, VERIFIED)
        return str(found["spec"]["identity"]["version"])

    return find


Ask = Callable[..., str]


def test_the_one_that_has_the_content_is_found_among_those_that_say_so(ask: Ask) -> None:
    assert ask(Listed({"8": WANTED, "9": digest_of("x")}, "9", "8")) == "8"


def test_what_nothing_points_at_is_not_looked_at(ask: Ask) -> None:
    with pytest.raises(
        Invalid, match="no version with the content of version 2 of prod/fraud"
    ) as e:
        ask(Listed({"8": WANTED}))
    assert "none says that it has" in e.value.message
    assert f"the tag lockstep.digest={WANTED}" in e.value.fix
    assert "copy_model_version('models:/fraud/2', 'copies')" in e.value.fix


def test_what_was_looked_at_is_named_with_what_is_wrong_with_it(ask: Ask) -> None:
    with pytest.raises(Invalid) as error:
        ask(Listed({"9": digest_of("x")}, "9", "8"))
    assert "version 9 (it is a copy): it has another content" in error.value.message
    assert "version 8 (it is a copy): version 8 of copies is gone" in error.value.message


def test_several_with_the_content_are_named(ask: Ask) -> None:
    with pytest.raises(Invalid, match="several versions of copies may be version 2 of") as error:
        ask(Listed({"8": WANTED, "9": WANTED}, "9", "8"))
    assert "8 and 9" in error.value.message and "VERSION" in error.value.fix


def test_the_version_itself_is_taken_before_its_copies_in_one_model(ask: Ask) -> None:
    assert ask(Listed({"2": WANTED, "9": WANTED}, "9", "2"), "fraud") == "2"


def test_too_many_hints_are_not_looked_at_one_by_one(ask: Ask) -> None:
    many = [str(number) for number in range(20, 31)]
    with pytest.raises(Invalid, match="several versions"):
        ask(Listed(dict.fromkeys(many, WANTED), *many))


def test_a_registry_without_the_model_has_no_copy(ask: Ask) -> None:
    class Empty(Listed):
        def copies_of(self, model: str, identity: Json) -> tuple[RegisteredCopy, ...]:
            raise NotInRegistry("there is no such model")

    with pytest.raises(Invalid, match="none says that it has"):
        ask(Empty({}))


def test_a_registry_that_gives_no_answer_ends_the_search(ask: Ask) -> None:
    class Away(Listed):
        def facts(self, model: str, version: str, read_at: str, known: Json = None) -> Json:
            raise LockstepError("no answer")

    with pytest.raises(LockstepError, match="no answer") as error:
        ask(Away({"8": WANTED}, "8"))
    assert not isinstance(error.value, Invalid)
