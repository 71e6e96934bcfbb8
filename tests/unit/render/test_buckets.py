"""Sticky buckets: every user has one version, and a growing candidate keeps its users."""

import random
import re
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from lockstep.render.buckets import (
    BUCKETS,
    Share,
    assign_buckets,
    bucket_pattern,
    fallback_weights,
    learners,
)

ROLES = [Share("stable", "41", 90), Share("candidate", "42", 10)]


def matched(pattern: str) -> set[int]:
    return {bucket for bucket in range(-1, 120) if re.search(pattern, str(bucket))}


@given(st.sets(st.integers(0, BUCKETS - 1), min_size=1))
def test_a_pattern_matches_its_buckets_and_nothing_else(buckets: set[int]) -> None:
    assert matched(bucket_pattern(buckets)) == buckets


def test_every_range_of_buckets_has_an_exact_pattern() -> None:
    for first in range(BUCKETS):
        for last in range(first, BUCKETS):
            wanted = set(range(first, last + 1))
            assert matched(bucket_pattern(wanted)) == wanted


@given(st.sets(st.integers(0, BUCKETS - 1), min_size=1))
def test_a_pattern_uses_only_what_re2_knows(buckets: set[int]) -> None:
    assert re.fullmatch(r"\^\(\?:[0-9\[\]|-]+\)\$", bucket_pattern(buckets))


def test_a_pattern_refuses_what_only_looks_like_a_bucket() -> None:
    pattern = bucket_pattern(range(BUCKETS))
    for header in ("", "100", "-1", "07", "1.5", " 7", "7 ", "x7", "7,8", "٣"):
        assert not re.search(pattern, header), header


def test_patterns_are_short() -> None:
    assert bucket_pattern(range(90)) == "^(?:[0-9]|[1-8][0-9])$"
    assert bucket_pattern([99]) == "^(?:99)$"
    assert bucket_pattern([5, 15, 16]) == "^(?:5|1[56])$"


def test_all_buckets_are_given_out_in_the_shares_of_the_weights() -> None:
    buckets = assign_buckets(ROLES)
    assert {version: len(own) for version, own in buckets.items()} == {"41": 90, "42": 10}
    assert sorted(chain(*buckets.values())) == list(range(BUCKETS))


def test_a_growing_candidate_keeps_its_users() -> None:
    before: set[int] = set()
    for weight in (1, 10, 50, 100):
        shares = [Share("stable", "41", 100 - weight), Share("candidate", "42", weight)]
        now = set(assign_buckets(shares)["42"])
        assert before <= now
        before = now


def test_a_rollout_does_not_move_the_users_of_an_experiment() -> None:
    arms = [Share("ranker-b", "7", 30, True), Share("ranker-a", "6", 20, True)]
    assigned = [
        assign_buckets(
            [*arms, Share("stable", "41", 50 - weight), Share("candidate", "42", weight)]
        )
        for weight in (0, 1, 25, 50)
    ]
    assert all(each["6"] == list(range(20)) for each in assigned)
    assert all(each["7"] == list(range(20, 50)) for each in assigned)


@given(st.permutations([*ROLES, Share("arm", "7", 0, True), Share("previous", "40", 0)]))
def test_the_order_of_the_variants_does_not_matter(shares: list[Share]) -> None:
    assert assign_buckets(shares) == assign_buckets(ROLES)


def test_a_version_with_two_roles_has_the_buckets_of_both() -> None:
    buckets = assign_buckets([Share("arm", "41", 20, True), *ROLES[1:], Share("stable", "41", 70)])
    assert len(buckets["41"]) == 90


def test_weights_that_make_no_sense_never_give_a_bucket_twice() -> None:
    for weights in ((150, 10), (-5, 100), (99, 99), (0, 0)):
        shares = [Share("stable", "41", weights[0]), Share("candidate", "42", weights[1])]
        given_out = list(chain(*assign_buckets(shares).values()))
        assert len(given_out) == len(set(given_out))
        assert set(given_out) <= set(range(BUCKETS))


BANDIT = Share("bandit", "7", 20, True, True)
SHARES = st.builds(
    Share,
    st.sampled_from(["stable", "candidate", "arm-a", "arm-b"]),
    st.sampled_from(["5", "6", "7"]),
    st.integers(-5, 100),
    st.just(True),
    st.booleans(),
)


def test_without_learning_arms_the_fallback_has_the_weights() -> None:
    arms = [Share("arm", "7", 20, True), Share("stable", "41", 70), Share("candidate", "42", 10)]
    assert fallback_weights([*arms, Share("previous", "40", 0)]) == {"41": 70, "42": 10, "7": 20}


def test_the_stable_version_gets_what_learning_arms_leave() -> None:
    """So that the candidate has not more than its step, and another arm not more than its own."""
    shares = [BANDIT, Share("arm", "6", 30, True), Share("candidate", "42", 35)]
    assert fallback_weights([*shares, Share("stable", "41", 15)]) == {"41": 35, "42": 35, "6": 30}


def test_without_a_stable_version_the_largest_gets_it() -> None:
    shares = [BANDIT, Share("candidate", "42", 30), Share("arm", "6", 50, True)]
    assert fallback_weights(shares) == {"42": 30, "6": 70}
    even = [BANDIT, Share("arm", "10", 40, True), Share("brm", "9", 40, True)]
    assert fallback_weights(even) == {"9": 60, "10": 40}


def test_a_version_that_others_serve_too_is_not_alone() -> None:
    assert learners([BANDIT, Share("stable", "7", 80)]) == {}
    assert learners([BANDIT, Share("arm", "7", 5, True)]) == {}
    assert learners([BANDIT, Share("previous", "7", 0)]) == {"7": ("bandit",)}
    assert learners([BANDIT, BANDIT._replace(name="also")]) == {"7": ("also", "bandit")}
    assert learners([BANDIT._replace(weight=0)]) == {}


@given(st.lists(SHARES, max_size=6), st.randoms())
def test_the_fallback_has_all_the_traffic_and_no_learner(
    shares: list[Share], chance: random.Random
) -> None:
    fallback, alone = fallback_weights(shares), learners(shares)
    assert not fallback.keys() & alone.keys()
    assert all(weight > 0 for weight in fallback.values()) or any(s.weight < 0 for s in shares)
    if fallback and all(share.weight >= 0 for share in shares):
        assert sum(fallback.values()) == sum(share.weight for share in shares)
    mixed = chance.sample(shares, len(shares))
    if [s.name for s in shares].count("stable") < 2:
        assert fallback_weights(mixed) == fallback
