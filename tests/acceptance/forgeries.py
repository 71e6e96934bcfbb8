"""Records that a person writes by hand, with plain git, for tests that bring them in.

They follow the newest record with the right digest and id: only what they claim is false.
"""

from pathlib import Path
from typing import Any

from msgspec import structs

from lockstep.model.decision import Action, Decision, Phase, Position
from lockstep.model.record import read_record, write_record
from tests.acceptance.rollouts import (
    DAY,
    last_record,
)
from tests.acceptance.world import FAMILY, REGIONS, World

FOLDER = "rendered/prod/clusters/scoring-eu-west-1"
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mine}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: mallory, apiGroup: rbac.authorization.k8s.io}]
"""


def newest(world: World) -> Decision:
    return read_record(last_record(world).read_bytes()).decision


def add(world: World, **fields: Any) -> Path:
    """A record by hand that follows the newest one, with the right digest and id."""
    record = read_record(last_record(world).read_bytes())
    was = record.decision
    made = structs.replace(
        was, sequence=was.sequence + 1, previous=record.digest, source=was.to,
        **{"evidence": (), "verdict": None, "quarantines": False, "restored": None,
           "verified_state": None, "unchecked": (), "decided_at": f"{DAY}22:00:00Z", **fields},
    )  # fmt: skip
    path = world.clone / made.path
    path.write_bytes(write_record(made))
    return path


def readopt(world: World, **fields: Any) -> Path:
    """An adoption by hand of what the newest record says, with its state."""
    first = read_record(sorted(last_record(world).parent.glob("*.json"))[0].read_bytes()).decision
    return add(world, **{
        "action": Action.ADOPT, "to": Position(Phase.STEADY), "target": first.target,
        "variants": first.variants, "verified_state": first.verified_state, **fields,
    })  # fmt: skip


def state_with(world: World, **objects: dict[str, str]) -> Any:
    """The verified state of the first record, with other objects in ``files`` or ``folders``."""
    path = sorted(last_record(world).parent.glob("*.json"))[0]
    state = read_record(path.read_bytes()).decision.verified_state
    assert state is not None
    changes = {name: {**getattr(state, name), **each} for name, each in objects.items()}
    return structs.replace(state, **changes)


def pull(world: World) -> tuple[int, str]:
    """What CI says of the work tree as a pull request."""
    world.git("switch", "--quiet", "--create", "pull")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--allow-empty", "-m", "mine")
    return world.lockstep("check", "--base", "origin/main")


def refused(world: World, *words: str) -> str:
    code, said = pull(world)
    assert code == 10, said
    for word in words:
        assert word in said, said
    return said


def stored(world: World, files: dict[str, bytes], folder: str = "docs/notes") -> str:
    """Store files in a folder of the repository; the id of its tree."""
    for name, data in files.items():
        path = world.clone / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    world.git("add", "--all")
    return world.git("rev-parse", f"{world.git('write-tree')}:{folder}")


def evil_files(world: World) -> dict[str, bytes]:
    """The rendered folder of a cluster, with an object that no template has."""
    folder = world.clone / FOLDER
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**files, "binding.yaml": BINDING.encode()}


def state_here(world: World) -> Any:
    """The state of the work tree, as an adoption would record it."""
    world.git("add", "--all")
    tree = world.git("write-tree")
    folder = world.clone / "clusters" / FAMILY
    files = [str(p.relative_to(world.clone)) for p in sorted(folder.rglob("*.yaml"))]
    paths = {
        "files": [f for f in files if "quarantine" not in f],
        "folders": [f"rendered/prod/clusters/scoring-{region}" for region in REGIONS],
    }
    return structs.replace(
        state_with(world),
        **{kind: {p: world.git("rev-parse", f"{tree}:{p}") for p in each}
           for kind, each in paths.items()},
    )  # fmt: skip
