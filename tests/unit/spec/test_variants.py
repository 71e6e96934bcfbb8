"""The forms of one cluster's variants: weights always add up, arms are never touched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.spec import variants as forms


def variant(name: str, version: str, weight: int, **marks: bool) -> dict[str, Any]:
    return {"name": name, "version": version, "weight": weight, **marks}


def arm(weight: int, version: str = "7") -> dict[str, Any]:
    return variant("ranker-b", version, weight, experiment=True)


STEADY = [variant("stable", "1", 100)]
WITH_ARM = [variant("stable", "1", 70), arm(30)]


def test_a_proposal_adds_a_candidate_without_traffic() -> None:
    assert forms.proposed(STEADY, "2") == [
        variant("stable", "1", 100), variant("candidate", "2", 0),
    ]  # fmt: skip
    assert forms.proposed(WITH_ARM, "2") == [*WITH_ARM, variant("candidate", "2", 0)]


@pytest.mark.parametrize(("weight", "share"), [(1, 1), (10, 7), (50, 35), (99, 69)])
def test_a_step_shares_what_the_arms_leave(weight: int, share: int) -> None:
    assert forms.stepped(WITH_ARM, "2", weight) == [
        variant("stable", "1", 70 - share), arm(30), variant("candidate", "2", share),
    ]  # fmt: skip


def test_at_a_hundred_percent_the_roles_swap_and_the_old_version_stays_warm() -> None:
    rolling = forms.stepped(WITH_ARM, "2", 50)
    assert forms.stepped(rolling, "2", 100) == [
        variant("stable", "2", 70), arm(30), variant("previous", "1", 0, warm=True),
    ]  # fmt: skip


def test_verified_leaves_the_stable_version_and_the_arms() -> None:
    whole = forms.stepped(WITH_ARM, "2", 100)
    assert forms.verified(whole) == [variant("stable", "2", 70), arm(30)]
    assert forms.settled(forms.verified(whole)) and not forms.settled(whole)
    assert not forms.settled([arm(100)]) and forms.settled(WITH_ARM)


def test_a_shift_gives_all_traffic_to_the_other_running_version() -> None:
    for weight in (10, 100):
        rolling = forms.stepped(WITH_ARM, "2", weight)
        assert forms.shifted(rolling, "2") == [
            variant("stable", "1", 70), arm(30), variant("candidate", "2", 0, warm=True),
        ]  # fmt: skip


def test_a_shift_takes_the_weight_of_arms_of_the_bad_version_too() -> None:
    rolling = forms.stepped([variant("stable", "1", 70), arm(30, "2")], "2", 50)
    after = forms.shifted(rolling, "2")
    assert {v["name"]: v["weight"] for v in after} == {
        "stable": 100, "ranker-b": 0, "candidate": 0,
    }  # fmt: skip


def test_a_retired_arm_stays_warm_and_gives_its_weight_to_the_stable_version() -> None:
    assert forms.retired(WITH_ARM, {"7"}, warm=True) == [
        variant("stable", "1", 100), {**arm(0), "warm": True},
    ]  # fmt: skip
    assert forms.retired(WITH_ARM, {"7"}, warm=False) == [variant("stable", "1", 100), arm(0)]
    again = forms.retired(WITH_ARM, {"7"}, warm=True)
    assert forms.retired(again, {"7"}, warm=True) == again
    assert forms.retired(again, {"7"}, warm=False) == [variant("stable", "1", 100), arm(0)]
    assert forms.settled(again)


@pytest.mark.parametrize(("step", "candidate"), [(1, 1), (10, 10), (50, 50), (99, 98)])
def test_in_a_rollout_the_roles_share_a_retired_arm_s_weight_in_proportion(
    step: int, candidate: int
) -> None:
    rolling = forms.stepped(WITH_ARM, "2", step)
    assert forms.retired(rolling, {"7"}, warm=True) == [
        variant("stable", "1", 100 - candidate), {**arm(0), "warm": True},
        variant("candidate", "2", candidate),
    ]  # fmt: skip


def test_retiring_leaves_roles_and_other_arms_alone() -> None:
    two = [variant("stable", "1", 50), arm(30), variant("b", "8", 20, experiment=True)]
    assert forms.retired(two, {"8"}, warm=True) == [
        variant("stable", "1", 70), arm(30), variant("b", "8", 0, experiment=True, warm=True),
    ]  # fmt: skip
    assert forms.retired(two, {"1", "9"}, warm=True) == two
    shifted = forms.shifted(forms.stepped(WITH_ARM, "2", 50), "2")
    after = forms.retired(shifted, {"7"}, warm=True)
    assert [v["weight"] for v in after] == [100, 0, 0]


@pytest.mark.parametrize(
    "variants",
    [[], [arm(100)], [variant("stable", "1", 0), variant("candidate", "2", 5), arm(100)]],
)
def test_retiring_an_arm_never_fails(variants: list[Any]) -> None:
    assert isinstance(forms.retired(variants, {"7"}, warm=True), list)


def test_versions_by_where_they_serve() -> None:
    rolling = [*forms.stepped(WITH_ARM, "2", 100), arm(0, "9")]
    assert forms.arm_versions(rolling) == {"7"}
    assert forms.role_versions(rolling) == {"1", "2"}


@pytest.mark.parametrize(
    "variants",
    [STEADY, WITH_ARM, [arm(100, "2")], [variant("stable", "2", 100)],
     [variant("stable", "1", 100), variant("candidate", "2", 0)]],
)  # fmt: skip
def test_there_is_nothing_to_shift_without_traffic_or_another_version(variants: list[Any]) -> None:
    assert forms.shifted(variants, "2") == variants


def test_arms_count_neither_as_serving_nor_as_weight() -> None:
    both = [variant("stable", "1", 70), variant("candidate", "2", 0), arm(30, "1")]
    assert forms.serving_versions(both) == forms.serving_versions([*both, arm(0)]) == {"1"}
    assert forms.serving_versions([variant("stable", "1", 70), arm(30, "7")]) == {"1"}
    assert forms.weight_of(both, "1") == 70
    assert forms.weight_of(both, "2") == forms.weight_of(both, "3") == 0
    assert forms.share(both) == 70
    assert forms.role(both, "candidate") == both[1] and forms.role(both, "previous") is None


def test_a_cluster_without_a_stable_variant_has_no_next_form() -> None:
    with pytest.raises(ValueError, match="stable"):
        forms.proposed([arm(100)], "2")


@given(
    st.lists(st.integers(0, 100), max_size=3).filter(lambda arms: sum(arms) <= 100),
    st.lists(st.sampled_from(["propose", "shift", "verify"]) | st.integers(1, 100), max_size=10),
)
def test_on_any_path_weights_add_up_and_arms_stay_as_they_are(
    weights: list[int], path: list[str | int]
) -> None:
    arms = [variant(f"arm-{n}", "7", weight) for n, weight in enumerate(weights)]
    now = [variant("stable", "1", 100 - sum(weights)), *arms]
    for move in path:
        before = [dict(each) for each in now]
        if isinstance(move, int):
            after = forms.stepped(now, "2", move)
        elif move == "propose":
            after = forms.proposed(now, "2")
        else:
            after = forms.verified(now) if move == "verify" else forms.shifted(now, "2")
        assert now == before, "the form before was changed in place"
        now = after
        assert sum(each["weight"] for each in now) == 100
        assert all(0 <= each["weight"] <= 100 for each in now)
        assert [each for each in now if each["name"].startswith("arm-")] == arms
        assert [each["name"] for each in now].count("stable") == 1


@pytest.mark.parametrize(
    ("variants", "warm"),
    [
        (STEADY, set()),
        (WITH_ARM, set()),
        (forms.proposed(STEADY, "2"), set()),
        (forms.stepped(STEADY, "2", 10), {"1"}),
        (forms.stepped(STEADY, "2", 100), {"1"}),
        (forms.shifted(forms.stepped(STEADY, "2", 10), "2"), {"1"}),
        (forms.shifted(forms.stepped(STEADY, "2", 100), "2"), {"1"}),
        (forms.retired(WITH_ARM, {"7"}, warm=True), set()),
        ([variant("stable", "1", 100, warm=True)], {"1"}),
    ],
)
def test_the_version_that_a_rollback_returns_to_is_kept_warm(
    variants: list[Any], warm: set[str]
) -> None:
    assert forms.kept_warm(variants) == warm


def test_a_shift_changes_no_floor() -> None:
    for weight in (1, 50, 99, 100):
        rolling = forms.stepped(WITH_ARM, "2", weight)
        assert forms.kept_warm(forms.shifted(rolling, "2")) == forms.kept_warm(rolling)


def test_a_stable_version_that_starts_again_is_warm_until_the_next_proposal() -> None:
    again = [variant("stable", "1", 70, warm=True), arm(30)]
    assert forms.warmed(WITH_ARM, [variant("stable", "2", 100)]) == again
    assert forms.cooled(again) == WITH_ARM == forms.cooled(WITH_ARM)
    assert forms.proposed(again, "3") == forms.proposed(WITH_ARM, "3")


@pytest.mark.parametrize(
    "before",
    [
        STEADY,
        forms.proposed(STEADY, "2"),
        forms.stepped(STEADY, "2", 10),
        forms.stepped(STEADY, "2", 100),
        forms.shifted(forms.stepped(STEADY, "2", 100), "2"),
    ],
)
def test_one_that_has_its_pods_already_is_not_marked(before: list[Any]) -> None:
    assert forms.warmed(STEADY, before) == STEADY


def test_the_few_pods_of_an_arm_are_not_those_of_a_stable_version() -> None:
    before = [variant("stable", "2", 90), arm(10, "1")]
    assert forms.warmed(STEADY, before) == [variant("stable", "1", 100, warm=True)]
