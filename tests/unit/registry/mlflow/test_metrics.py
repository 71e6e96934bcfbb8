"""Series of metrics: told apart exactly, in an order that depends on nothing else."""

from lockstep.registry.mlflow.metrics import Entry, series


def entry(name: str, dataset: str | None) -> Entry:
    return Entry(name, 0.5, dataset, None, "run", 1, 0)


def test_no_dataset_and_one_without_a_name_are_two_series_in_a_fixed_order() -> None:
    pairs = [("a", None), ("a", ""), ("a", " x"), ("a", "x"), ("b", None)]
    entries = [entry(*pair) for pair in reversed(pairs)]
    assert series(entries) == series(entries[::-1]) == pairs


def test_counts_are_no_series_of_their_own() -> None:
    entries = [entry("a", "x"), entry("a_samples", "x"), entry("a_samples", None)]
    assert series(entries) == [("a", "x"), ("a_samples", None)]
