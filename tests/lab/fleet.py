"""A fleet in the lab: its repository, which Argo CD reads over HTTPS, and what became of it live.

::

    fleet = LabFleet.create(lab, "moves", Path("tests/examples/base/clusters/prod"), tmp_path)
    fleet.apply_root()
    with fleet.play_operators():
        fleet.wait_synced()
    fleet.remove()

Each fleet has an environment of its own, and namespaces that start with the environment's name.
"""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lockstep.cli import invoke
from tests.acceptance.world import EXAMPLE, REGIONS, git, register_versions
from tests.unit.mlflow_store import create_store

if TYPE_CHECKING:
    from tests.lab import Lab

REPOSITORY = Path(__file__).resolve().parents[2]
ORGANISATION = "policies/data/organisation.yaml"
ARGOCD = "argocd"
IN_CLUSTER = "in-cluster"
REFRESH = "argocd.argoproj.io/refresh"

Object = dict[str, Any]

KINDS = (
    "serviceaccounts,externalsecrets.external-secrets.io,services,deployments.apps,"
    "horizontalpodautoscalers.autoscaling,scaledobjects.keda.sh,poddisruptionbudgets.policy,"
    "destinationrules.networking.istio.io,virtualservices.networking.istio.io"
)
"""What is rendered for clusters, as kubectl takes it."""


def _true(name: str) -> dict[str, str]:
    return {"type": name, "status": "True", "reason": "Played", "message": "the test says so"}


PLAYED = {
    "ExternalSecret": ("externalsecrets.external-secrets.io", [_true("Ready")]),
    "ScaledObject": ("scaledobjects.keda.sh", [_true("Ready")]),
    "HorizontalPodAutoscaler": (
        "horizontalpodautoscalers.autoscaling",
        [_true("AbleToScale"), _true("ScalingActive")],
    ),
}
"""What the lab has no operator or no measurements for: its resource, and what is reported of it."""


def _node(zone: str) -> Object:
    labels = {
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "nvidia.com/gpu.product": "NVIDIA-L4",
    }
    room = {"cpu": "64", "memory": "256Gi", "pods": "500", "nvidia.com/gpu": "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"platform-{zone}",
            "labels": labels,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


PLATFORM = [
    *map(_node, ("zone-a", "zone-b", "zone-c")),
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "online-models"},
        "value": 1000,
    },
]
"""What the reference fleet takes for granted in a cluster: nodes with GPUs, a priority class."""

# The verbs that ask a registry.
MOVING = {"propose", "advance", "hold", "resume", "revert", "release", "adopt", "lock"}


