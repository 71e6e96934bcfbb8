"""The reference of the JSON report of a check, as Markdown, from its schema."""

from lockstep.model.document import Json
from lockstep.spec.schema.field_reference import Writer

_FILE = "report.schema.json"
_HEAD = """\
<!-- Written by `lockstep schema docs` from report.schema.json; do not edit. -->

# The JSON report, field by field

What `lockstep check`, `validate`, `merge-reports` and `lock --check` print with `--format json`,
and write with `--report json=PATH`. [Reports](reports.md#json-of-other-verbs) has the JSON of
other verbs.
"""


def report_reference(schema: Json) -> str:
    """The text of ``docs/reference/json.md``; ``schema`` is that of the report of a check."""
    writer = Writer({_FILE: schema}, folder="scripts/lockstep/report/")
    writer.section(_FILE, "")
    return "\n".join([_HEAD.rstrip("\n"), *writer.sections()]) + "\n"
