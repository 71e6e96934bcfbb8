"""A part of the work of a check."""

import pytest

from lockstep.model.shard import WHOLE, Shard


def test_a_shard_is_written_as_it_is_read() -> None:
    assert Shard.parse("2/4") == Shard(2, 4)
    assert str(Shard(2, 4)) == "2/4"


@pytest.mark.parametrize("text", ["", "0/4", "5/4", "2", "2/", "-1/2", "2/4/8", "a/b", "2/4\n"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a shard"):
        Shard.parse(text)


def test_the_whole_owns_everything_and_shards_share() -> None:
    keys = [f"prod/family-{number}" for number in range(100)]
    assert all(WHOLE.owns(key) for key in keys)
    for key in keys:
        assert sum(Shard(index, 4).owns(key) for index in range(1, 5)) == 1
