"""Tenants in each Kubernetes cluster of an environment: their namespaces and quotas there."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from lockstep.model.amounts import amount_text, cpu_text, parse_bytes
from lockstep.model.document import Pointer, value_at
from lockstep.model.fleet import Environment
from lockstep.render.fields import Fields
from lockstep.render.network import (
    NETWORK,
    OWN_PODS,
    TENANTS,
    WATCHING,
    further_gateways,
    has_network,
    merge_callers,
    namespaces_peer,
    peer_origin,
    read_callers,
    read_egress,
    read_gateways,
)
from lockstep.render.observability import read_namespace
from lockstep.render.place_view import NetworkRule, TenantPlaceView
from lockstep.render.targets.kubernetes.appproject import project_name
from lockstep.render.targets.origins import in_environment
from lockstep.render.view import ArgoCd
from lockstep.text.sanitise import quoted

REGIONS = ("spec", "regions")

Hard = Mapping[str, str]
"""What a namespace may have, by the names of Kubernetes."""


def view_tenant_places(environment: Environment, argocd: ArgoCd) -> list[TenantPlaceView]:
    """Each tenant in each Kubernetes cluster of an environment, in order. Raises Unrenderable."""
    fields = Fields(environment.document)
    if not fields.has(*TENANTS):
        _refuse_alone(fields)
        return []
    security = ("spec", "podSecurity")
    owned = _own_namespaces(fields)
    destinations = _destinations(fields)
    return [
        TenantPlaceView(
            environment=environment.name,
            tenant=tenant,
            index=index,
            destination=destination,
            regions=regions,
            namespaces=namespaces,
            quotas=_quotas(fields, index, namespaces, regions),
            network=_network(environment, fields, index, regions),
            pod_security=fields.text(*security) if fields.has(*security) else None,
            kubernetes=fields.text("spec", "kubernetesVersion"),
            project=project_name(environment.name, tenant),
            confirmed=value_at(environment.spec, ("tier",), "production") == "production",
            argocd=argocd,
        )
        for index, _ in enumerate(fields.items(*TENANTS))
        for tenant in (fields.text(*TENANTS, index, "name"),)
        for namespaces in (owned[index],)
        if namespaces
        for destination, regions in destinations.items()
    ]


def _refuse_alone(fields: Fields) -> None:
    """Only namespaces of tenants are Lockstep's: nowhere else it could say what is asked."""
    for here in (NETWORK, ("spec", "podSecurity")):
        if fields.has(*here):
            fields.fail(
                here, "render.no-tenants",
                f"{'.'.join(here)} is about the namespaces of tenants, and none are listed",
                "list the tenants with their namespaces in spec.tenants, or remove it",
            )  # fmt: skip


def _destinations(fields: Fields) -> dict[str, tuple[int, ...]]:
    """The regions by index of each Kubernetes cluster: regions can share one."""
    found: dict[str, tuple[int, ...]] = {}
    for index, _ in enumerate(fields.items(*REGIONS)):
        name = fields.text(*REGIONS, index, "destination")
        found[name] = (*found.get(name, ()), index)
    return found


def _own_namespaces(fields: Fields) -> list[tuple[str, ...]]:
    """For each tenant its namespaces that no earlier one lists: namespace-of-tenant reports those.

    Two folders would write the same objects.
    """
    taken: set[str] = set()
    owned: list[tuple[str, ...]] = []
    for index, _ in enumerate(fields.items(*TENANTS)):
        here = (*TENANTS, index, "namespaces")
        listed = [fields.text(*here, at) for at, _ in enumerate(fields.items(*here))]
        owned.append(tuple(name for name in listed if name not in taken))
        taken.update(listed)
    return owned


def _quotas(
    fields: Fields, index: int, namespaces: Iterable[str], regions: Iterable[int]
) -> dict[str, tuple[Hard, tuple[int, ...]]]:
    """The quota of each namespace: the sum of what the regions have there together."""
    here = (*TENANTS, index, "quotas")
    if not fields.has(*here):
        return {}
    names = {fields.text(*REGIONS, region, "name") for region in regions}
    found: dict[str, list[int]] = {name: [] for name in namespaces}
    for at, _ in enumerate(fields.items(*here)):
        namespace = fields.text(*here, at, "namespace")
        if namespace in found and fields.text(*here, at, "region") in names:
            found[namespace].append(at)
    return {name: (_sum(fields, index, own), tuple(own)) for name, own in found.items() if own}


def _sum(fields: Fields, index: int, quotas: Sequence[int]) -> Hard:
    here = (*TENANTS, index, "quotas")
    cores = sum((_cores(fields, *here, at, "cpu") for at in quotas), Fraction(0))
    memory = sum(_bytes(fields, *here, at, "memory") for at in quotas)
    hard = {"requests.cpu": cpu_text(cores), "requests.memory": amount_text(memory)}
    devices = {name for at in quotas for name in fields.names(*here, at, "devices")}
    counted: dict[str, Pointer] = {"pods": ("pods",)}
    counted |= {f"requests.{name}": ("devices", name) for name in devices}
    for name, field in counted.items():
        pointers = [(*here, at, *field) for at in quotas]
        # Where one of the regions has no such limit, there is none for all of them.
        if all(fields.has(*pointer) for pointer in pointers):
            hard[name] = str(sum(fields.integer(*pointer) for pointer in pointers))
    return dict(sorted(hard.items()))


def _bytes(fields: Fields, *pointer: str | int) -> int:
    try:
        return parse_bytes(fields.text(*pointer))
    except ValueError as error:
        fields.fail(pointer, "render.input", str(error), "write it like 512Mi or 10Gi")


def _cores(fields: Fields, *pointer: str | int) -> Fraction:
    text = fields.text(*pointer)
    try:
        return Fraction(text[:-1]) / 1000 if text.endswith("m") else Fraction(text)
    except ValueError:
        fields.fail(
            pointer, "render.input", f"{quoted(text, 20)} is not a number of cores",
            'write it like "4" or 500m',
        )  # fmt: skip


def _network(
    environment: Environment, fields: Fields, index: int, regions: Iterable[int]
) -> dict[str, list[NetworkRule]] | None:
    if not has_network(environment):
        return None
    parts = [further_gateways(environment), read_callers(environment, index)]
    for region in regions:
        for kind in ("gateways", "optionalGateways"):
            here = (*REGIONS, region, kind)
            parts += [{n: in_environment(*here, at)} for n, at in read_gateways(fields, *here)]
    if (watching := read_namespace(environment)) is not None:
        parts.append({watching: WATCHING})
    callers = merge_callers(parts)
    outside = [namespaces_peer(callers)] if callers else []
    origins = [peer_origin(callers.values())] if callers else []
    egress = read_egress(environment)
    return {
        "ingress": [NetworkRule({"from": [OWN_PODS, *outside]}, {"from": [None, *origins]})],
        "egress": egress,
    }
