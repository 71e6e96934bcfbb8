"""What people have in the clone while a verb runs there: it must stay as they left it."""

from dataclasses import dataclass

from tests.acceptance.world import World
from tests.faults.scenarios import README

_EDITED = b"The fleet of the team.\nA line that is not committed yet.\n"
_NOTES = b"mine, and not for git\n"
_STAGED = b"staged, and not committed yet\n"


@dataclass(frozen=True)
class People:
    """How the clone looks to the people who work in it."""

    name: str
    files: tuple[tuple[str, bytes], ...] = ()
    status: tuple[str, ...] = ()

    def work(self, world: World) -> None:
        """Leave uncommitted work in the clone."""
        for path, data in self.files:
            (world.clone / path).write_bytes(data)
        if any(path == "staged.txt" for path, _ in self.files):
            world.git("add", "staged.txt")

    def problems(self, world: World) -> list[str]:
        """What is no longer as they left it."""
        found = []
        status = world.git("status", "--porcelain", "--untracked-files=all").splitlines()
        # git() strips the output, the first line's leading space included.
        if sorted(line.strip() for line in status) != sorted(self.status):
            found.append(f"git status shows {status[:6]} and not {list(self.status)}")
        for path, data in self.files:
            file = world.clone / path
            if not file.is_file() or file.read_bytes() != data:
                found.append(f"{path} has changed")
        return found


CLEAN = People("clean")
NOTES = People("untracked", (("notes.txt", _NOTES),), ("?? notes.txt",))
BUSY = People(
    "busy",
    ((README, _EDITED), ("notes.txt", _NOTES), ("staged.txt", _STAGED)),
    (f"M {README}", "?? notes.txt", "A  staged.txt"),
)
EVERYONE = (CLEAN, NOTES, BUSY)
