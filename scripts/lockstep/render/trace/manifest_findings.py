"""Findings about a manifest that is wrong: one for each mistake, in the spec or in the template.

What a template alone does wrong, it does in every file that it makes. Such a finding says nothing
that differs from one file to the next but in its related places, so that all become one.
"""

import json
from dataclasses import dataclass, replace

from lockstep.model.document import Json, value_at
from lockstep.model.finding import Finding, Related
from lockstep.render.parse import Unreadable
from lockstep.render.schema_problems import Problem
from lockstep.render.trace.origin_lookup import Authors
from lockstep.render.trace.trace import Tracer

_SHOWN = 80
"""Characters of a value or a line."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Says what is to blame for the mistakes of one rendered file, and for whom it was rendered."""

    component: str
    authors: Authors
    tracer: Tracer

    def of_unreadable(self, name: str, error: Unreadable, header: int) -> Finding:
        """A finding for a line that is no YAML; ``header`` lines of the file are no template's."""
        line = error.line - header
        trace = self.tracer.at_line(line)
        message = f"{name} line {error.line}: {error}"
        if trace.place is None:
            text = self.tracer.frame(line)
            message = f"{error.says}: {text[:_SHOWN]!r}" if error.has_text and text else error.says
        return trace.finding("render.yaml", message, trace.cure)

    def of_problem(self, name: str, problem: Problem, manifest: Json) -> Finding:
        """A finding for what the schema refuses.

        A spec is valid by its own schema: a value of a wrong type is right, and in a wrong place,
        and a field that Kubernetes wants is the template's to write.
        """
        trace = self.tracer.at(problem.pointer, key=problem.at_key)
        trace = trace.in_template() if problem.of_shape else trace
        wrong = "would be no valid manifest"
        if trace.place is not None:
            message = f"{name} {wrong}: {problem.message}"
            return trace.finding("render.manifest", message, trace.cure)
        says = problem.says(everywhere=True, masked=trace.computed)
        if trace.computed and not trace.related:
            trace = replace(trace, related=(self._here(problem, manifest),))
        message = f"the {self.component} {wrong}: {says}"
        return trace.finding("render.manifest", message, trace.cure)

    def _here(self, problem: Problem, manifest: Json) -> Related:
        value = json.dumps(value_at(manifest, problem.pointer), ensure_ascii=False)
        return self.authors.named(f"here it writes {value[:_SHOWN]}")
