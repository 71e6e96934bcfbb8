"""Families as the units of a check: which files belong to which one."""

from lockstep.model.fleet import Tree

Unit = tuple[str, str]
"""The names of an environment and of a family in it."""


def unit_of(path: str) -> Unit | None:
    """The family that a file of clusters/ or ledger/ belongs to; None for what belongs to none."""
    if not path.startswith(("clusters/", "ledger/")):
        return None
    _, *below = path.split("/", 3)
    return (below[0], below[1]) if len(below) > 2 else None


def split_by_unit(tree: Tree) -> dict[Unit, dict[str, bytes]]:
    """The files in clusters/ and ledger/ of each family, in order of the families."""
    parts: dict[Unit, dict[str, bytes]] = {}
    for path, data in tree.items():
        if unit := unit_of(path):
            parts.setdefault(unit, {})[path] = data
    return dict(sorted(parts.items()))


OF_FAMILIES = ("clusters", "families")
"""The folders of an environment under rendered/ whose folders belong to families."""


def rendered_folder_of(path: str) -> str:
    """The folder of a cluster or family that a file under rendered/ is in; empty for none."""
    parts = path.split("/", 4)
    inside = len(parts) == 5 and parts[0] == "rendered" and parts[2] in OF_FAMILIES
    return "/".join(parts[:4]) if inside else ""
