"""Whether a number means the same version in two environments: not where each has a registry."""

from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Environment

_PORTS = {"http://": ":80", "https://": ":443"}


def other_registry(here: Environment, there: Environment, registry: Json) -> bool:
    """Whether two environments declare different servers for the registry of that name.

    Where one of them declares none, it is taken for the same.
    """
    addresses = {_address(each, registry) for each in (here, there)}
    return None not in addresses and len(addresses) > 1


def _address(environment: Environment, registry: Json) -> str | None:
    # Before the schema has been asked, anything may be there.
    if not isinstance(registry, str):
        return None
    declared = value_at(environment.spec, ("registries", registry, "address"))
    if not isinstance(declared, str):
        return None
    # In lower case as a whole: two paths that differ in it are taken for one, to be on the safe
    # side.
    text = declared.lower().rstrip("/")
    port = next((p for scheme, p in _PORTS.items() if text.startswith(scheme)), "")
    return text.removesuffix(port) if port else text
