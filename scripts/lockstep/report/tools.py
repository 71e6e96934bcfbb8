"""What the verbs about this machine found or made, as text for people."""

from lockstep.model.tool_results import BuiltTool


def format_tool(tool: BuiltTool) -> str:
    """Where a program is, and whether it was built now."""
    how = "built" if tool.built else "already built"
    return f"{tool.path}: {tool.name} {tool.version}, {how}"