@dataclass
class LabFleet:
    """One environment of a fleet: ``clone`` to change it in, and its Applications in the lab.

    Attributes:
        lab: where it is put.
        environment: its name; its Applications are ``<environment>-<cluster>``.
        clone: a work tree of ``main``; git reaches ``address`` in it by the path of ``bare``.
        bare: the repository that Argo CD reads.
        address: how Argo CD reads it.
        registry: the URI of the family's MLflow registry, where the fleet has one.
    """

    lab: "Lab"
    environment: str
    clone: Path
    bare: Path
    address: str
    registry: str | None = None

    @classmethod
    def create(
        cls,
        lab: "Lab",
        environment: str,
        specs: Path,
        folder: Path,
        families: Collection[str] | None = None,
    ) -> "LabFleet":
        """A fleet with the specs of one environment, renamed, rendered, committed and pushed.

        Args:
            lab: a running lab.
            environment: the new name of the environment, a DNS label that no other fleet has.
            specs: the folder of an environment, with its environment.yaml.
            folder: where the clone goes, as ``clone``; it need not be empty.
            families: those to take; all of them by default.
        """
        fleet = cls._start(lab, environment, specs, folder)
        for family in (fleet.clone / "clusters" / environment).iterdir():
            if families and family.is_dir() and family.name not in families:
                shutil.rmtree(family)
        fleet.publish("the first fleet")
        return fleet

    @classmethod
    def create_rolling(cls, lab: "Lab", environment: str, folder: Path) -> "LabFleet":
        """The family ``scoring`` in two regions with version 1 adopted; 2 and 3 are registered.

        Its registry is real, in ``folder``; ``lockstep`` uses it.
        """
        fleet = cls._start(lab, environment, EXAMPLE / "prod", folder)
        store = create_store(folder)
        register_versions(store)
        fleet.registry = store.uri
        family = fleet.clone / "clusters" / environment / "scoring"
        shutil.rmtree(family / "locks")
        for region in REGIONS:
            path = family / f"{region}.yaml"
            path.write_text(path.read_text().replace('version: "7"', 'version: "1"'))
        fleet.must("lock", f"{environment}/scoring", "1")
        fleet.publish("the first fleet")
        fleet.must("adopt", f"{environment}/scoring", "--reason", "the state before Lockstep")
        return fleet

    @classmethod
    def _start(cls, lab: "Lab", environment: str, specs: Path, folder: Path) -> "LabFleet":
        """A clone with the renamed specs, in which nothing is rendered or committed."""
        bare, address = lab.add_repository(environment)
        fleet = cls(lab, environment, folder / "clone", Path(bare), address)
        fleet._make_clone()
        target = fleet.clone / "clusters" / environment
        shutil.copytree(specs, target)
        for path in target.rglob("*.yaml"):
            path.write_text(_renamed(path.read_text(), path, environment, address))
        (fleet.clone / ORGANISATION).parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / ORGANISATION, fleet.clone / ORGANISATION)
        (fleet.clone / "lockstep.yaml").write_text(f"branch: main\nrepository: {address}\n")
        for destination in fleet.destinations():
            lab.add_destination(destination)
        return fleet

    def _make_clone(self) -> None:
        self.clone.mkdir(parents=True)
        git(self.clone, "init", "--quiet", "--initial-branch=main")
        git(self.clone, "config", "user.name", "A runner")
        git(self.clone, "config", "user.email", "runner@example.com")
        git(self.clone, "remote", "add", "origin", self.address)
        git(self.clone, "config", f"url.{self.bare}.insteadOf", self.address)

    # The repository

    def lockstep(self, *arguments: str) -> tuple[int, str]:
        """Run a command line on the clone in this process: its exit code and what it printed."""
        where = ["--root", str(self.clone)]
        if self.registry and arguments[0] in MOVING:
            where += ["--registry-uri", self.registry]
        return invoke([*arguments, *where])

    def must(self, *arguments: str) -> str:
        """Run a command line that has to succeed; what it printed."""
        code, text = self.lockstep(*arguments)
        assert code == 0, f"{arguments}: exit {code}\n{text}"
        return text

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that is in a file of the clone exactly once."""
        file = self.clone / path
        text = file.read_text()
        assert text.count(old) == 1, (path, old, text)
        file.write_text(text.replace(old, new))

    def merge_proposal(self, version: str, family: str = "scoring") -> None:
        """Propose a version, merge its branch into main and push that."""
        text = self.must("propose", f"{self.environment}/{family}", version, "--format", "json")
        branch = json.loads(text)["results"][0]["branch"]
        git(self.clone, "merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}")
        self.push()

    def render(self) -> None:
        """Write rendered/ as the specs declare it."""
        self.must("render")

    def commit(self, message: str) -> str:
        """Commit everything as it is, without rendering it; the commit's id."""
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", f"--message={message}")
        return git(self.clone, "rev-parse", "HEAD")

    def push(self) -> None:
        """Push main."""
        git(self.clone, "push", "--quiet", "origin", "main")

    def publish(self, message: str) -> str:
        """Render, commit and push; the commit's id."""
        self.render()
        commit = self.commit(message)
        self.push()
        return commit

    def tip(self) -> str:
        """The commit that main has at the remote."""
        return git(self.bare, "rev-parse", "main")

    def rendered(self, pattern: str = "**/*.yaml") -> list[Object]:
        """The objects of the rendered files of this environment that match, in order of paths."""
        found = sorted((self.clone / "rendered" / self.environment).glob(pattern))
        objects = [each for path in found for each in yaml.safe_load_all(path.read_text())]
        return [each for each in objects if each]

    def destinations(self) -> list[str]:
        """The names under which Argo CD knows the clusters of the regions."""
        text = (self.clone / "clusters" / self.environment / "environment.yaml").read_text()
        return [each["destination"] for each in yaml.safe_load(text)["spec"]["regions"]]

    # Argo CD

    @property
    def root(self) -> str:
        """The name of the Application of Applications."""
        return f"lockstep-{self.environment}"

    def expected(self) -> set[str]:
        """The names of the Applications that the clone renders, the root included."""
        clusters = self.rendered("clusters/*/application.yaml")
        return {self.root, *(each["metadata"]["name"] for each in clusters)}

    def apply_root(self) -> None:
        """Apply the one file that people apply by hand."""
        folder = self.clone / "rendered" / self.environment / "environment"
        self.kubectl("apply", "--filename", str(folder / "applications.yaml"))

    def refresh(self, *applications: str, how: str = "normal") -> None:
        """Have Argo CD look at git now, for these Applications or for all of the environment.

        ``how`` is ``normal``, or ``hard``: what it keeps of git does not count.
        """
        which = applications or ("--selector", self.selector)
        self.kubectl(
            "annotate", "applications.argoproj.io", *which, "--namespace", ARGOCD,
            f"{REFRESH}={how}", "--overwrite",
        )  # fmt: skip

    def application(self, cluster: str) -> Object:
        """The Application of a cluster, or the root by its own name. Fails where there is none."""
        name = cluster if cluster == self.root else f"{self.environment}-{cluster}"
        found = self.live("applications.argoproj.io", name, ARGOCD)
        assert found is not None, f"there is no Application {name}"
        return found

    def applications(self) -> dict[str, Object]:
        """Every Application of the environment, by name; the root is one of them."""
        found = self.listed("applications.argoproj.io", ARGOCD)
        return {each["metadata"]["name"]: each for each in found}

    def wait_synced(self, revision: str | None = None, timeout: float = 240) -> dict[str, Object]:
        """Wait until every Application is Synced and Healthy, and gives them.

        Args:
            revision: the commit that they have to be at; the tip of main by default.
            timeout: seconds, after which it fails with what each Application says.
        """
        wanted, expected = revision or self.tip(), self.expected()
        self.refresh()

        def arrived() -> bool:
            found = self.applications()
            return expected <= set(found) and all(
                is_settled(found[name], wanted) for name in expected
            )

        wait_until(arrived, timeout, lambda: "\n".join(map(said, self.applications().values())))
        return self.applications()

    def reconcile(self, how: str = "normal") -> dict[str, Object]:
        """Have every Application compare git and live once more; the Applications after that.

        ``how`` as for ``refresh``.
        """
        before = {name: app["status"]["reconciledAt"] for name, app in self.applications().items()}
        self.refresh(how=how)

        def compared() -> bool:
            found = self.applications()
            return all(
                found[name]["status"]["reconciledAt"] > time
                and REFRESH not in found[name]["metadata"].get("annotations", {})
                for name, time in before.items()
            )

        wait_until(compared, 120, lambda: "\n".join(map(said, self.applications().values())))
        return self.applications()

    # Live objects

    def put_platform(self) -> None:
        """Put in what clusters have before any fleet, unless it is there already."""
        self.kubectl("apply", "--filename=-", input=yaml.safe_dump_all(PLATFORM))

    @property
    def selector(self) -> str:
        """Selects what was rendered for this environment."""
        return f"lockstep.dev/environment={self.environment}"

    def kubectl(self, *arguments: str, **more: Any) -> str:
        """Run kubectl in Argo CD's own cluster unless it names another context."""
        return self.lab.kubectl(*arguments, **{"context": IN_CLUSTER, **more})

    def live(
        self, kind: str, name: str, namespace: str | None = None, destination: str = IN_CLUSTER
    ) -> Object | None:
        """An object as the API has it; None where it is not there."""
        place = ("--namespace", namespace) if namespace else ()
        text = self.kubectl(
            "get", kind, name, *place, "--ignore-not-found", "--output=json", context=destination
        )
        return json.loads(text) if text.strip() else None

    def listed(self, kinds: str, namespace: str | None = None) -> list[Object]:
        """The objects of these kinds that were rendered for this environment."""
        place = ("--namespace", namespace) if namespace else ("--all-namespaces",)
        text = self.kubectl("get", kinds, *place, "--selector", self.selector, "--output=json")
        found: list[Object] = json.loads(text)["items"]
        return found

    @contextmanager
    def play_operators(self) -> Iterator[None]:
        """Meanwhile report that each object of ``PLAYED`` is ready, as its operator would."""
        done = threading.Event()
        failures: list[BaseException] = []

        def play() -> None:
            while not done.wait(0.5):
                try:
                    self._report_ready()
                except BaseException as error:  # the test has to see what its thread saw
                    failures.append(error)
                    return

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(60)
        assert not failures, failures

    def _report_ready(self) -> None:
        for each in self.listed(",".join(resource for resource, _ in PLAYED.values())):
            if each.get("status", {}).get("conditions"):
                continue
            meta = each["metadata"]
            resource, conditions = PLAYED[each["kind"]]
            self.kubectl(
                "patch", resource, meta["name"], "--namespace", meta["namespace"],
                "--subresource=status", "--type=merge",
                "--patch", json.dumps({"status": {"conditions": conditions}}),
            )  # fmt: skip

    def namespaces(self) -> list[str]:
        """The namespaces of the environment that exist."""
        names = self.kubectl("get", "namespaces", "--output=name").split()
        own = [name.partition("/")[2] for name in names]
        return [name for name in own if name.startswith(f"{self.environment}-")]

    def remove(self, timeout: float = 240) -> None:
        """Take everything of this fleet out of the lab, without asking Argo CD."""
        kinds = ("applications.argoproj.io", "appprojects.argoproj.io")
        self.kubectl("delete", kinds[0], self.root, "--namespace", ARGOCD, "--ignore-not-found")
        names = [name for kind in kinds for name in self._names(kind)]
        for name in names:
            nothing = '{"metadata":{"finalizers":null}}'
            self.kubectl("patch", name, "--namespace", ARGOCD, "--type=merge", "--patch", nothing)
        if names:
            self.kubectl("delete", *names, "--namespace", ARGOCD, "--ignore-not-found")
        if names := self.namespaces():
            self.kubectl("delete", "namespaces", *names, "--wait=false", "--ignore-not-found")
        wait_until(
            lambda: not self.namespaces(), timeout, lambda: f"left: {', '.join(self.namespaces())}"
        )
        shutil.rmtree(self.bare)

    def _names(self, kind: str) -> list[str]:
        text = self.kubectl(
            "get", kind, "--namespace", ARGOCD, "--selector", self.selector, "--output=name"
        )
        return text.split()


