"""``lockstep render``: write the manifests that the specs declare, remove those they do not."""

from dataclasses import dataclass, field
from pathlib import Path

from lockstep.check.compiled import templates_of
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.check.workspace import work_tree
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.finding import Finding, arrange
from lockstep.model.outcome import Outcome
from lockstep.render import render_fleet
from lockstep.render.compare import stale_paths, unrendered_folders
from lockstep.render.restored import keep_restored, restorable_folders
from lockstep.report.counting import count


@dataclass(frozen=True)
class Rendered:
    """What was written and removed (paths), and what kept a folder from being rendered."""

    outcome: Outcome
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Empty where everything was rendered."""
        return self.outcome.findings

    @property
    def text(self) -> str:
        """One line for people."""
        if not self.written and not self.removed:
            return "rendered/ is as the specs declare it"
        return f"{count(len(self.written), 'file')} written, {len(self.removed)} removed"


def run(root: Path) -> Rendered:
    """Render the work tree. Folders of malformed specs stay as they are, and are reported."""
    git = Git.find(root)
    tree = work_tree(git)
    checked = validate_tree(tree)
    sound = without_malformed(checked)
    with silenced_stderr():
        files, findings = render_fleet(sound, templates_of(tree))
    wanted = keep_restored(files, tree, restorable_folders(sound))
    unrendered = unrendered_folders(checked.fleet, files, tree)
    removed = stale_paths(wanted, tree, unrendered=unrendered)
    written = [path for path, data in wanted.items() if tree.get(path) != data]
    write_changes(git.root, {path: wanted[path] for path in written})
    write_changes(git.root, dict.fromkeys(removed))
    invalid = arrange((*checked.invalid, *findings))
    return Rendered(Checked(checked.fleet, invalid).outcome(tree), written, removed)
