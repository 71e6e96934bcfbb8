"""Turns schema errors into what a person can act on: one problem for each mistake."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from lockstep.model.document import Pointer
from lockstep.spec.schema.keywords import Problem, problems_of

__all__ = ["Problem", "explain"]


_MOST = 500
"""Problems of one document that are told; nobody reads more, and each takes time to explain."""


def explain(errors: Iterable[Any]) -> list[Problem]:
    """The problems behind the errors of the jsonschema package, without echoes of one mistake.

    A value is reported once even when several keywords refuse it, and a field is not reported as
    missing beside its own misspelling.
    """
    told = islice((p for error in errors for p in problems_of(error)), _MOST)
    problems = list(dict.fromkeys(told))
    meant = {(*p.pointer[:-1], p.meant) for p in problems if p.meant}
    values: dict[Pointer, Problem] = {}
    others = []
    for problem in problems:
        if problem.missing:
            if problem.field not in meant:
                others.append(problem)
        elif problem.at_key:
            others.append(problem)
        else:
            values.setdefault(problem.pointer, problem)
    return [*others, *values.values()]
