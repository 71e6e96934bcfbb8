"""Namespaces that tenants of two environments list in one Kubernetes cluster."""

from collections.abc import Iterable, Iterator

from lockstep.model.document import Pointer, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Environment
from lockstep.spec.place import Place
from lockstep.spec.structure.lists import entries
from lockstep.text.phrases import brief

_TENANTS: Pointer = ("spec", "tenants")


def check_namespaces(environments: Iterable[Environment]) -> Iterator[Finding]:
    """A finding for each namespace that another tenant lists in an earlier environment.

    Only where both environments have a region in the same Kubernetes cluster. ``environments`` are
    in order of their names. The rule ``namespace-of-tenant`` is about tenants of one environment.
    """
    owners: dict[tuple[str, str], tuple[str, Environment, Place]] = {}
    for environment in environments:
        for tenant, namespace, place in _listed(environment):
            for destination in _destinations(environment):
                key = destination, namespace
                owner, home, first = owners.setdefault(key, (tenant, environment, place))
                if owner != tenant and home is not environment:
                    yield _shared(place, first, destination, (namespace, owner))
                    break


def _listed(environment: Environment) -> Iterator[tuple[str, str, Place]]:
    """Each namespace of a tenant: the tenant's name, the namespace, and where it is written."""
    for index, tenant in enumerate(entries(environment.document.value, _TENANTS)):
        name = value_at(tenant, ("name",))
        for at, namespace in enumerate(entries(tenant, ("namespaces",))):
            if isinstance(name, str) and isinstance(namespace, str):
                pointer = (*_TENANTS, index, "namespaces", at)
                yield name, namespace, Place(environment.document, pointer)


def _destinations(environment: Environment) -> list[str]:
    """The Kubernetes clusters of its regions, each once."""
    named = (value_at(each, ("destination",)) for each in entries(environment.spec, ("regions",)))
    return list(dict.fromkeys(name for name in named if isinstance(name, str)))


def _shared(place: Place, first: Place, destination: str, taken: tuple[str, str]) -> Finding:
    namespace, owner = taken
    return place.finding(
        "structure.namespace-of-two-tenants",
        f"the namespace {brief(namespace)} in {brief(destination)} is already that of tenant "
        f"{brief(owner)} in {first.document.path}",
        "give one of the two tenants another namespace: who may write to a namespace can read its "
        "Secrets",
        others=[first.related_as("lists it already")],
    )
