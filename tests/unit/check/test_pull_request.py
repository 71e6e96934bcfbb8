"""A pull request that releases a version and adopts it: in one family, or in two."""

from pathlib import Path

import pytest
from msgspec import structs

from lockstep.check.pull_request import released_and_adopted
from lockstep.edges.git import Git
from lockstep.model.decision import Action, Target
from lockstep.model.record import write_record
from tests.unit.edges.repositories import commit, new_repository
from tests.unit.fleets import LOCK, digest_of
from tests.unit.model.records import FULL

VARIANTS = {"other-a": [{"name": "stable", "version": "7", "weight": 100}]}
BAD = digest_of("bad")


def record(family: str, action: Action, version: str, digest: str) -> dict[str, bytes]:
    made = structs.replace(
        FULL, family=family, action=action, target=Target(version, digest), variants=VARIANTS
    )
    return {made.path: write_record(made)}


@pytest.fixture
def made(tmp_path: Path) -> Git:
    names = {b"version": b"7", b"digest": BAD.encode()}
    files = {"clusters/prod/other/locks/7.yaml": LOCK % names}
    made = new_repository(tmp_path / "fleet", files)
    commit(made.root, record("fraud", Action.RELEASE, "2", BAD))
    return made


def found(made: Git, base: str = "HEAD~2") -> list[str]:
    return [f"{f.file}: {f.message}" for f in released_and_adopted(made, "HEAD^{tree}", base)]


def test_the_version_may_have_another_number_in_another_family(made: Git) -> None:
    commit(made.root, record("other", Action.ADOPT, "7", BAD))
    (only,) = found(made)
    assert only == (
        "ledger/prod/other/000007.json: it adopts version 7, whose quarantine ends in the same "
        "pull request, by ledger/prod/fraud/000007.json"
    )
    assert found(made, "HEAD~1") == [], "the base has the release"
    assert found(made, "HEAD") == []


def test_another_version_is_adopted_as_ever(made: Git) -> None:
    lock = made.root / "clusters/prod/other/locks/7.yaml"
    other = lock.read_bytes().replace(BAD.encode(), digest_of("fine").encode())
    commit(made.root, {**record("other", Action.ADOPT, "7", BAD), str(lock.relative_to(made.root)):
                       other})  # fmt: skip
    assert found(made) == [], "the lock says what serves, and not the record"


def test_records_that_cannot_be_read_have_findings_of_their_own(made: Git) -> None:
    commit(made.root, {"ledger/prod/other/000001.json": b"{}", "ledger/x": b""})
    assert found(made) == []
