"""A hub on this machine: the few answers that a download asks for, over a folder, and what was asked."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

REPOSITORY = "somebody/tiny"
REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Where it listens, and the paths of files that were fetched."""

    address: str
    fetched: list[str] = field(default_factory=list)


@contextmanager
def serve(folder: Path) -> Iterator[Hub]:
    """Serve the files of `folder` as those of REPOSITORY at REVISION."""
    hub = Hub("")
    tree, files = f"/api/models/{REPOSITORY}/tree/{REVISION}", f"/{REPOSITORY}/resolve/{REVISION}/"

    class Answers(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, format: str, *values: object) -> None:
            """Nothing: tests are quiet."""

        def _answer(self, with_body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            file = folder / path.removeprefix(files)
            if path == tree:
                self._send(json.dumps([_entry(folder, file) for file in folder.rglob("*")]).encode(), {})
            elif path.startswith(files) and file.is_file():
                if with_body:
                    hub.fetched.append(path.removeprefix(files))
                data = file.read_bytes()
                self._send(data, {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": REVISION}, with_body)
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _send(self, data: bytes, headers: dict[str, str], with_body: bool = True) -> None:
            self.send_response(200)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def _entry(folder: Path, file: Path) -> dict[str, object]:
    name = file.relative_to(folder).as_posix()
    if file.is_dir():
        return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
    data = file.read_bytes()
    return {"type": "file", "path": name, "oid": _oid(data), "size": len(data)}


def _oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
