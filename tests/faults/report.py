"""What a sweep says: a table of what was tried and what came out, and each try that failed."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.faults.attempt import Came

_SHOWN = 40  # a broken program fails thousands of tries, and a few of each kind are enough


def show(came: Sequence[Came], seconds: float, seed: int, planned: int) -> None:
    """Print the table, and the tries that failed."""
    console = Console(width=160, highlight=False)
    console.print(_table(came))
    failed = [each for each in came if each.problems]
    for each in sorted(failed, key=lambda each: each.name)[:_SHOWN]:
        console.print(f"[bold]{each.name}[/bold] (exit code {each.code})", soft_wrap=True)
        for problem in each.problems:
            console.print(f"  {problem}", markup=False, soft_wrap=True)
    if len(failed) > _SHOWN:
        console.print(f"... and {len(failed) - _SHOWN} more")
    if not any(each.row == "a full disk" for each in came):
        console.print("not tried: a full disk, which only root can make, or the sample left out")
    console.print(
        f"{len(came)} of {planned} tries in {seconds:.0f} s, seed {seed}: {len(failed)} failed"
    )


def _table(came: Sequence[Came]) -> Table:
    """By fault and verb the tries; then whether the run with the fault decided, or the next one."""
    table = Table(title="What was tried, and what came out", title_justify="left")
    table.add_column("fault", no_wrap=True)
    for verb in _verbs(came):
        table.add_column(verb, justify="right")
    for heading in ("tried", "decided", "next run", "failed"):
        table.add_column(heading, justify="right")
    for row in dict.fromkeys(each.row for each in sorted(came, key=lambda each: each.row)):
        table.add_row(row, *_cells([each for each in came if each.row == row], _verbs(came)))
    table.add_section()
    table.add_row("all", *_cells(came, _verbs(came)))
    return table


def _cells(came: Sequence[Came], verbs: Sequence[str]) -> list[str]:
    by_verb = [str(sum(each.verb == verb for each in came) or "") for verb in verbs]
    made = sum(each.made for each in came)
    failed = sum(bool(each.problems) for each in came)
    return [*by_verb, str(len(came)), str(made), str(len(came) - made), str(failed or "none")]


def _verbs(came: Sequence[Came]) -> list[str]:
    return sorted({each.verb for each in came})