def wait_until(true: Callable[[], bool], timeout: float, last: Callable[[], str]) -> None:
    """Wait until something is true; fails with the last state after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, f"not so after {timeout:.0f} s:\n{last()}"
        time.sleep(0.3)


def is_settled(application: Object, revision: str | None = None) -> bool:
    """Whether an Application is Synced and Healthy, at this revision, with nothing running."""
    status = application.get("status", {})
    sync = status.get("sync", {})
    phase = status.get("operationState", {}).get("phase")
    return (
        sync.get("status") == "Synced"
        and status.get("health", {}).get("status") == "Healthy"
        and revision in (None, sync.get("revision"))
        and "operation" not in application
        and phase == "Succeeded"
    )


def sync_began(application: Object) -> str:
    """When the newest sync of an Application began."""
    began: str = application["status"]["operationState"]["startedAt"]
    return began


def key(each: Any) -> tuple[str, str]:
    """What tells the objects of a fleet apart: names hold the cluster's, which is unique in it."""
    return each["kind"], each["metadata"]["name"]


def assert_stays_synced(fleet: LabFleet) -> None:
    """Fails where further comparisons of a settled fleet change or sync anything."""
    before, changes = fleet.applications(), _changes(fleet)
    for how in ("normal", "hard", "normal"):
        apps = fleet.reconcile(how)
        unsettled = [said(app) for app in apps.values() if not is_settled(app, fleet.tip())]
        assert unsettled == []
    assert {name: sync_began(app) for name, app in apps.items()} == {
        name: sync_began(app) for name, app in before.items()
    }
    assert _changes(fleet) == changes


