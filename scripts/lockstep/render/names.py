"""Names of folders, Kubernetes objects and labels, made from names that people chose."""

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple


class Limit(NamedTuple):
    """What a consumer of a name allows: characters, why, and where that is said."""

    consumer: str
    most: int
    why: str
    source: str


KEDA_PREFIX = "keda-hpa-"

_KUBERNETES = "https://kubernetes.io/docs/concepts/overview/working-with-objects"
_GENERATE = (
    "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/"
    "storage/names/generate.go"
)

OF_CLUSTERS = (
    Limit(
        "Service", 63, "it is a DNS label, the first of its host name",
        f"{_KUBERNETES}/names/#rfc-1035-label-names",
    ),
    Limit(
        "values of labels, such as lockstep.dev/cluster", 63, "Kubernetes refuses longer ones",
        f"{_KUBERNETES}/labels/#syntax-and-character-set",
    ),
    Limit(
        "Application", 63,
        "Argo CD may write it into the label app.kubernetes.io/instance, and cuts it there: two "
        "Applications could then claim the objects of each other",
        "https://github.com/argoproj/argo-cd/blob/master/util/argo/resource_tracking.go",
    ),
)  # fmt: skip
"""The consumers of names that clusters and environments have. They never change while they live."""

OF_VERSIONS = (
    Limit(
        "Deployment", 63 - len("-0123456789") - len("-01234"),
        "a pod is named by it, the hash of its template and five more characters. Kubernetes cuts "
        "what is longer than 63: the hash, then the version",
        _GENERATE,
    ),
    Limit(
        "ScaledObject", 63 - len(KEDA_PREFIX),
        "KEDA refuses one whose HorizontalPodAutoscaler, keda-hpa- and the name, would be longer",
        "https://github.com/kedacore/keda/blob/main/apis/keda/v1alpha1/scaledobject_webhook.go",
    ),
    Limit(
        "subset of a DestinationRule", 63, "Istio refuses one that is not a DNS label",
        "https://github.com/istio/istio/blob/master/pkg/config/validation/validation.go",
    ),
)  # fmt: skip
"""The consumers of names that versions have. All objects of a version have the same name."""

DNS_LABEL_LIMIT = min(limit.most for limit in OF_CLUSTERS)
VERSION_LIMIT = min(limit.most for limit in OF_VERSIONS)
SLUG_LIMIT = len("v1234567890")
"""The versions of MLflow are numbers of at most ten digits."""
BASE_LIMIT = VERSION_LIMIT - 1 - SLUG_LIMIT
"""What is left for the cluster's name, however long its versions are or will be."""
# Few enough to read; should two names still be equal, collisions reports it.
_HASH_DIGITS = 8
_NOT_IN_NAMES = re.compile(r"[^a-z0-9-]+")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def cluster_folder(environment: str, cluster: str) -> str:
    """Where a cluster's manifests are: ``rendered/<environment>/clusters/<cluster>``."""
    return f"{clusters_folder(environment)}/{cluster}"


def environment_folder(environment: str) -> str:
    """Where the manifests are that belong to a whole environment."""
    return f"rendered/{environment}/environment"


def clusters_folder(environment: str) -> str:
    """Where the folders of an environment's clusters are."""
    return f"rendered/{environment}/clusters"


def tenants_folder(environment: str) -> str:
    """Where the manifests are that belong to the tenants of an environment."""
    return f"rendered/{environment}/tenants"


def tenant_folder(environment: str, tenant: str) -> str:
    """Where the manifests of one tenant are."""
    return f"{tenants_folder(environment)}/{tenant}"


def tenant_place_folder(environment: str, tenant: str, destination: str) -> str:
    """Where the manifests are of a tenant's namespaces in one Kubernetes cluster."""
    return f"{tenant_folder(environment, tenant)}/{destination}"


def families_folder(environment: str) -> str:
    """Where the folders of what belongs to whole families of an environment are."""
    return f"rendered/{environment}/families"


def family_folder(environment: str, family: str) -> str:
    """Where the manifests are that belong to a family as a whole, and to none of its clusters."""
    return f"{families_folder(environment)}/{family}"


# Cached, as label_value: all objects of a cluster have the same few names and labels.
@lru_cache(maxsize=4096)
def object_name(*parts: str, limit: int = DNS_LABEL_LIMIT) -> str:
    """A DNS label (RFC 1035: it begins with a letter) for the parts joined by hyphens.

    It has at most ``limit`` characters. A name that had to be changed or cut ends in a hash of the
    exact parts, so that ``1.0`` and ``1-0`` stay two names. Different parts can still give one name
    (``a`` + ``b-c`` and ``a-b`` + ``c``): ``collisions`` looks for that in the rendered objects of
    a fleet.
    """
    wanted = "-".join(parts)
    name = _NOT_IN_NAMES.sub("-", wanted.lower()).strip("-")
    if not name[:1].isalpha():
        # The name of a Service must begin with a letter, unlike that of other objects.
        name = f"m-{name}".rstrip("-")
    if name == wanted and len(name) <= limit:
        return name
    room = limit - _HASH_DIGITS - 1
    return f"{name[:room].rstrip('-')}-{_hash(parts)}"


def version_slug(version: str) -> str:
    """The name of a version inside object names, subset names and file names: ``v42``."""
    return object_name(f"v{version}", limit=SLUG_LIMIT)


def versioned_name(cluster: str, slug: str) -> str:
    """The name of the objects of one version of a cluster, by the version's slug.

    The part before the slug is that of all versions, so that a version with one digit more, in the
    middle of a rollout, changes no name and crosses no limit.
    """
    return f"{object_name(cluster, limit=BASE_LIMIT)}-{slug}"


def family_name(environment: str, family: str) -> str:
    """The name of the objects of a whole family: those of all environments can be in one place."""
    return object_name(environment, "family", family)


@lru_cache(maxsize=4096)
def label_value(text: str) -> str:
    """A valid label value (at most 63 of letters, digits and ``-_.``) for any text.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    return text if _LABEL_VALUE.fullmatch(text) else object_name(text)


def _hash(parts: tuple[str, ...]) -> str:
    # Joined by NUL, so that ("a-b", "c") and ("a", "b-c") differ. A YAML escape can give half of
    # a surrogate pair, which must not raise here.
    exact = "\0".join(parts).encode(errors="surrogatepass")
    return hashlib.sha256(exact).hexdigest()[:_HASH_DIGITS]
