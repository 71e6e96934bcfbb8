"""Names of folders, Kubernetes objects and labels, made from names that people chose."""

import hashlib
import re

DNS_LABEL_LIMIT = 63
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


def object_name(*parts: str) -> str:
    """A DNS label (RFC 1035: at most 63, begins with a letter) for the parts joined by hyphens.

    A name that had to be changed or cut ends in a hash of the exact parts, so that ``1.0`` and
    ``1-0`` stay two names. Different parts can still give one name (``a`` + ``b-c`` and
    ``a-b`` + ``c``): ``collisions`` looks for that in the rendered objects of a fleet.
    """
    wanted = "-".join(parts)
    name = _NOT_IN_NAMES.sub("-", wanted.lower()).strip("-")
    if not name[:1].isalpha():
        # The name of a Service must begin with a letter, unlike that of other objects.
        name = f"m-{name}".rstrip("-")
    if name == wanted and len(name) <= DNS_LABEL_LIMIT:
        return name
    room = DNS_LABEL_LIMIT - _HASH_DIGITS - 1
    return f"{name[:room].rstrip('-')}-{_hash(parts)}"


def version_slug(version: str) -> str:
    """The name of a version inside object names, subset names and file names: ``v42``."""
    return object_name(f"v{version}")


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
