"""A difference is read back as it was written, and nothing else is taken for one."""

from typing import Any

import pytest

from lockstep.model.differences import (
    ChangeType,
    Danger,
    Differences,
    FieldChange,
    FleetDiff,
    ObjectChange,
    WeightChange,
)
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding

OBJECT = ObjectChange(
    "prod", "fraud", "fraud-eu", "eu", "Deployment", "fraud-eu-v1", "v1", "fraud", "x.yaml",
    ChangeType.CHANGED, (FieldChange("spec.replicas", None, {"a": [1, True]}),),
    (WeightChange("weighted", "1", 0, 100),), (Danger("restart", "it restarts", 7),),
)  # fmt: skip
DIFF = FleetDiff("main", "a" * 40, 1, 3, (OBJECT,))


def test_a_difference_is_read_back() -> None:
    assert FleetDiff.from_json(DIFF.to_json()) == DIFF
    later = {**DIFF.to_json(), "added": "by a later version"}
    assert FleetDiff.from_json(later) == DIFF
    assert DIFF.dangerous == (OBJECT,) and OBJECT.owner == "prod/fraud" and OBJECT.place == "eu"


def nested() -> Any:
    value: Any = {}
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, {"base": 1}, {"base": "x" * 1_001}, {"base": "", "clusters": -1},
        {"base": "", "objects": {}}, {"base": "", "objects": [{}]},
        {"base": nested()},
    ],
)  # fmt: skip
def test_another_shape_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"[Ee]xpected|nested|missing"):
        FleetDiff.from_json(data)


def test_another_change_or_a_weight_without_bounds_is_refused() -> None:
    for field, value in [
        ("change", "renamed"),
        ("weights", [{"route": "a", "version": "1", "before": -1, "after": 1}]),
        ("fields", [{"path": "a"}]),
        ("dangers", [{"id": "a", "text": "x" * 2_001}]),
        ("name", "n" * 1_001),
    ]:
        data = DIFF.to_json()
        data["objects"][0][field] = value
        with pytest.raises(ValueError, match=field):
            FleetDiff.from_json(data)


def test_the_exit_code_says_whether_everything_was_read() -> None:
    assert Differences(DIFF).exit_code is ExitCode.CLEAN
    unread = Finding("x.yaml", 1, 1, "diff.unreadable", "this is not YAML", "")
    assert Differences(DIFF, (unread,)).exit_code is ExitCode.INVALID
