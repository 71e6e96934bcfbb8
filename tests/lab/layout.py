"""Where the files of a lab are, and what it is started with."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lockstep.model.errors import LockstepError

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / "tools" / "bin"
DEFAULT_FOLDER = REPOSITORY / "build" / "lab"

PROGRAMS = (
    "etcd", "redis-server", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok",
    "argocd",
)  # fmt: skip
_DEBIAN = ("etcd", "redis-server")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one lab, all below its ``folder``, which only its user may enter."""

    folder: Path

    @property
    def mark(self) -> Path:
        """Says that the folder is a lab's; locked for as long as the lab runs."""
        return self.folder / ".lockstep-lab"

    @property
    def facts(self) -> Path:
        """What users of the running lab read: addresses, without secrets. There once it is up."""
        return self.folder / "lab.json"

    @property
    def control(self) -> Path:
        """The socket on which the supervisor is asked to pause, stop and start parts."""
        return self.folder / "control"

    @property
    def kubeconfig(self) -> Path:
        """With administrator's rights; one context for each destination, and ``in-cluster``."""
        return self.folder / "kubeconfig"

    @property
    def etcd(self) -> Path:
        """The files of etcd: all that the cluster holds."""
        return self.folder / "etcd"

    @property
    def repositories(self) -> Path:
        """The bare repositories that the git server shows."""
        return self.folder / "repositories"

    @property
    def secrets(self) -> Path:
        """Keys, tokens, and the files of settings that hold some."""
        return self.folder / "secrets"

    @property
    def authority(self) -> Path:
        """The certificate of the lab's own authority, which signs those of all its servers."""
        return self.secrets / "ca.pem"

    @property
    def own_log(self) -> Path:
        """What the supervisor writes; it is there before the folder is cleared."""
        return self.folder / "supervisor.log"

    @property
    def home(self) -> Path:
        """The home folder and working folder of the parts."""
        return self.folder / "home"

    def log(self, part: str) -> Path:
        """What a part writes."""
        return self.folder / "logs" / f"{part}.log"

    def secret(self, name: str) -> str:
        """The text of a file of ``secrets``, such as ``admin.token``."""
        return (self.secrets / name).read_text()

    def write_secret(self, name: str, text: str | bytes) -> Path:
        """Write a file that only the user may read; it is never there with other rights."""
        path = self.secrets / name
        path.unlink(missing_ok=True)
        data = text.encode() if isinstance(text, str) else text
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        return path


def make_layout(folder: Path) -> Layout:
    """An empty folder of a lab, from a new folder or that of an earlier lab.

    Raises LockstepError where it holds other files, so that none is ever removed.
    """
    layout = Layout(folder.resolve())
    if folder.exists() and any(folder.iterdir()) and not layout.mark.is_file():
        raise LockstepError(
            "the folder of a lab must be new or empty", where=str(folder), fix="name another: --dir"
        )
    layout.folder.mkdir(parents=True, exist_ok=True)
    layout.folder.chmod(0o700)
    layout.mark.touch()
    return layout


def clear(layout: Layout) -> None:
    """Remove what an earlier lab has left, and make the folders anew."""
    for path in layout.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path not in (layout.mark, layout.own_log):
            path.unlink()
    for each in (layout.repositories, layout.secrets, layout.home, layout.log("x").parent):
        each.mkdir(mode=0o700)


def program(name: str) -> Path:
    """A program of the lab: the one in tools/bin, or Debian's on PATH.

    Raises LockstepError where there is none.
    """
    built = TOOLS / name
    if built.is_file():
        return built
    found = shutil.which(name) if name in _DEBIAN else None
    if found:
        return Path(found).absolute()
    raise LockstepError(f"there is no {name}, a part of the lab", fix=f"make tools/bin/{name}")


def definitions() -> Path:
    """The folder of custom resource definitions: LOCKSTEP_CRDS, or shared/crds beside the checkout.

    Raises LockstepError where there is none.
    """
    named = os.environ.get("LOCKSTEP_CRDS")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "crds"
    if any(folder.glob("*.yaml")):
        return folder.resolve()
    raise LockstepError(
        "there are no custom resource definitions for the lab",
        where=str(folder),
        fix="let LOCKSTEP_CRDS name a folder with those of Argo CD, Istio and the other systems",
    )


def missing_part() -> str:
    """What a lab cannot be started without, and how it is had; empty where everything is there."""
    try:
        definitions()
        for name in PROGRAMS:
            program(name)
    except LockstepError as error:
        return f"{error.message}: {error.fix}"
    return ""
