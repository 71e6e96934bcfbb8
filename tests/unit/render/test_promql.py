"""Values of specs in PromQL and in the templates of Prometheus."""

import pytest

from lockstep.render.promql import duration, literal, seconds, series


@pytest.mark.parametrize(
    ("written", "rendered"),
    [("30m", "30m"), ("36h", "1d12h"), ("90s", "1m30s"), ("1d24h", "2d"), ("0h5m", "5m")],
)
def test_a_duration_is_written_in_one_way(written: str, rendered: str) -> None:
    assert duration(written) == rendered


@pytest.mark.parametrize("text", ["", "0m", "5", "-5m", "5m]", "1h\n"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        duration(text)


@pytest.mark.parametrize(
    ("written", "rendered"),
    [("500ms", "0.5"), ("2s", "2"), ("1m", "60"), ("1ms", "0.001"), ("20s", "20")],
)
def test_the_time_of_a_request_is_in_seconds(written: str, rendered: str) -> None:
    assert seconds(written) == rendered


def test_a_time_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the time of a request"):
        seconds("1h")


def test_a_series_has_exactly_its_labels() -> None:
    assert series("up", {"job": "a\\"}) == 'up{job="a\\\\"}'


def test_a_template_gives_a_literal_text_again() -> None:
    assert literal("{{ query }} and {") == '{{"{"}}{{"{"}} query }} and {{"{"}}'
    assert literal("plain") == "plain"
