"""More environments for a fleet that has one: each is like prod, with names of its own."""

import re
import shutil
from pathlib import Path


def copy_prod(prod: Path, folder: Path, predecessor: str | None = None) -> None:
    """Write an environment like ``prod``, with its families; it has the name of ``folder``."""
    shutil.copytree(prod, folder)
    name = folder.name
    for path in folder.rglob("*.yaml"):
        text = re.sub(r"(name|environment): prod\b", rf"\1: {name}", path.read_text())
        text = text.replace("namespace: scoring", f"namespace: scoring-{name}")
        path.write_text(text.replace("host: scoring", f"host: scoring-{name}"))
    name_predecessor(folder, predecessor)


def name_predecessor(folder: Path, predecessor: str | None) -> None:
    """Have an environment name its predecessor, or none."""
    settings = folder / "environment.yaml"
    text = re.sub(r"  predecessor: .*\n", "", settings.read_text())
    line = f"  predecessor: {predecessor}\n" if predecessor else ""
    settings.write_text(text.replace("spec:\n", f"spec:\n{line}", 1))
