"""A time stamp authority (RFC 3161) that others wrote: `openssl ts`, with a root of its own made here."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """
[req]
distinguished_name = dn
[dn]
[tsa_ext]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ca_ext]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """Made in a folder of its own; `root` is what to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.root = folder / "root.pem"
        (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        config = ["-config", str(folder / "openssl.cnf")]
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "36500"]
        self._run("req", "-x509", *key, *config, "-extensions", "ca_ext", "-subj", f"/CN=Root {folder.name}",
                  "-keyout", folder / "root.key", "-out", self.root)  # fmt: skip
        self._run(
            "req",
            *key[:-2],
            *config,
            "-subj",
            f"/CN=TSA {folder.name}",
            "-keyout",
            folder / "tsa.key",
            "-out",
            folder / "tsa.csr",
        )
        self._run("x509", "-req", "-in", folder / "tsa.csr", "-CA", self.root, "-CAkey", folder / "root.key", "-CAcreateserial",
                  "-days", "36500", "-extfile", folder / "openssl.cnf", "-extensions", "tsa_ext", "-out", folder / "tsa.pem")  # fmt: skip

    def _run(self, *words: object, given: bytes | None = None) -> bytes:
        done = subprocess.run(["openssl", *map(str, words)], input=given, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def query(self, message: bytes) -> bytes:
        (self.folder / "message").write_bytes(message)
        return self._run("ts", "-query", "-data", self.folder / "message", "-sha256", "-cert")

    def answer(self, query: bytes) -> bytes:
        """What the authority says to a request, and what it is reached by over HTTP."""
        (self.folder / "query").write_bytes(query)
        return self._run("ts", "-reply", "-config", self.folder / "openssl.cnf", "-queryfile", self.folder / "query")


class Serving:
    """An HTTP server on the loopback: `answers` gives (status, body) for each request's body, and may wait."""

    def __init__(self, answers) -> None:
        self.got: list[tuple[str, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N802, N805
                body = handler.rfile.read(int(handler.headers["content-length"]))
                self.got.append((handler.headers["content-type"], body))
                status, answer = answers(body)
                handler.send_response(status)
                if 300 <= status < 400:
                    handler.send_header("location", f"{self.url}/elsewhere")
                handler.send_header("content-length", str(len(answer)))
                handler.end_headers()
                handler.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
