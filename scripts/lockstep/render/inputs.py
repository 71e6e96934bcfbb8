"""What rendering reads of a cluster, its locks and its environment: those fields and no others.

The same values are digested into PROVENANCE, so a field that is read here counts as an input.
"""

from typing import Any

from lockstep.model.decision import Variants
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.render.buckets import Share, assign_buckets, fallback_weights, learners
from lockstep.render.fields import Fields, Unrenderable
from lockstep.render.names import object_name, version_slug
from lockstep.render.network import read_network
from lockstep.render.observability import read_destination, read_operator_labels
from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Component
from lockstep.render.targets.kubernetes.appproject import project_name
from lockstep.render.targets.kubernetes.cost import read_cost
from lockstep.render.targets.kubernetes.dashboard import read_dashboard
from lockstep.render.targets.kubernetes.datadogmonitor import read_datadog
from lockstep.render.targets.kubernetes.deployment import read_container
from lockstep.render.targets.kubernetes.destinationrule import read_warm_up
from lockstep.render.targets.kubernetes.externalsecret import read_secrets
from lockstep.render.targets.kubernetes.familyrule import read_skew
from lockstep.render.targets.kubernetes.fetch import read_fetch, read_registry
from lockstep.render.targets.kubernetes.horizontalpodautoscaler import (
    read_hpa,
    read_warm_replicas,
)
from lockstep.render.targets.kubernetes.instrumentation import read_tracing
from lockstep.render.targets.kubernetes.observabilityproject import observability_project
from lockstep.render.targets.kubernetes.paging import read_family_paging, read_paging
from lockstep.render.targets.kubernetes.poddisruptionbudget import read_disruption
from lockstep.render.targets.kubernetes.podmonitor import read_monitor
from lockstep.render.targets.kubernetes.ports import read_ports
from lockstep.render.targets.kubernetes.probes import read_probes
from lockstep.render.targets.kubernetes.prometheusrule import read_rules
from lockstep.render.targets.kubernetes.resources import require_amounts
from lockstep.render.targets.kubernetes.runtime import read_runtime
from lockstep.render.targets.kubernetes.scaledobject import read_keda, read_prometheus
from lockstep.render.targets.kubernetes.scheduling import read_scheduling
from lockstep.render.targets.kubernetes.serviceaccount import read_identity
from lockstep.render.targets.kubernetes.target import KUBERNETES
from lockstep.render.targets.kubernetes.termination import read_termination
from lockstep.render.targets.kubernetes.virtualservice import MESH
from lockstep.render.targets.kubernetes.volumes import read_volumes
from lockstep.render.tenant_places import view_tenant_places
from lockstep.render.view import (
    ArgoCd,
    ClusterView,
    EnvironmentView,
    FamilyView,
    Running,
    TenantView,
    WatchedCluster,
)
from lockstep.spec.floors import Floors, floors_of, is_autoscaled
from lockstep.spec.variants import ROLES, kept_warm
from lockstep.text.sanitise import one_line, quoted

DEFAULT_HEALTH = "/ping"
_NOT_INSIDE = (("argoproj.io", "Application"), ("", "Namespace"))


def view_cluster(cluster: Cluster, family: Family, environment: Environment) -> ClusterView:
    """The fields of a cluster that rendering uses. Raises Unrenderable where one is wrong."""
    fields = Fields(cluster)
    region = fields.text("spec", "region")
    serving, traffic = _serving(fields, environment), _traffic(fields)
    floors = floors_of(serving, production=_is_production(environment))
    network, network_origins = read_network(fields, family, environment)
    return ClusterView(
        environment=_label(environment.name, Fields(environment.document)),
        family=family.name,
        tenant=Fields(family.document).text("metadata", "tenant"),
        name=_label(fields.text("metadata", "name"), fields),
        region=region,
        namespace=fields.text("spec", "namespace"),
        host=fields.text("spec", "host"),
        hosts=_further_hosts(fields),
        gateways=_gateways(fields, environment, region),
        serving=serving,
        traffic=traffic,
        running=_running(fields, family, floors, sticky="bucketHeader" in traffic),
        destination=_destination(fields, environment, region),
        argocd=_argocd(environment),
        project=_project(family, environment),
        confirmed=_is_production(environment),
        access={**read_identity(fields), **read_secrets(fields)},
        prometheus=read_prometheus(fields, environment),
        registry=read_registry(fields, family, environment),
        network=network,
        network_origins=network_origins,
        observability=_observability(fields, environment),
    )


