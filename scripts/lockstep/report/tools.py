"""What the verbs about this machine found or made, as text for people."""

from lockstep.model.tool_results import BuiltTool, NewFiles


def format_tool(tool: BuiltTool) -> str:
    """Where a program is, and whether it was built now."""
    how = "built" if tool.built else "already built"
    return f"{tool.path}: {tool.name} {tool.version}, {how}"


def format_new_files(new: NewFiles) -> str:
    """The paths that were written, and what to run next."""
    commands = [f"  {each}" for each in new.commands]
    return "\n".join([*(f"wrote {path}" for path in new.paths), "then:", *commands])
