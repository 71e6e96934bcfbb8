"""What a new fleet, environment, family or cluster is to be, with defaults where one is obvious."""

from dataclasses import dataclass

DISTRIBUTION = "lockstep-gitops"
"""The name of Lockstep's distribution: ``lockstep`` on PyPI is another project."""
EXAMPLE_IMAGE = f"registry.example.com/ml/server@sha256:{'0' * 64}"
"""An image that does not exist: its digest shows that it is to be replaced."""
EXAMPLE_OWNER = "ml-team@example.com"
EXAMPLE_REPOSITORY = "https://git.example.com/ml/fleet.git"

ENVIRONMENTS = {"development": "dev", "staging": "staging", "production": "prod"}
"""The tiers, each with the usual name of its environment."""

PIPELINES = (
    "airflow", "prefect", "argo-workflows", "kubeflow", "mlflow-webhook", "ray", "dask",
)  # fmt: skip
"""The tools of training pipelines for which there are files that end in a proposal."""
TRAINING_PIPELINES = frozenset(PIPELINES) - {"mlflow-webhook"}
"""Those that need the trainer; Ray and Dask measure and register with it."""

EXAMPLE_ROUTING_KEYS = "on-call-{tenant}"
"""How Secrets with the routing keys of the pager are named."""
EXAMPLE_LABELS = (("release", "monitoring"),)
"""By what a Prometheus operator that Helm installs as ``monitoring`` selects rules."""


@dataclass(frozen=True)
class RegionRequest:
    """A region of an environment, and the name of its Kubernetes cluster in Argo CD."""

    name: str
    jurisdiction: str
    destination: str


@dataclass(frozen=True)
class EnvironmentRequest:
    """A new environment; the tenant counts in production only, which gives it a quota.

    ``operator_labels`` are those by which the Prometheus operator selects rules: with some, and in
    production always, the file says how the environment is observed.
    """

    name: str
    tier: str
    regions: tuple[RegionRequest, ...]
    repository: str
    branch: str
    kubernetes: str
    owner: str = EXAMPLE_OWNER
    tenant: str = "ml"
    namespace: str = "models"
    argocd_namespace: str = "argocd"
    argocd_project: str = "default"
    operator_labels: tuple[tuple[str, str], ...] = ()

    @property
    def observed(self) -> tuple[tuple[str, str], ...]:
        """The operator's labels, an example in production; empty where nothing observes it."""
        return self.operator_labels or (EXAMPLE_LABELS if self.tier == "production" else ())

    @property
    def destination(self) -> str:
        """An example of the Kubernetes cluster with Grafana: that of the first region."""
        return self.regions[0].destination

    @property
    def share(self) -> int:
        """The cores of its tenant in each region: a part of 32, but enough for one small family."""
        return max(32 // len(self.regions), 8)

    @property
    def quota(self) -> int:
        """The cores of its tenant: those of all regions, and 32 at least."""
        return max(self.share * len(self.regions), 32)


@dataclass(frozen=True)
class FamilyRequest:
    """A new family of a model, in some regions of an environment of a tier.

    ``observed`` says whether the environment says how it is observed: without it no alert and no
    dashboard would be rendered. ``routing_keys`` is the name of the Secret with that of its pager,
    with {tenant} and {family} for its own.
    """

    environment: str
    tier: str
    name: str
    model: str
    regions: tuple[str, ...]
    owner: str = EXAMPLE_OWNER
    tenant: str = "ml"
    namespace: str = "models"
    image: str = EXAMPLE_IMAGE
    metric: str = "auc"
    dataset: str = "holdout-{region}"
    minimum: float = 0.8
    observed: bool = False
    routing_keys: str = EXAMPLE_ROUTING_KEYS

    @property
    def gate(self) -> str:
        """The name of its gate."""
        return "quality"

    @property
    def dashboard(self) -> str:
        """The uid of its dashboard, which may have 40 characters."""
        return self.name[:40]

    @property
    def on_call(self) -> str:
        """The Secret with the routing key of its pager, as the organisation names such Secrets."""
        own = self.routing_keys.replace("{tenant}", self.tenant).replace("{family}", self.name)
        return own[:63]


@dataclass(frozen=True)
class ClusterRequest:
    """A new cluster of a family that serves one version; ``name`` is that of its file."""

    environment: str
    tier: str
    family: str
    file: str
    region: str
    jurisdiction: str
    version: str
    domain: str

    @property
    def name(self) -> str:
        """``metadata.name``, unique in the environment."""
        return f"{self.family}-{self.file}"

    @property
    def host(self) -> str:
        """The name under which it is reached."""
        return f"{self.family}.{self.file}.{self.environment}.{self.domain}"

    @property
    def principal(self) -> str:
        """An example of its cloud identity."""
        return f"arn:aws:iam::123456789012:role/{self.name}"


@dataclass(frozen=True)
class FleetRequest:
    """A new fleet: its first environment, family and clusters, and what belongs to its repository.

    ``program`` is the version of Lockstep, ``source`` where it is installed from (empty: no pin)
    and ``hash`` the digest of its wheel.
    """

    environment: EnvironmentRequest
    family: FamilyRequest
    clusters: tuple[ClusterRequest, ...]
    forge: str
    program: str
    source: str = ""
    hash: str = ""

    @property
    def distribution(self) -> str:
        """The name under which Lockstep is installed."""
        return DISTRIBUTION

    @property
    def branch(self) -> str:
        """The branch that Argo CD follows."""
        return self.environment.branch

    @property
    def repository(self) -> str:
        """The address of the repository."""
        return self.environment.repository

    @property
    def owner(self) -> str:
        """Who approves changes."""
        return self.environment.owner

    @property
    def owner_domain(self) -> str:
        """The mail domain of the owner."""
        return self.owner.rpartition("@")[2]

    @property
    def host_domain(self) -> str:
        """The domain of the hosts of its clusters."""
        return self.clusters[0].domain if self.clusters else self.owner_domain

    @property
    def image_registry(self) -> str:
        """The host that the image comes from; Docker's own where it names none."""
        first, slash, _ = self.family.image.partition("/")
        return first.lower() if slash and ("." in first or ":" in first) else "docker.io"

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """Each jurisdiction of the regions once."""
        return tuple(sorted({region.jurisdiction for region in self.environment.regions}))


@dataclass(frozen=True)
class PipelineRequest:
    """The pipelines that are to propose versions of one family: those of ``names``.

    ``regions`` are those of its clusters, ``repository`` and ``branch`` what ``lockstep.yaml``
    says, and ``dataset`` is what a version is measured on, with ``{region}`` in it.
    """

    names: tuple[str, ...]
    environment: str
    family: str
    model: str
    regions: tuple[str, ...]
    owner: str
    repository: str
    branch: str
    dataset: str
