"""A fleet in the lab: Argo CD reads its repository over HTTPS, and this is what became of it live.

::

    fleet = LabFleet.create(lab, "moves", Path("tests/examples/base/clusters/prod"), tmp_path)
    fleet.apply_root()
    with fleet.play_operators():
        fleet.wait_synced()
    fleet.remove()

Each fleet has an environment of its own, and namespaces that start with the environment's name.
"""

import json
import shutil
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.acceptance.world import EXAMPLE, REGIONS, register_versions
from tests.lab.applications import Object, is_settled, said, sync_began
from tests.lab.fleet_clone import FleetClone
from tests.lab.kubeconfig import IN_CLUSTER
from tests.lab.layout import REPOSITORY
from tests.lab.platform import MONITORING, PLATFORM, PLAYED
from tests.lab.specs import copy_specs
from tests.lab.waiting import wait_until
from tests.unit.mlflow_store import create_store

if TYPE_CHECKING:
    from tests.lab import Lab

ORGANISATION = "policies/data/organisation.yaml"
ARGOCD = "argocd"
REFRESH = "argocd.argoproj.io/refresh"

KINDS = (
    "serviceaccounts,externalsecrets.external-secrets.io,services,deployments.apps,"
    "horizontalpodautoscalers.autoscaling,scaledobjects.keda.sh,poddisruptionbudgets.policy,"
    "destinationrules.networking.istio.io,virtualservices.networking.istio.io,"
    "networkpolicies.networking.k8s.io,authorizationpolicies.security.istio.io,"
    "prometheusrules.monitoring.coreos.com,podmonitors.monitoring.coreos.com,"
    "alertmanagerconfigs.monitoring.coreos.com,instrumentations.opentelemetry.io,"
    "datadogmonitors.datadoghq.com"
)
"""What is rendered for clusters, as kubectl takes it."""

WATCHING = (
    "configmaps,prometheusrules.monitoring.coreos.com,alertmanagerconfigs.monitoring.coreos.com"
)
"""What is rendered for whole families, as kubectl takes it."""

CLOSING = "namespaces,resourcequotas,limitranges,networkpolicies.networking.k8s.io"
"""What is rendered for the namespaces of tenants, as kubectl takes it."""


@dataclass
class LabFleet(FleetClone):
    """A fleet's clone, and its Applications in the lab: ``<environment>-<cluster>``.

    Attributes:
        lab: where it is put.
    """

    lab: "Lab" = field(kw_only=True)

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
        fleet = cls(environment, folder / "clone", bare, address, lab=lab)
        fleet.make_clone()
        copy_specs(specs, fleet.clone / "clusters" / environment, environment, address)
        (fleet.clone / ORGANISATION).parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / ORGANISATION, fleet.clone / ORGANISATION)
        (fleet.clone / "lockstep.yaml").write_text(f"branch: main\nrepository: {address}\n")
        for destination in fleet.destinations():
            lab.add_destination(destination)
        return fleet

    # Argo CD

    @property
    def root(self) -> str:
        """The name of the Application of Applications."""
        return f"lockstep-{self.environment}"

    def expected(self) -> set[str]:
        """The names of the Applications that the clone renders, the root included."""
        others = self.rendered("*/**/application.yaml")
        return {self.root, *(each["metadata"]["name"] for each in others)}

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
        """The Application of a cluster, or the root by its own name. Fails where there is none.

        Those of tenants and families are ``tenant-<tenant>-<destination>`` and ``family-<family>``.
        """
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

    def listed(self, kinds: str, namespace: str | None = None, labelled: str = "") -> list[Object]:
        """The objects of these kinds that were rendered for this environment.

        ``labelled`` leaves those that have a label, such as that of clusters.
        """
        place = ("--namespace", namespace) if namespace else ("--all-namespaces",)
        selector = f"{self.selector},{labelled}" if labelled else self.selector
        text = self.kubectl("get", kinds, *place, "--selector", selector, "--output=json")
        found: list[Object] = json.loads(text)["items"]
        return found

    def listed_of_clusters(self) -> list[Object]:
        """All that was rendered for the clusters of this environment."""
        return self.listed(KINDS, labelled="lockstep.dev/cluster")

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
        # Not before its Application, which would make it anew.
        self.kubectl("delete", WATCHING, "--namespace", MONITORING, "--selector", self.selector)
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


def _changes(fleet: LabFleet) -> dict[tuple[str, str, str], object]:
    """What each live object wants: how often that was changed, or all of it where nobody counts."""
    kinds = dict.fromkeys(f"{KINDS},{WATCHING},{CLOSING}".split(","))
    return {
        (*key(each), each["metadata"].get("namespace", "")): each["metadata"].get(
            "generation", [each.get(part) for part in ("data", "spec")]
        )
        for each in fleet.listed(",".join(kinds))
    }
