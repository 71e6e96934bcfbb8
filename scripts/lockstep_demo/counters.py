"""Two counters of the fraud model's servers, as a Prometheus has scraped them."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from lockstep_demo.prometheus import History, Samples
from lockstep_demo.traffic import Counted

HONEST, STOPPED = "honest_payments_total", "honest_payments_stopped_total"
VERSION_LABEL = "model_version"
_SCRAPES = timedelta(seconds=15)


@dataclass
class Counters:
    """How many honest payments each version has seen in a region, and how many it stopped.

    They begin at 0 when they are made, for each of ``versions``.
    """

    region: str
    versions: tuple[str, ...]
    begin: datetime
    _counted: list[Mapping[str, Counted]] = field(default_factory=list)

    def add(self, counted: Mapping[str, Counted]) -> None:
        """Count the payments of a window, by version. Windows come in the order of time."""
        self._counted.append(counted)

    def history(self, end: datetime) -> History:
        """The samples of all counters, four a minute, from the beginning to ``end``."""
        return dict(self._series(end))

    def _series(self, end: datetime) -> Iterator[tuple[str, Samples]]:
        scrapes = [self.begin + n * _SCRAPES for n in range((end - self.begin) // _SCRAPES + 1)]
        at = [moment.timestamp() for moment in scrapes]
        for version in self.versions:
            honest, stopped = self._of(version)
            labels = f'region="{self.region}",{VERSION_LABEL}="{version}"'
            for name, seconds in ((HONEST, honest), (STOPPED, stopped)):
                values = [float(bisect_right(seconds, moment)) for moment in at]
                yield f"{name}{{{labels}}}", list(zip(scrapes, values, strict=True))

    def _of(self, version: str) -> tuple[Any, Any]:
        """When the honest payments of a version came, and when those that it stopped."""
        ours = [each[version] for each in self._counted if version in each]
        if not ours:
            return np.array([]), np.array([])
        seconds = np.concatenate([each.seconds for each in ours])
        return seconds, seconds[np.concatenate([each.stopped for each in ours])]