def view_environment(environment: Environment) -> EnvironmentView:
    """The fields of an environment that rendering uses. Raises Unrenderable."""
    name = _label(environment.name, Fields(environment.document))
    return EnvironmentView(name, _argocd(environment), read_destination(environment))


def view_family(family: Family, environment: Environment) -> FamilyView | None:
    """What watches a whole family reads of it; None where its environment has no place for that.

    Raises Unrenderable.
    """
    place = read_destination(environment)
    if place is None:
        return None
    fields = Fields(family.document)
    return FamilyView(
        environment=_label(environment.name, Fields(environment.document)),
        name=_label(family.name, fields),
        tenant=fields.text("metadata", "tenant"),
        clusters=tuple(map(_watched, family.clusters)),
        destination=place.name,
        namespace=place.namespace,
        labels=read_operator_labels(environment),
        argocd=_argocd(environment),
        project=observability_project(environment.name),
        observability={
            **read_dashboard(family, environment),
            **read_family_paging(family, environment),
            **read_skew(family, environment),
        },
    )


def view_tenants(environment: Environment) -> list[TenantView]:
    """Each tenant of an environment, as its components see it. Raises Unrenderable."""
    fields = Fields(environment.document)
    regions, tenants = ("spec", "regions"), ("spec", "tenants")
    if not fields.has(*tenants):
        return []
    count = len(fields.items(*regions))
    places = [fields.text(*regions, index, "destination") for index in range(count)]
    applied: tuple[Component[Any], ...] = (*KUBERNETES.cluster, *KUBERNETES.place)
    kinds = sorted({(each.kind.group, each.kind.kind) for each in applied})
    return [
        TenantView(
            environment=_label(environment.name, fields),
            name=_label(fields.text(*tenants, index, "name"), fields),
            index=index,
            namespaces=_texts(fields, *tenants, index, "namespaces"),
            # Regions can share a Kubernetes cluster.
            destinations=tuple(dict.fromkeys(places)),
            # Applications are where Argo CD is, and Namespaces are in no namespace.
            kinds=tuple(kind for kind in kinds if kind not in _NOT_INSIDE),
            argocd=_argocd(environment),
        )
        for index, _ in enumerate(fields.items(*tenants))
    ]


def view_places(environment: Environment) -> list[TenantPlaceView]:
    """Each tenant in each Kubernetes cluster, as its components see it. Raises Unrenderable."""
    fields = Fields(environment.document)
    views = view_tenant_places(environment, _argocd(environment))
    for view in views:
        for name in (view.environment, view.tenant, view.destination):
            _label(name, fields)
    return views


def floors_by_slug(
    cluster: Cluster, environment: Environment, variants: Variants
) -> dict[str, int]:
    """The floor of each version of ``variants`` by its slug, where an autoscaler scales them.

    Without a template, so that a rollback knows them where templates are broken. Empty where the
    fields cannot be read: a field of another type must not stop a rollback.
    """
    try:
        serving = _serving(Fields(cluster), environment)
    except Unrenderable:
        return {}
    if not is_autoscaled(serving):
        return {}
    floors, warm = floors_of(serving, production=_is_production(environment)), kept_warm(variants)
    versions = {variant["version"] for variant in variants}
    return {version_slug(v): (floors.warm if v in warm else floors.own).pods for v in versions}


def _observability(fields: Fields, environment: Environment) -> Json:
    """What each of these components needs; nothing of those that the environment leaves out."""
    return {
        **read_rules(fields, environment),
        **read_monitor(fields, environment),
        **read_paging(fields, environment),
        **read_tracing(environment),
        **read_datadog(fields, environment),
        **read_cost(fields, environment),
    }


def _is_production(environment: Environment) -> bool:
    return bool(value_at(environment.spec, ("tier",), "production") == "production")


