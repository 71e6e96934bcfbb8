"""What the verbs about this machine found or made, as text for people."""

from collections import Counter

from lockstep.model.tool_results import BuiltTool, Diagnosis, Health, NewFiles
from lockstep.report.counting import count
from lockstep.text.sanitise import one_line


def format_tool(tool: BuiltTool) -> str:
    """Where a program is, and whether it was built now."""
    how = "built" if tool.built else "already built"
    return f"{tool.path}: {tool.name} {tool.version}, {how}"


def format_new_files(new: NewFiles) -> str:
    """The paths that were written, and what to run next."""
    commands = [f"  {each}" for each in new.commands]
    return "\n".join([*(f"wrote {path}" for path in new.paths), "then:", *commands])


def format_diagnosis(diagnosis: Diagnosis) -> str:
    """A line for each part, with the fix below where there is one, and the counts."""
    width = max(len(probe.part) for probe in diagnosis.probes)
    lines = []
    for probe in diagnosis.probes:
        lines.append(
            f"{probe.health.value:<7}  {probe.part:<{width}}  {one_line(probe.found, 500)}"
        )
        if probe.fix:
            lines.append(f"{'':<7}  {'':<{width}}  fix: {one_line(probe.fix, 500)}")
    counts = Counter(probe.health for probe in diagnosis.probes)
    missing, warnings = counts[Health.MISSING], counts[Health.WARNING]
    return "\n".join([*lines, f"{missing} missing, {count(warnings, 'warning')}"])
