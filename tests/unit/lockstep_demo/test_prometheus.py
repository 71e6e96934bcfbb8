"""The demo's Prometheus: found, started with a history, and stopped; or the reason why not."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from lockstep.model.errors import LockstepError
from lockstep.model.times import parse_time
from lockstep_demo.prometheus import Programs, find_prometheus, serving, write_history
from tests.acceptance.prometheus_server import needs_prometheus

MOMENT = parse_time("2026-03-04T04:00:00Z")


def program(folder: Path, name: str, says: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def found() -> Programs:
    programs = find_prometheus()
    assert programs
    return programs


def test_both_programs_must_be_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, built = tmp_path / "path", tmp_path / "built"
    monkeypatch.setenv("PATH", str(path))
    program(path, "prometheus")
    program(built, "promtool")
    assert find_prometheus(built) is None
    server = program(built, "prometheus")
    assert find_prometheus(built) == Programs(server, built / "promtool")
    promtool = program(path, "promtool")
    assert find_prometheus(built) == Programs(path / "prometheus", promtool)


@needs_prometheus
def test_it_answers_with_the_samples_that_were_written(tmp_path: Path) -> None:
    history = {'paid_total{region="eu"}': [(MOMENT, 3.0), (MOMENT + timedelta(seconds=15), 7.0)]}
    with serving(found(), history, tmp_path / "one") as url:
        asked = f"{url}/api/v1/query?query=paid_total&time={quote('2026-03-04T04:00:20Z')}"
        with urlopen(asked) as answer:
            (series,) = json.load(answer)["data"]["result"]
    assert series["metric"]["region"] == "eu" and series["value"][1] == "7"
    with pytest.raises(OSError, match="refused"):
        urlopen(url)


@needs_prometheus
def test_a_history_that_promtool_refuses_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LockstepError, match="promtool could not write"):
        write_history(found(), {"a name with spaces": [(MOMENT, 1.0)]}, tmp_path / "data")


def test_a_server_that_ends_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    broken = program(tmp_path, "prometheus", "echo 'address in use' >&2; exit 1")
    with (
        pytest.raises(LockstepError, match="does not start:\naddress in use"),
        serving(Programs(broken, broken), {}, tmp_path / "one"),
    ):
        pass