def _label(name: str, fields: Fields) -> str:
    """A name that becomes part of a path under ``rendered/``, so it must be a valid name."""
    if object_name(name) != name:
        fields.fail(
            ("metadata", "name"), "render.input", f"{quoted(name, 80)} cannot name a folder",
            "use lower-case letters, digits and hyphens, at most 63, a letter first",
        )  # fmt: skip
    return name


def _serving(fields: Fields, environment: Environment) -> Json:
    serving = {
        "image": fields.text("spec", "serving", "image"),
        "port": fields.integer("spec", "serving", "port"),
        "health": fields.text("spec", "serving", "health", default=DEFAULT_HEALTH),
        "replicas": fields.integer("spec", "serving", "replicas"),
        "requests": fields.texts("spec", "serving", "resources", "requests"),
        "limits": fields.texts("spec", "serving", "resources", "limits"),
        # Each is there only where the spec has it, so that the inputs of other clusters keep their
        # digest when Lockstep learns a new field.
        **read_container(fields),
        **read_fetch(fields),
        **read_ports(fields),
        **read_probes(fields),
        **read_scheduling(fields),
        **read_termination(fields, environment),
        **read_volumes(fields),
        **read_disruption(fields),
        **read_hpa(fields),
        **read_keda(fields, environment),
        **read_warm_replicas(fields),
        **read_warm_up(fields),
        **read_runtime(fields),
    }
    require_amounts(fields, serving)
    return serving


def _traffic(fields: Fields) -> Json:
    here = ("spec", "traffic")
    # Only what the spec has, for the same reason as in _serving.
    traffic: Json = {}
    for name in ("timeout", "bucketHeader"):
        if fields.has(*here, name):
            traffic[name] = fields.text(*here, name)
    if fields.has(*here, "retries"):
        traffic["retries"] = {"attempts": fields.integer(*here, "retries", "attempts")}
        # The defaults of a family may have a timeout where a cluster switches retries off.
        if traffic["retries"]["attempts"] and fields.has(*here, "retries", "perTryTimeout"):
            each = fields.text(*here, "retries", "perTryTimeout")
            traffic["retries"]["perTryTimeout"] = each
    if fields.has(*here, "circuitBreaker"):
        traffic["circuitBreaker"] = {
            "consecutiveErrors": fields.integer(*here, "circuitBreaker", "consecutiveErrors"),
            "ejectFor": fields.text(*here, "circuitBreaker", "ejectFor"),
        }
    return traffic


def _running(
    fields: Fields, family: Family, floors: Floors, *, sticky: bool
) -> tuple[Running, ...]:
    identities: dict[str, dict[str, str | None]] = {}
    shares: list[Share] = []
    for index, variant in enumerate(fields.items("spec", "variants")):
        here = ("spec", "variants", index)
        version, weight = fields.text(*here, "version"), fields.integer(*here, "weight")
        # What neither serves nor is warm needs no lock: nothing of it is rendered.
        if weight > 0 or value_at(variant, ("warm",)) is True:
            identities[version] = _identity(fields, family, index, version)
        name, arm = fields.text(*here, "name"), value_at(variant, ("experiment",)) is True
        shares.append(Share(name, version, weight, arm, arm and _learns(fields, name)))
    # Several roles can have one version, which runs once and gets the sum of their weights.
    weights = {v: sum(s.weight for s in shares if s.version == v) for v in identities}
    if not any(weights.values()):
        fields.fail(
            ("spec", "variants"), "render.no-traffic", "no variant has any weight",
            "give the stable variant the weight that the others leave of 100",
        )  # fmt: skip
    alone, fallback = learners(shares), fallback_weights(shares)
    if alone and not fallback:
        fields.fail(
            ("spec", "variants"), "render.no-traffic",
            "only arms that learn live have weight, and they get no requests without a bucket",
            "give the stable variant a weight, so that such requests have somewhere to go",
        )  # fmt: skip
    buckets = assign_buckets(shares) if sticky else {}
    warm = kept_warm(fields.items("spec", "variants"))
    # By version and not by role, so that a version that becomes stable moves nothing. By length
    # first, so that 9 is before 10.
    order = sorted(identities, key=lambda version: (len(version), version))
    return tuple(
        Running(
            v, version_slug(v), weights[v], tuple(buckets.get(v, ())), identities[v],
            fallback.get(v, 0), floors.warm if v in warm else floors.own, alone.get(v, ()),
        )
        for v in order
    )  # fmt: skip


