"""Skew: since when more than one version serves, and when that is too long."""

from datetime import timedelta

from lockstep.rollout.position import current_variants
from lockstep.rollout.skew import skew_breached, skew_since, versions_with_weight
from tests.unit.fleets import family
from tests.unit.rollout.ledgers import START, adopted, proposed, skewed, verified

HOUR = timedelta(hours=1)


def test_skew_counts_from_the_first_record_of_its_run() -> None:
    assert skew_since(proposed(adopted(family()), "2")) is None
    assert skew_since(skewed()) == START + HOUR
    assert skew_since(verified(skewed(), "2", START + 6 * HOUR)) is None
    assert versions_with_weight(current_variants(skewed())) == 2


def test_skew_is_breached_only_after_the_whole_allowed_time() -> None:
    limit = START + HOUR + timedelta(hours=24)
    assert not skew_breached(skewed(), limit)
    assert skew_breached(skewed(), limit + timedelta(seconds=1))
    assert not skew_breached(adopted(family()), limit + 99 * HOUR)
