"""What the verbs about this machine print."""

from lockstep.model.tool_results import BuiltTool
from lockstep.report.tools import format_tool


def test_a_tool_is_where_it_was_built() -> None:
    assert format_tool(BuiltTool("opa", "/bin/opa", "1.22.2", built=True)) == (
        "/bin/opa: opa 1.22.2, built"
    )
    assert "already built" in format_tool(BuiltTool("opa", "/bin/opa", "1.22.2", built=False))
