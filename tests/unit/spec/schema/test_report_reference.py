"""The page about JSON: every verb and field, as the schemas say."""

from lockstep.cli.reference import verbs
from lockstep.report.envelope import schemas
from lockstep.spec.schema.report_reference import report_reference

PAGE = report_reference(schemas())


def test_every_verb_has_a_section_with_its_fields() -> None:
    for name, _ in verbs():
        assert f"\n## The JSON of lockstep {name}\n" in PAGE
        assert f"| `verb` | `{name}` | yes |" in PAGE
    for row in ("| `exitCode` | `0`, `1`", "| `rule` | text", "| `summary.shard` |",
                "| `fields[].path` | text", "| `items[].fields[].live` |"):  # fmt: skip
        assert row in PAGE, row
    assert "Schema: `scripts/lockstep/report/schemas/check.json`." in PAGE


def test_what_verbs_share_is_described_once() -> None:
    assert PAGE.count("A JSON pointer (RFC 6901) into the file.") == 1
    assert "| `findings` | a list of 0 or more entries: each as in [Findings](#findings)" in PAGE
    assert "as in [Running rollouts](#running-rollouts) or null | yes |" in PAGE
