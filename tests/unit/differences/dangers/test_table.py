"""The table of dangers."""

from lockstep.differences.dangers.table import DANGERS


def test_each_kind_of_danger_is_there_once_the_worst_first() -> None:
    assert [kind.id for kind in DANGERS] == [
        "immutable-field", "production-deletion", "no-capacity", "renamed-service", "privileges",
        "argocd-source", "rule-off", "restart",
    ]  # fmt: skip
