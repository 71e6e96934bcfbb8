"""The files by which training pipelines end in a proposal, from templates with values as literals.

A template's name is the path that the file has in a fleet, and its ending says how values are
written in it. Braces are the tools' own, so values are between ``<[`` and ``]>``, and statements
between ``<%`` and ``%>``.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from lockstep.model.document import Json
from lockstep.model.fleet import Family
from lockstep.scaffold.requests import TRAINING_PIPELINES, PipelineRequest
from lockstep.scaffold.texts import Templates, scalar

FOLDER = "pipelines"
"""Where they are in a fleet."""
TRAINER = f"{FOLDER}/train.py"
"""What trains, measures and registers, the same for each of ``TRAINING_PIPELINES``."""

HOLDOUT = "holdout-{region}"
"""The dataset that the trainer measures on, where no gate of the family names one."""

_OTHER_BRACE = re.compile(r"\{(?!region\})")


def pipeline_files(request: PipelineRequest, templates: Templates) -> dict[str, bytes]:
    """The files of the pipelines that are asked for, by their paths."""
    folders = tuple(f"{FOLDER}/{name}/" for name in request.names)
    trains = not TRAINING_PIPELINES.isdisjoint(request.names)
    wanted = (p for p in templates if p.startswith(folders) or (trains and p == TRAINER))
    return {path: _text(path, templates, request) for path in sorted(wanted)}


def dataset_of(family: Family) -> str:
    """The dataset that a trainer measures on: of the first gate that asks before it serves."""
    gates: list[Json] = family.spec.get("gates", [])
    return measured_on(
        gate["dataset"]
        for gate in gates
        if gate.get("source") == "mlflow" and "metric" in gate and "dataset" in gate
        and not gate.get("live")
    )  # fmt: skip


def measured_on(datasets: Iterable[str]) -> str:
    """The first dataset that is named by the region alone, which a trainer knows, or a usual one.

    Clusters, segments and environments have no place in a training.
    """
    fitting = (name for name in datasets if "{region}" in name and not _OTHER_BRACE.search(name))
    return next(fitting, HOLDOUT)


def _text(path: str, templates: Templates, request: PipelineRequest) -> bytes:
    environment = _environment(path.rpartition(".")[2], tuple(templates.items()))
    return environment.get_template(path).render(pipeline=request).encode()


def _python(value: object) -> str:
    """A value as Python: JSON's texts, numbers and lists of them are literals there, too."""
    return json.dumps(value, ensure_ascii=False)


def _nothing(value: object) -> str:
    raise TypeError(f"a file with this ending takes no values, and {value!r} is one")


_LITERALS: Mapping[str, Callable[[object], str]] = {
    "py": _python,
    "yaml": scalar,
    "yml": scalar,
}
"""How a value is written, by the ending of the file: no text of it can leave the literal."""


@cache
def _environment(ending: str, templates: tuple[tuple[str, str], ...]) -> Environment:
    given: dict[str, Any] = {
        "variable_start_string": "<[", "variable_end_string": "]>",
        "block_start_string": "<%", "block_end_string": "%>",
        "comment_start_string": "<#", "comment_end_string": "#>",
    }  # fmt: skip
    return Environment(
        loader=DictLoader(dict(templates)), undefined=StrictUndefined,
        finalize=_LITERALS.get(ending, _nothing), **given,
        keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Python and YAML; every value is a literal
    )  # fmt: skip
