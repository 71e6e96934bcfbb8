"""A fleet in which one cluster in five has a mistake, of varying kinds; always the same fleet."""

import re
from collections.abc import Callable, Sequence

EVERY = 5
WAIVERS = "policies/data/waivers/bench.yaml"

Spoil = Callable[[str, str], str]
"""The text of a cluster's file with a mistake in it, from that text and that of another cluster."""


def _field(name: str, text: str) -> str:
    found = re.search(rf"^ *{name}: (.*)$", text, re.MULTILINE)
    assert found, (name, text)
    return found[1]


def _malformed(text: str, _: str) -> str:
    return text + "  - [\n"


def _misspelt(text: str, _: str) -> str:
    return text.replace("  region:", "  regoin:")


def _nowhere(text: str, _: str) -> str:
    return text.replace(f"  region: {_field('region', text)}", "  region: mars-north-1")


def _too_light(text: str, _: str) -> str:
    return re.sub(r"weight: (100|50)", "weight: 49", text)


def _unlocked(text: str, _: str) -> str:
    return re.sub(r'version: "\d+"', 'version: "9999"', text, count=1)


def _same_host(text: str, other: str) -> str:
    return text.replace(_field("host", text), _field("host", other))


def _same_identity(text: str, other: str) -> str:
    return text.replace(_field("identity", text), _field("identity", other))


def _few_replicas(text: str, _: str) -> str:
    return text.replace("  variants:", "  serving: {replicas: 1}\n  variants:")


SPOILS: tuple[Spoil, ...] = (
    _malformed, _misspelt, _nowhere, _too_light, _unlocked, _same_host, _same_identity,
    _few_replicas,
)  # fmt: skip


def spoil(clusters: dict[str, bytes], rendered: dict[str, bytes]) -> dict[str, bytes]:
    """All files with mistakes added: in every fifth cluster, or in its rendered files.

    ``rendered`` holds the manifests of the valid fleet; nothing is rendered again, so manifests
    that a mistake would change are out of date.
    """
    paths = sorted(path for path, data in clusters.items() if b"kind: ModelCluster" in data)
    files = {**clusters, **rendered}
    for number, path in enumerate(paths[::EVERY]):
        kind = number % (len(SPOILS) + 1)
        if kind == len(SPOILS):
            _edit_rendered(files, path)
            continue
        other = _namesake(path, paths)
        files[path] = SPOILS[kind](files[path].decode(), clusters[other].decode()).encode()
    _same_host_elsewhere(files, sorted(set(paths) - set(paths[::EVERY])))
    return files


def _same_host_elsewhere(files: dict[str, bytes], valid: Sequence[str]) -> None:
    """Give a cluster of staging the host of one in prod, with the same destination."""
    pairs = ((a, b) for a in valid for b in valid if "/staging/" in a and "/prod/" in b)
    staging, prod = next((a, b) for a, b in pairs if a.endswith(b[b.rindex("/") :]))
    region = staging.rsplit("/", 1)[1].removesuffix(".yaml")
    files[staging] = _same_host(files[staging].decode(), files[prod].decode()).encode()
    head = "clusters/staging/environment.yaml"
    here, there = f"staging-{region}", f"prod-{region}"
    files[head] = files[head].decode().replace(here, there).encode()


def _namesake(path: str, paths: Sequence[str]) -> str:
    """Another cluster of the same region and environment; itself, if there is none."""
    _, environment, _, file = path.split("/")
    like = f"clusters/{environment}/", f"/{file}"
    same = [p for p in paths if p != path and p.startswith(like[0]) and p.endswith(like[1])]
    return same[len(same) // 2] if same else path


def _edit_rendered(files: dict[str, bytes], path: str) -> None:
    """Edit by hand: one file changed, one removed, and one that no template renders."""
    _, environment, family, file = path.split("/")
    folder = f"rendered/{environment}/clusters/{family}-{file.removesuffix('.yaml')}/"
    files[f"{folder}service.yaml"] += b"# by hand\n"
    del files[f"{folder}virtualservice.yaml"]
    files[f"{folder}extra.yaml"] = b"kind: Service\n"


def waivers(files: dict[str, bytes]) -> dict[str, bytes]:
    """Waivers of all clusters that have too few replicas, and one that waives nothing."""
    few = [path for path, data in sorted(files.items()) if b"serving: {replicas: 1}" in data]
    scopes: list[Sequence[str]] = [path.removesuffix(".yaml").split("/")[1:] for path in few]
    entries = "".join(map(_waiver, [*scopes, ("prod", "nothing", "anywhere")]))
    head = """\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {name: bench}
spec:
  waivers:
"""
    return {WAIVERS: (head + entries).encode()}


def _waiver(scope: Sequence[str]) -> str:
    environment, family, region = scope
    return f"""\
    - rule: min-replicas
      scope: {{environment: {environment}, family: {family}, cluster: {family}-{region}}}
      owner: risk-ml@example.com
      reason: the region has no room until the nodes arrive
      ticket: CAP-7
      expires: "2026-07-31"
"""
