"""The parts of a lab: each program with its arguments, and how it shows that it is ready."""

import os
import shutil
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.layout import REPOSITORY, TOOLS, Layout, program
from tests.lab.ports import HOST, answers, listens

PORTS = (
    "etcd", "etcd-peer", "redis", "git", "kubernetes", "argocd-repo-server",
    "argocd-repo-server-metrics", "argocd-controller-metrics", "argocd-server",
    "argocd-server-metrics",
)  # fmt: skip
"""What the parts listen on; Argo CD's controller on all addresses, which it has no option for."""

STORES, KUBERNETES, CLIENTS = range(3)
"""The layers of the lab: parts of a later one are clients of the earlier ones, and stop first."""

_CONTROLLERS = (
    "deployment-controller", "replicaset-controller", "endpointslice-controller",
    "endpoints-controller", "namespace-controller", "garbage-collector-controller",
    "serviceaccount-controller", "resourcequota-controller", "disruption-controller",
    "node-lifecycle-controller", "root-ca-certificate-publisher-controller",
)  # fmt: skip
"""What the fleet's objects need. Not that of HorizontalPodAutoscalers: nothing here measures pods,
so it would report every one of them as broken; tests write their status."""

_STAGES = (
    "node/fast/node-initialize", "node/heartbeat/node-heartbeat", "pod/fast/pod-ready",
    "pod/fast/pod-complete", "pod/fast/pod-delete",
)  # fmt: skip
_WRAPPERS = ("git-verify-wrapper.sh", "gpg-wrapper.sh", "git-ask-pass.sh")


@dataclass(frozen=True, slots=True)
class Part:
    """A program of the lab. ``ready`` is asked until it is true."""

    name: str
    layer: int
    argv: Sequence[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)


def parts(layout: Layout, ports: Mapping[str, int]) -> dict[str, Part]:
    """All parts of a lab by name; raises LockstepError where a program is missing.

    The files of settings and keys must be there before a part is started.
    """
    made = (
        _etcd(layout, ports), _redis(layout, ports), _git(layout, ports),
        _kubernetes(layout, ports), *_controllers(layout), _kwok(layout),
        *_argocd(layout, ports),
    )  # fmt: skip
    return {part.name: part for part in made}


def _etcd(layout: Layout, ports: Mapping[str, int]) -> Part:
    secrets = layout.secrets
    client, peer = (f"https://{HOST}:{ports[name]}" for name in ("etcd", "etcd-peer"))
    argv = [
        str(program("etcd")), "--data-dir", str(layout.etcd), "--unsafe-no-fsync",
        "--listen-client-urls", client, "--advertise-client-urls", client,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
        "--initial-cluster", f"default={peer}",
        # All who have the lab's own certificate may read and write.
        "--client-cert-auth", "--peer-client-cert-auth",
    ]  # fmt: skip
    for kind in ("", "peer-"):
        argv += [
            f"--{kind}cert-file", str(secrets / "server.pem"),
            f"--{kind}key-file", str(secrets / "server.key"),
            f"--{kind}trusted-ca-file", str(layout.authority),
        ]  # fmt: skip
    tls = _trust(layout)
    tls.load_cert_chain(secrets / "server.pem", secrets / "server.key")
    return Part("etcd", STORES, argv, lambda: answers(ports["etcd"], "/health", tls))


def _redis(layout: Layout, ports: Mapping[str, int]) -> Part:
    server = program("redis-server")
    libraries = server.with_name("redis-server-libraries")
    environment = {"LD_LIBRARY_PATH": str(libraries)} if libraries.is_dir() else {}
    argv = [str(server), str(layout.secrets / "redis.conf")]
    return Part("redis", STORES, argv, lambda: listens(ports["redis"]), environment)


def _git(layout: Layout, ports: Mapping[str, int]) -> Part:
    argv = [
        sys.executable, "-m", "tests.lab.git_server", str(layout.repositories), str(ports["git"]),
        str(layout.secrets / "server.pem"), str(layout.secrets / "server.key"),
    ]  # fmt: skip
    environment = {
        "PYTHONPATH": str(REPOSITORY),
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    }  # fmt: skip
    return Part("git", STORES, argv, lambda: listens(ports["git"]), environment)


def _kubernetes(layout: Layout, ports: Mapping[str, int]) -> Part:
    secrets = layout.secrets
    argv = [
        str(program("kube-apiserver")), "--bind-address", HOST,
        "--secure-port", str(ports["kubernetes"]),
        # What pods would connect to: an address for documentation, since there are no containers.
        "--advertise-address", "192.0.2.1",
        "--tls-cert-file", str(secrets / "server.pem"),
        "--tls-private-key-file", str(secrets / "server.key"),
        "--etcd-servers", f"https://{HOST}:{ports['etcd']}",
        "--etcd-cafile", str(layout.authority),
        "--etcd-certfile", str(secrets / "server.pem"),
        "--etcd-keyfile", str(secrets / "server.key"),
        "--token-auth-file", str(secrets / "tokens.csv"), "--authorization-mode", "RBAC",
        "--service-account-issuer", "https://kubernetes.default.svc",
        "--service-account-key-file", str(secrets / "accounts.pub"),
        "--service-account-signing-key-file", str(secrets / "accounts.key"),
        "--service-cluster-ip-range", "10.96.0.0/16",
        # No kubelet mounts a token into a pod here.
        "--disable-admission-plugins", "ServiceAccount",
    ]  # fmt: skip
    tls = _trust(layout)
    return Part(
        "kubernetes", KUBERNETES, argv, lambda: answers(ports["kubernetes"], "/readyz", tls)
    )