def _changes(fleet: LabFleet) -> dict[tuple[str, str], int]:
    """How often each live object was changed in what it wants."""
    return {key(each): each["metadata"].get("generation", 0) for each in fleet.listed(KINDS)}


def said(application: Object) -> str:
    """What an Application says of itself, in one line."""
    status = application.get("status", {})
    sync, state = status.get("sync", {}), status.get("operationState", {})
    parts = [
        application["metadata"]["name"],
        sync.get("status", "-"),
        sync.get("revision", "-")[:8],
        status.get("health", {}).get("status", "-"),
        f"{state.get('phase', 'no operation')}: {state.get('message', '')}",
        *(f"{each['type']}: {each['message']}" for each in status.get("conditions", ())),
        *(
            f"{each['kind']}/{each['name']} {each.get('status', '')}"
            f" {each.get('health', {}).get('status', '')}"
            for each in status.get("resources", ())
            if each.get("status") != "Synced"
            or each.get("health", {}).get("status", "Healthy") != "Healthy"
        ),
    ]
    return " | ".join(parts)


def _renamed(text: str, path: Path, environment: str, address: str) -> str:
    """The text of a spec in another environment, with namespaces and a repository of its own."""
    if path.name == "environment.yaml":
        text = re.sub(r"(metadata:\s*\{?\s*name: )[\w-]+", rf"\g<1>{environment}", text, count=1)
        text = re.sub(r"repoURL: [^\s,}]+", f"repoURL: {address}", text)
        return re.sub(
            r"(namespaces: \[)([^\]]*)\]",
            lambda found: found[1] + re.sub(r"[\w-]+", rf"{environment}-\g<0>", found[2]) + "]",
            text,
        )
    if path.parent.name == "locks" or path.name == "quarantine.yaml":
        return re.sub(r"(\benvironment: )[\w-]+", rf"\g<1>{environment}", text, count=1)
    return re.sub(r"(\bnamespace: )([\w-]+)", rf"\g<1>{environment}-\g<2>", text)
