"""The time line as a picture: what is drawn where, which clusters share a lane, which colours."""

from datetime import UTC, datetime, timedelta

from lockstep.model.timeline import ServingSpan
from lockstep.site.lanes import COLOURS, draw

NOW = datetime(2026, 3, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def span(
    cluster: str, began: int, ended: int | None, *weights: tuple[str, int], first: int = 1
) -> ServingSpan:
    """What a cluster served from so many days before now, until so many days before."""
    variants = tuple(
        {"name": "stable", "version": version, "weight": weight} for version, weight in weights
    )
    until = None if ended is None else NOW - ended * DAY
    return ServingSpan(cluster, f"region-{cluster}", NOW - began * DAY, until, variants, first)  # type: ignore[arg-type]


def test_what_began_before_the_picture_begins_at_its_edge() -> None:
    chart = draw([span("a", 90, 15, ("1", 100)), span("a", 15, None, ("2", 100))], [], NOW, 30)
    (lane,) = chart.lanes
    assert [(bar.left, bar.width) for bar in lane.bars] == [(0, 50), (50, 50)]
    assert lane.bars[0].since == "2025-12-31T00:00:00Z"
    assert (chart.since, chart.until) == ("2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z")


def test_a_young_family_is_drawn_from_its_first_record_on() -> None:
    chart = draw([span("a", 10, None, ("1", 100))], [], NOW, 30)
    assert chart.since == "2026-03-21T00:00:00Z"
    assert (chart.lanes[0].bars[0].left, chart.lanes[0].bars[0].width) == (0, 100)


def test_clusters_with_the_same_history_share_a_lane() -> None:
    spans = [span(name, 10, None, ("1", 90), ("2", 10)) for name in "abc"]
    chart = draw([*spans, span("d", 5, None, ("1", 100))], [], NOW, 30)
    assert [lane.places for lane in chart.lanes] == [
        ("region-a", "region-b", "region-c"), ("region-d",),
    ]  # fmt: skip
    shares = chart.lanes[0].bars[0].shares
    assert [(each.version, each.top, each.height) for each in shares] == [
        ("1", 0, 90), ("2", 90, 10),
    ]  # fmt: skip


def test_a_version_keeps_its_colour_from_day_to_day() -> None:
    spans = [
        span("a", 40 - n, 39 - n if n < 39 else None, (str(n), 100), first=n) for n in range(40)
    ]
    today = dict(draw(spans, [], NOW, 30).versions)
    later = dict(draw(spans, [], NOW + DAY, 30).versions)
    assert all(today[version] == colour for version, colour in later.items())
    assert set(today.values()) == set(range(COLOURS))
    # What is not seen is not in the legend.
    assert "0" not in today and "39" in today


def test_a_family_without_records_has_no_lanes() -> None:
    chart = draw([], [], NOW, 30)
    assert not chart.lanes and not chart.versions


def test_a_record_of_this_second_is_drawn() -> None:
    chart = draw([span("a", 0, None, ("1", 100))], [], NOW, 30)
    assert chart.since == "2026-03-30T23:00:00Z" and len(chart.lanes) == 1
