"""A running OPA for tests, with TLS and a token, and servers that only pretend to be one."""

import datetime
import ipaddress
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lockstep.opa.bundle import Signing, bundle_of
from lockstep.opa.child import free_port
from lockstep.opa.files import policy_files
from tests.unit.opa.parts import opa_program

TOKEN = "t0ken-of-the-test"

AUTHORIZATION = f"""\
package system.authz

default allow := false

allow if {{
	input.identity == "{TOKEN}"
	input.method == "POST"
	array.slice(input.path, 0, 3) == ["v1", "data", "lockstep"]
}}
"""


@dataclass(frozen=True)
class Certificates:
    """Files of a throw-away CA, and of a server's certificate that it signed."""

    ca: Path
    cert: Path
    key: Path

    def public(self) -> bytes:
        """The public half of the server's key."""
        certificate = x509.load_pem_x509_certificate(self.cert.read_bytes())
        return certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def certificates(folder: Path, host: str = "127.0.0.1") -> Certificates:
    """Make a CA and a certificate for an IP address or a name."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throw-away CA")])
    authority = _certificate(ca_name, ca_name, ca_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    alternative: x509.GeneralName = x509.DNSName(host)
    with suppress(ValueError):
        alternative = x509.IPAddress(ipaddress.ip_address(host))
    server = _certificate(name, ca_name, key.public_key())
    server = server.add_extension(x509.SubjectAlternativeName([alternative]), False)
    made = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    pem = serialization.Encoding.PEM
    made.ca.write_bytes(authority.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    made.cert.write_bytes(server.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    made.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(),
        datetime.datetime(2000, 1, 1), datetime.datetime(2100, 1, 1),
    )  # fmt: skip


def bundle(folder: Path, policies: Mapping[str, bytes], signing: Signing | None = None) -> Path:
    """The bundle of these policies, as a file."""
    path = folder / "bundle.tar.gz"
    path.write_bytes(bundle_of(policy_files(policies), opa_program(), signing))
    return path


@contextmanager
def running(
    folder: Path, bundle: Path, *flags: str, tls: Certificates | None = None, token: bool = True
) -> Iterator[str]:
    """A real OPA with a bundle: its URL, once it listens."""
    port = free_port()
    argv = [
        str(opa_program()), "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error",
        "--skip-version-check", "--shutdown-grace-period=1", "--bundle", *flags, str(bundle),
    ]  # fmt: skip
    if token:
        authorization = folder / "authorization"
        authorization.mkdir(exist_ok=True)
        (authorization / "authz.rego").write_text(AUTHORIZATION)
        (authorization / ".manifest").write_text('{"roots": ["system"]}')
        argv += ["--authentication=token", "--authorization=basic", str(authorization)]
    if tls:
        argv += [f"--tls-cert-file={tls.cert}", f"--tls-private-key-file={tls.key}"]
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    log = (folder / "opa.log").open("wb")
    with log, subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log) as child:
        try:
            _wait_for(child, port, folder / "opa.log")
            yield url
        finally:
            child.terminate()


def _wait_for(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(1000):
        if child.poll() is not None:
            raise AssertionError(log.read_text())
        request = urllib.request.Request(f"http://127.0.0.1:{port}/health")
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.01)
    raise AssertionError("OPA does not listen")


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def pretending(digest: Callable[[], str], answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that passes the first checks and then answers oddly: its URL, and what it was sent.

    ``digest`` gives the digest that it reports, ``answer`` answers ``data.lockstep.answers``.
    """
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(f"{self.path} {self.headers.get('Authorization')}")
            if self.path.startswith("/v1/data/lockstep/answers"):
                answer(self)
            elif "digest" in self.path:
                reply(self, {"result": digest()})
            elif given["input"]["number"] == "22":
                reply(self, {"result": 22})
            else:
                fault = {"code": "eval_builtin_error", "message": "to_number: no"}
                reply(self, {"errors": [fault]}, 500)

        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers.get('Authorization')}")
            reply(self, {"result": {"labels": {"version": "1.22.0"}}})

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def reply(
    handler: BaseHTTPRequestHandler,
    body: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer with a value as JSON, or with bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(data)
