"""What spans the families of a pull request: no version is released and adopted by the same one."""

from collections.abc import Iterable, Iterator

from lockstep.edges.git import Git
from lockstep.edges.git.objects import ABSENT
from lockstep.model.decision import Action, Decision
from lockstep.model.document import value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.model.paths import RECORD_PATH
from lockstep.model.record import read_record
from lockstep.rollout.pull_requests import RULE
from lockstep.spec.variants import serving_versions
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.sanitise import one_line


def released_and_adopted(git: Git, tree_id: str, base: str) -> list[Finding]:
    """A finding for each adoption of a version whose quarantine the same change ends.

    Also in another family or environment, because a quarantine binds those, too. Each of the two
    has to be approved, and the adoption on a state in which the release is known.
    """
    changed = git.changed_files(base, tree_id, "ledger")
    paths = [p for p, blob in changed.items() if blob != ABSENT and RECORD_PATH.fullmatch(p)]
    decisions = list(_decisions(git.read_tree(tree_id, paths, links=True))) if paths else []
    released = {d.target.digest: d.path for d in decisions if d.action is Action.RELEASE}
    adopted = [d for d in decisions if d.action is Action.ADOPT] if released else []
    return [finding for each in adopted for finding in _about(git, tree_id, each, released)]


def _decisions(records: Tree) -> Iterator[Decision]:
    for data in records.values():
        try:
            yield read_record(data).decision
        except ValueError:  # it has a finding of its own
            continue


def _about(
    git: Git, tree_id: str, adoption: Decision, released: dict[str, str]
) -> Iterator[Finding]:
    for version, digest in _serving(git, tree_id, adoption):
        if digest in released:
            text = (
                f"it adopts version {one_line(version, 80)}, whose quarantine ends in the same "
                f"pull request, by {released[digest]}"
            )
            fix = "release the version first, in a pull request of its own"
            yield Finding(adoption.path, 1, 1, RULE, text, fix)


def _serving(git: Git, tree_id: str, adoption: Decision) -> Iterable[tuple[str, str]]:
    """The versions that serve after an adoption, with the digests that their locks give."""
    versions = {v for each in adoption.variants.values() for v in serving_versions(list(each))}
    folder = f"clusters/{adoption.environment}/{adoption.family}/locks"
    paths = {f"{folder}/{version}.yaml": version for version in sorted(versions)}
    for path, data in git.read_tree(tree_id, list(paths), links=True).items():
        lock, _ = load_yaml(path, data)
        if path in paths and lock is not None:
            yield paths[path], str(value_at(lock.value, ("spec", "identity", "digest")))
