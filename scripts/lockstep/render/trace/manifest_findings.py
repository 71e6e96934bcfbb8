"""Findings about a manifest that is wrong: one for each mistake, in the spec or in the template.

A mistake of a template is in every file that the template makes. Its findings say nothing that
differs from one file to the next but in their related places, so that all become one.
"""

import json
from dataclasses import dataclass, replace

from lockstep.model.document import Json, to_json_pointer, value_at
from lockstep.model.finding import Finding, Related
from lockstep.render.parse import Unreadable
from lockstep.render.schema_problems import ManifestProblem
from lockstep.render.targets.base import ObjectKind
from lockstep.render.targets.differences import Difference
from lockstep.render.trace.origin_lookup import OriginLookup
from lockstep.render.trace.trace import Tracer
from lockstep.text.sanitise import cut

DIFFERS = "render.identity"
"""The rule of findings about an object that is not what spec and lock say."""

_AS_SHIPPED = "write the value of the context there, as the template that ships with Lockstep does"

_SHOWN = 80
"""Characters of a value or a line."""


@dataclass(frozen=True, slots=True)
class ManifestFindings:
    """Makes the findings of one rendered file, each at the place that caused the mistake."""

    component: str
    lookup: OriginLookup
    tracer: Tracer

    def of_unreadable(self, name: str, error: Unreadable, header: int) -> Finding:
        """A finding for a line that is not YAML; the first ``header`` lines are not the template's.

        ``name`` is that of the file.
        """
        line = error.line - header
        trace = self.tracer.at_line(line)
        message = f"{name} line {error.line}: {error}"
        if trace.place is None:
            # The frame is the same in every cluster's file, so that all findings become one.
            text = self.tracer.frame(line)
            shown = f"{error.reason}: {text[:_SHOWN]!r}"
            message = shown if error.has_text and text else error.reason
        return trace.finding("render.yaml", message, trace.fix)

    def of_problem(self, name: str, problem: ManifestProblem, manifest: Json) -> Finding:
        """A finding for what the schema refuses in the file ``name``.

        A spec is valid by its own schema: a value of a wrong type is right, and in a wrong place,
        and a field that Kubernetes requires is the template's to write.
        """
        trace = self.tracer.at(problem.pointer, key=problem.at_key)
        trace = trace.in_template() if problem.wrong_shape else trace
        wrong = "would not be a valid manifest"
        if trace.place is not None:
            message = f"{name} {wrong}: {problem.describe()}"
            return trace.finding("render.manifest", message, trace.fix)
        described = problem.describe(everywhere=True, masked=trace.computed)
        if trace.computed and not trace.related:
            trace = replace(trace, related=(self._example(problem, manifest),))
        message = f"the {self.component} {wrong}: {described}"
        return trace.finding("render.manifest", message, trace.fix)

    def of_kind(self, written: ObjectKind, kind: ObjectKind) -> Finding:
        """A finding for an object of another kind than its component's."""
        trace = self.tracer.at(("kind",)).in_template()
        message = f"the {self.component} template may write only {kind}; it writes {_cut(written)}"
        fix = "write that kind; another kind of object needs a component of its own in Lockstep"
        return trace.finding("render.kind", message, fix)

    def of_difference(self, difference: Difference) -> Finding:
        """A finding for what is not as spec and lock say: the template changes or adds it."""
        trace = self.tracer.at(difference.pointer, key=difference.at_key).in_template()
        place = to_json_pointer(
            tuple("*" if isinstance(part, int) else part for part in difference.pointer)
        )
        if difference.at_key:
            message = f"the {self.component} template adds {place}, which no spec decides"
            fix = "remove it; docs/explanation/security.md of Lockstep says what a template may add"
        else:
            message = f"the {self.component} template does not write what the spec says at {place}"
            fix = _AS_SHIPPED
        here = f"here it {_cut(difference.does)}; it must {_cut(difference.must)}"
        trace = replace(trace, related=(self.lookup.name_with(here), *trace.related))
        return trace.finding(DIFFERS, message, fix)

    def _example(self, problem: ManifestProblem, manifest: Json) -> Related:
        value = json.dumps(value_at(manifest, problem.pointer), ensure_ascii=False)
        return self.lookup.name_with(f"here it writes {value[:_SHOWN]}")


def _cut(text: object) -> str:
    return cut(str(text), _SHOWN)
