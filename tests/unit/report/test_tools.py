"""What the verbs about this machine print."""

from lockstep.model.tool_results import BuiltTool, Diagnosis, Health, NewFiles, Probe
from lockstep.report.tools import format_diagnosis, format_new_files, format_tool


def test_a_tool_is_where_it_was_built() -> None:
    assert format_tool(BuiltTool("opa", "/bin/opa", "1.22.2", built=True)) == (
        "/bin/opa: opa 1.22.2, built"
    )
    assert "already built" in format_tool(BuiltTool("opa", "/bin/opa", "1.22.2", built=False))


def test_new_files_are_listed_with_what_to_run_next() -> None:
    assert format_new_files(NewFiles(("a", "b"), ("lockstep check",))) == (
        "wrote a\nwrote b\nthen:\n  lockstep check"
    )


def test_a_diagnosis_is_a_line_for_each_part_with_its_fix_below() -> None:
    found = Diagnosis((Probe("git", Health.OK, "2.47"), Probe("hook", Health.WARNING, "none", "x")))
    assert format_diagnosis(found) == (
        "ok       git   2.47\nwarning  hook  none\n               fix: x\n0 missing, 1 warning"
    )
    assert found.exit_code == 0
    assert Diagnosis((Probe("git", Health.MISSING, "none"),)).exit_code == 1
