"""The state of a cluster that holds the custom resource definitions and nothing else.

The API server takes longer over four megabytes of definitions than over all that comes after, so
the first lab keeps etcd's files as they are then, and the next ones begin with a copy.
"""

import shutil
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tests.lab.layout import REPOSITORY, program

_KEPT = REPOSITORY / "build" / "lab-state"
_NEW = "new-"


def kept_state(definitions: Path, kept: Path = _KEPT) -> Path:
    """Where the state with these definitions is kept; it need not be there yet.

    The name changes with what it depends on: the definitions, and the programs that wrote it.
    """
    digest = sha256()
    for path in sorted(definitions.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + sha256(path.read_bytes()).digest())
    for name in ("etcd", "kube-apiserver"):
        found = program(name).stat()
        digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return kept / digest.hexdigest()[:32]


def keep_state(data: Path, state: Path) -> None:
    """Keep the files of an etcd that is stopped, in place of those that were kept before."""
    state.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=state.parent))
    shutil.copytree(data, new / "etcd")
    # Under its name only once it is whole; another lab may have been first.
    with suppress(OSError):
        (new / "etcd").rename(state)
    shutil.rmtree(new)
    for earlier in state.parent.iterdir():
        if earlier != state and not earlier.name.startswith(_NEW):
            shutil.rmtree(earlier, ignore_errors=True)
