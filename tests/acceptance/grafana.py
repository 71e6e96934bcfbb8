"""What Grafana does with a dashboard: it replaces the variables, and asks Prometheus."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from lockstep.model.document import Json

ALL = {"region": ".*", "cluster": ".*", "version": ".*"}
"""The choices as they are when nobody has chosen: the values of ``allValue``."""

# As in @grafana/prometheus, migrations/variableMigration.
_LABEL_VALUES = re.compile(r"^label_values\((?:(.+),\s*)?(.+)\)\s*$")


class Series(NamedTuple):
    """One series of an answer: its labels, and its values by the time in seconds."""

    labels: dict[str, str]
    values: dict[float, float]

    @property
    def last(self) -> float:
        return list(self.values.values())[-1]


class Prometheus:
    """A server, asked as Grafana asks it. A query that it refuses is an AssertionError."""

    def __init__(self, url: str, now: datetime) -> None:
        self.url = url
        self.now = now.timestamp()

    def instant(self, expr: str) -> list[Series]:
        """Values now."""
        found = self._ask("query", {"query": expr, "time": str(self.now)})
        return [_series(each["metric"], [each["value"]]) for each in found["result"]]

    def over_time(self, expr: str, hours: float, step: int) -> list[Series]:
        """Values of the last hours, a ``step`` of seconds apart."""
        start = self.now - hours * 3600
        at = {"query": expr, "start": str(start), "end": str(self.now), "step": str(step)}
        return [_series(s["metric"], s["values"]) for s in self._ask("query_range", at)["result"]]

    def label_values(self, query: str) -> list[str]:
        """What a variable of the type query offers."""
        match = _LABEL_VALUES.match(query)
        assert match, query
        asked = {"match[]": match[1], "end": str(self.now), "start": str(self.now - 6 * 3600)}
        found = self._ask(f"label/{match[2]}/values", asked)
        assert isinstance(found, list)
        return found

    def _ask(self, path: str, asked: Mapping[str, str]) -> Any:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                said = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{asked}: {error.read().decode()}") from error
        assert said["status"] == "success" and not said.get("warnings"), said
        return said["data"]


def chosen(text: str, choices: Mapping[str, str] | None = None, step: str = "1m") -> str:
    """A text with the variables that Grafana knows replaced, and none left."""
    for name, value in {**ALL, **(choices or {}), "__interval": step}.items():
        # No value has a backslash, which the replacement would read as its own.
        text = re.sub(rf"\$\{{?{name}\b\}}?", value, text)
    assert "$" not in text, text
    return text


def targets(dashboard: Json) -> Iterator[tuple[str, Json]]:
    """Each query of a panel, with the panel's title."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target


def exprs(dashboard: Json, title: str) -> list[str]:
    """The queries of the one panel with this title."""
    found = [target["expr"] for name, target in targets(dashboard) if name == title]
    assert found, f"no panel is called {title!r}"
    return found


def legend(template: str, labels: Mapping[str, str]) -> str:
    """A legend as Grafana writes it: a label for each pair of braces."""
    return re.sub(r"\{\{\s*(.+?)\s*\}\}", lambda found: labels.get(found[1], found[1]), template)


def _series(labels: dict[str, str], points: list[tuple[float, str]]) -> Series:
    return Series(labels, {moment: float(value) for moment, value in points})
