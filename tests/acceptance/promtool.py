"""Rules on a history that a test writes, evaluated by promtool: which alerts fire, and when."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.render.parse import parse_manifest

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="no promtool on PATH; on Debian: apt install prometheus"
)

Firing = Mapping[int, Mapping[str, str]]
"""By the minute: the alerts that fire, with their severity; no others do."""


def groups_of(files: Mapping[str, bytes]) -> list[Any]:
    """The groups of all PrometheusRules of a folder; named by file, as the operator keeps them."""
    found = []
    for name, data in sorted(files.items()):
        if name.startswith("prometheusrule"):
            for group in parse_manifest(data.decode())["spec"]["groups"]:
                found.append({**group, "name": f"{name} {group['name']}"})
    assert found
    return found


def counter(*parts: tuple[float, int]) -> str:
    """A counter that grows by so much a minute for so many minutes, then by the next part's."""
    value, written = 0.0, []
    for growth, minutes in parts:
        written.append(f"{value:g}+{growth:g}x{minutes - 1}" if minutes > 1 else f"{value:g}")
        value += growth * minutes
    return " ".join(written)


def gauge(*parts: tuple[object, int]) -> str:
    """A value for so many minutes, then the next one; None for no sample."""
    written = []
    for value, minutes in parts:
        if value == "NaN":
            written += ["NaN"] * minutes
        else:
            written.append(f"{'_' if value is None else f'{value}+0'}x{minutes - 1}")
    return " ".join(written)


def run_rules(
    folder: Path, groups: list[Any], history: Mapping[str, str], tests: Mapping[str, Any]
) -> None:
    """Evaluate rules once a minute on a history; ``tests`` are what promtool is to find then."""
    rules, unit = folder / "rules.yaml", folder / "tests.yaml"
    rules.write_text(yaml.safe_dump({"groups": groups}))
    series = [{"series": name, "values": values} for name, values in history.items()]
    test = {"interval": "1m", "input_series": series, **tests}
    unit.write_text(
        yaml.safe_dump(
            {"rule_files": [rules.name], "evaluation_interval": "1m", "tests": [test]}, width=10**6
        )
    )
    _promtool(folder, "test", unit.name)


def expect(folder: Path, groups: list[Any], history: Mapping[str, str], firing: Firing) -> None:
    """At each of these minutes exactly these alerts fire."""
    expectations = [
        {
            "expr": 'count by (alertname, severity) (ALERTS{alertstate="firing"})',
            "eval_time": f"{minute}m",
            "exp_samples": [
                {"labels": f'{{alertname="{name}", severity="{severity}"}}', "value": 1}
                for name, severity in alerts.items()
            ],
        }
        for minute, alerts in firing.items()
    ]
    run_rules(folder, groups, history, {"promql_expr_test": expectations})


def check_rules(path: Path) -> None:
    """Promtool's own check of a file of rules."""
    _promtool(path.parent, "check", path.name)


def _promtool(folder: Path, verb: str, name: str) -> None:
    command = ["promtool", verb, "rules", name]
    result = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
