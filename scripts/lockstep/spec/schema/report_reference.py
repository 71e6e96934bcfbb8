"""The reference of the JSON of checks, differences and drift, as Markdown, from their schemas."""

from lockstep.model.document import Json
from lockstep.spec.schema.field_reference import Writer

_FILE = "report.schema.json"
_DIFFERENCES = "differences.schema.json"
_DRIFT = "drift.schema.json"
_HEAD = """\
<!-- Written by `lockstep schema docs` from scripts/lockstep/report/; do not edit. -->

# The JSON report, field by field

What `lockstep check`, `validate`, `merge-reports` and `lock --check` print with `--format json`,
and write with `--report json=PATH`; then those of `lockstep diff` and
`lockstep drift`.
[Reports](reports.md#json-of-other-verbs) has the JSON of other verbs.
"""


def report_reference(schema: Json, differences: Json, drift: Json) -> str:
    """The text of ``docs/reference/json.md``; the schemas are those of three kinds of reports."""
    schemas = {_FILE: schema, _DIFFERENCES: differences, _DRIFT: drift}
    writer = Writer(schemas, folder="scripts/lockstep/report/")
    writer.section(_FILE, "")
    writer.section(_DIFFERENCES, "")
    writer.section(_DRIFT, "")
    return "\n".join([_HEAD.rstrip("\n"), *writer.sections()]) + "\n"