def _learns(fields: Fields, arm: str) -> bool:
    """Whether an arm keeps learning from the answers that it gives."""
    here = ("spec", "experiments", arm, "learnsFrom")
    return arm not in ROLES and fields.has(*here) and fields.text(*here) == "live"


def _identity(fields: Fields, family: Family, index: int, version: str) -> dict[str, str | None]:
    here = ("spec", "variants", index, "version")
    how = f"lockstep lock {family.environment}/{family.name} {one_line(version, 80)}"
    lock = family.locks.get(version)
    if lock is None:
        message = (
            f"version {quoted(version, 80)} runs here but has no lock, so its content is not known"
        )
        fields.fail(here, "render.lock", message, how)
    facts = Fields(lock)
    identity: dict[str, str | None] = {
        name: facts.text("spec", "identity", name)
        for name in ("registry", "model", "version", "digest", "source")
    }
    for name in ("modelId", "run"):
        there = ("spec", "identity", name)
        identity[name] = facts.text(*there) if facts.has(*there) else None
    # A lock under the wrong file name would serve another model under this version's name.
    if identity["version"] != version:
        message = f"{lock.path} is the lock of version {quoted(str(identity['version']), 80)}"
        fields.fail(here, "render.lock", message, how)
    return identity


def _destination(fields: Fields, environment: Environment, region: str) -> str:
    index = environment.region_index(region)
    if index is not None:
        return Fields(environment.document).text("spec", "regions", index, "destination")
    fields.fail(
        ("spec", "region"), "render.region",
        f"region {region!r} is not in {environment.document.path}",
        "use a region of the environment, or add it there with its destination",
    )  # fmt: skip


def _watched(cluster: Cluster) -> WatchedCluster:
    fields = Fields(cluster)
    name = _label(fields.text("metadata", "name"), fields)
    return WatchedCluster(name, fields.text("spec", "region"))


def _further_hosts(fields: Fields) -> tuple[str, ...]:
    """The hosts in addition to ``host``, each once.

    A spec that repeats one has a finding already; repeated in a VirtualService, the template would
    seem to be wrong, too.
    """
    first = fields.text("spec", "host")
    return tuple(h for h in dict.fromkeys(_texts(fields, "spec", "hosts")) if h != first)


def _gateways(fields: Fields, environment: Environment, region: str) -> tuple[str, ...]:
    """The Istio Gateways of the cluster, else those of its region, and always the mesh.

    Without the mesh the routes would not apply to callers inside: the Service would send them to
    the pods of all versions, whatever their weights.
    """
    named = _texts(fields, "spec", "gateways")
    index = environment.region_index(region)
    if not named and index is not None:
        named = _texts(Fields(environment.document), "spec", "regions", index, "gateways")
    return tuple(dict.fromkeys((*named, MESH)))


def _texts(fields: Fields, *pointer: str | int) -> tuple[str, ...]:
    """A list of texts; empty where it is missing."""
    if not fields.has(*pointer):
        return ()
    return tuple(fields.text(*pointer, index) for index, _ in enumerate(fields.items(*pointer)))


def _project(family: Family, environment: Environment) -> str:
    """The AppProject of the family's tenant; of the environment where that lists no tenants."""
    if not Fields(environment.document).has("spec", "tenants"):
        return _argocd(environment).project
    return project_name(environment.name, Fields(family.document).text("metadata", "tenant"))


def _argocd(environment: Environment) -> ArgoCd:
    fields = Fields(environment.document)
    here = ("spec", "argocd")
    return ArgoCd(
        fields.text(*here, "namespace"),
        fields.text(*here, "project"),
        fields.text(*here, "repoURL"),
        fields.text(*here, "revision"),
    )