def _controllers(layout: Layout) -> tuple[Part, ...]:
    common = [
        "--kubeconfig", str(layout.secrets / "parts.kubeconfig"), "--leader-elect=false",
        "--secure-port", "0",
    ]  # fmt: skip
    manager = [
        str(program("kube-controller-manager")), *common, f"--controllers={','.join(_CONTROLLERS)}",
        "--root-ca-file", str(layout.authority),
        "--service-account-private-key-file", str(layout.secrets / "accounts.key"),
        # A busy machine reports its nodes late. Pods of a node that was taken for lost would stay
        # unready: nothing reports them anew.
        "--node-monitor-grace-period", "1h",
    ]  # fmt: skip
    scheduler = [str(program("kube-scheduler")), *common]
    # Neither listens; that the nodes become ready shows what they do.
    return (
        Part("controllers", CLIENTS, manager, lambda: True),
        Part("scheduler", CLIENTS, scheduler, lambda: True),
    )


def _kwok(layout: Layout) -> Part:
    argv = [
        str(program("kwok")), "--kubeconfig", str(layout.secrets / "parts.kubeconfig"),
        "--manage-all-nodes", "--node-ip", "10.0.0.1", "--node-port", "0",
    ]  # fmt: skip
    for stage in _STAGES:
        argv += ["--config", str(TOOLS / "kwok-assets" / "stage" / f"{stage}.yaml")]
    return Part("kwok", CLIENTS, argv, lambda: True)


def _argocd(layout: Layout, ports: Mapping[str, int]) -> tuple[Part, ...]:
    common = ["--redis", f"{HOST}:{ports['redis']}", "--logformat", "text"]
    address = ["--repo-server", f"{HOST}:{ports['argocd-repo-server']}", "--repo-server-plaintext"]
    repositories = [
        "--address", HOST, "--port", str(ports["argocd-repo-server"]), "--disable-tls",
        "--client-ca-path", "", "--metrics-address", HOST,
        "--metrics-port", str(ports["argocd-repo-server-metrics"]),
        # A push is seen by the next comparison, not minutes later.
        "--revision-cache-expiration", "1s",
    ]  # fmt: skip
    controller = [
        "--namespace", "argocd", *address, "--app-resync", "5",
        "--metrics-port", str(ports["argocd-controller-metrics"]),
    ]  # fmt: skip
    server = [
        "--namespace", "argocd", *address, "--insecure", "--address", HOST,
        "--port", str(ports["argocd-server"]), "--metrics-address", HOST,
        "--metrics-port", str(ports["argocd-server-metrics"]), "--dex-server", "",
        "--staticassets", str(layout.home),
    ]  # fmt: skip
    return tuple(
        _argocd_part(layout, name, [*options, *common], ports[port])
        for name, options, port in (
            ("argocd-repo-server", repositories, "argocd-repo-server-metrics"),
            ("argocd-controller", controller, "argocd-controller-metrics"),
            ("argocd-server", server, "argocd-server"),
        )
    )


def _argocd_part(layout: Layout, name: str, options: Sequence[str], health: int) -> Part:
    role = {"argocd-controller": "argocd-application-controller"}.get(name, name)
    environment = {
        "ARGOCD_BINARY_NAME": role,
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_GNUPGHOME": str(layout.home / "gpg"),
        "ARGOCD_TLS_DATA_PATH": str(layout.home / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(layout.home / "ssh"),
        "KUBECONFIG": str(layout.secrets / "parts.kubeconfig"),
        "PATH": os.pathsep.join((str(layout.home / "bin"), os.environ.get("PATH", os.defpath))),
        "REDIS_PASSWORD": layout.secret("redis.password"),
        "TMPDIR": str(layout.home / "tmp"),
    }
    argv = [str(program("argocd")), *options]
    return Part(name, CLIENTS, argv, lambda: answers(health, "/healthz"), environment)


def prepare_argocd(layout: Layout) -> None:
    """The folders and programs that Argo CD looks for, and the authority of the git server."""
    for name in ("gpg", "tls", "ssh", "tmp", "bin"):
        (layout.home / name).mkdir(mode=0o700)
    for name in _WRAPPERS:
        path = layout.home / "bin" / name
        shutil.copyfile(TOOLS / "argocd-assets" / name, path)
        path.chmod(0o755)
    # By the name of the host, without its port.
    shutil.copyfile(layout.authority, layout.home / "tls" / "localhost")


def base_environment(layout: Layout) -> dict[str, str]:
    """What every part sees of the caller's environment: where programs are, and no secret."""
    return {
        "PATH": os.environ.get("PATH", os.defpath), "HOME": str(layout.home), "LANG": "C.UTF-8",
    }  # fmt: skip


def _trust(layout: Layout) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(Path(layout.authority)))
