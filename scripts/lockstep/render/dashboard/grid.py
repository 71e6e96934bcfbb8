"""Where panels are: Grafana's grid has 24 columns, and no end below."""

from collections.abc import Sequence

from lockstep.model.document import Json

_COLUMNS = 24
_MOST_IN_A_ROW = 3
_HEIGHT = 8


class Grid:
    """Places panels from left to right and down, in sections with a title each."""

    def __init__(self) -> None:
        self.panels: list[Json] = []
        self._y = 0

    def section(self, title: str, panels: Sequence[Json]) -> None:
        """A title and its panels, as wide as their number allows; nothing without panels."""
        if not panels:
            return
        self._put({"type": "row", "title": title, "collapsed": False, "panels": []}, 0, _COLUMNS, 1)
        self._y += 1
        in_a_row = min(len(panels), _MOST_IN_A_ROW)
        width = _COLUMNS // in_a_row
        for start in range(0, len(panels), in_a_row):
            for index, panel in enumerate(panels[start : start + in_a_row]):
                self._put(panel, index * width, width, _HEIGHT)
            self._y += _HEIGHT

    def _put(self, panel: Json, x: int, width: int, height: int) -> None:
        place = {"h": height, "w": width, "x": x, "y": self._y}
        self.panels.append({**panel, "id": len(self.panels) + 1, "gridPos": place})
