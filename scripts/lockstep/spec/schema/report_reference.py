"""The reference of the JSON of all verbs, as Markdown, from their schemas."""

from collections.abc import Mapping

from lockstep.model.document import Json
from lockstep.spec.schema.field_reference import Writer

_SHARED = "common.json"
_HEAD = """\
<!-- Written by `lockstep schema docs` from scripts/lockstep/report/schemas/; do not edit. -->

# The JSON of all verbs, field by field

With `--format json` every verb prints one object on standard output, also where an error ends its
run, and where the command line makes no sense:

| field | what it holds |
|---|---|
| `schemaVersion` | raised when a field changes its meaning or is removed, not when one is added |
| `verb` | the words of the verb; empty where the command line names none |
| `exitCode` | the exit code of the run |
| `summary` | what holds for the run as a whole, and how many findings there are |
| `items` | what the verb shows, or did; verbs that only find have none |
| `findings` | what is wrong; an error that ended the run is the only one, with a rule `run.…` |

Keys are camelCase, times RFC 3339 in UTC, amounts numbers, durations numbers of seconds. What an
error has kept from being known is missing in `summary`. A schema of each verb (JSON Schema, draft
2020-12) is installed with Lockstep, in the folder `schemas` of `lockstep.report`. It allows no
other field. A later version may add some: ignore fields that you do not know.
"""


def report_reference(schemas: Mapping[str, Json]) -> str:
    """The text of ``docs/reference/json.md``: a section for each verb.

    ``schemas`` are those of the verbs, and what they share, by the name of the file.
    """
    writer = Writer(dict(schemas), folder="scripts/lockstep/report/schemas/")
    # Each verb, then what they share, which has a section of its own where it has a title.
    shared = (n for n, each in schemas[_SHARED]["$defs"].items() if "title" in each)
    names = [*sorted(set(schemas) - {_SHARED}), *(f"{_SHARED}#/$defs/{name}" for name in shared)]
    for name in names:
        writer.section(name, "")
    return "\n".join([_HEAD.rstrip("\n"), *writer.sections()]) + "\n"
