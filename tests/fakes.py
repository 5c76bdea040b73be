"""Real things, made small: wheels, source archives, a package index on loopback and an OSV export.

Nothing here stands in for a module of safe-pip. The servers listen on 127.0.0.1 only, on a port that was free, log what
they are asked, and can be made to misbehave one path at a time.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import tarfile
import threading
import urllib.parse
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

# --------------------------------------------------------------------------- archives


def wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    tag: str = "py3-none-any",
    build: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
    scripts: Mapping[str, str] | None = None,
    metadata_name: str | None = None,
    metadata_version: str | None = None,
    metadata: bytes | None = None,
    padding: int = 0,
) -> Path:
    """Build a wheel and return its path.

    scripts: console scripts. metadata_name, metadata_version: what METADATA says, where it is to differ from the file
    name. metadata: the whole of METADATA instead. padding: so many bytes that do not compress, to make it large.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    module = name.replace("-", "_").lower()
    content: dict[str, bytes] = {
        f"{module}/__init__.py": (
            f'"""{name}."""\n\n__version__ = "{version}"\n\n\ndef main() -> None:\n    print("{name}")\n'
        ).encode()
    }
    for path, data in (files or {}).items():
        content[path] = data.encode() if isinstance(data, str) else data
    if padding:
        seed = hashlib.sha256(stem.encode()).digest()
        blocks = [hashlib.sha256(seed + str(number).encode()).digest() for number in range(padding // 32 + 1)]
        content[f"{module}/padding.bin"] = b"".join(blocks)[:padding]
    if scripts:
        lines = "".join(f"{script} = {target}\n" for script, target in scripts.items())
        content[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}".encode()
    content[f"{info}/METADATA"] = metadata or metadata_text(
        metadata_name or name, metadata_version or version, requires, requires_python, extras
    )
    described = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
    described += "".join(f"Tag: {part}\n" for part in _expanded(tag))
    content.setdefault(f"{info}/WHEEL", described.encode())
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in content.items()
    )
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}{f'-{build}' if build else ''}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, data in content.items():
            archive.writestr(zipfile.ZipInfo(entry, (2024, 1, 2, 3, 4, 6)), data)
    return path


def metadata_text(
    name: str,
    version: str,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    *,
    metadata_version: str = "2.1",
    dynamic: Iterable[str] = (),
) -> bytes:
    """The bytes of a METADATA or PKG-INFO file."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}", "Summary: made by a test"]
    lines += [f"Dynamic: {field}" for field in dynamic]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return ("\n".join(lines) + "\n\nA description.\n").encode()


def sdist(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    mark: Path | None = None,
    pkg_info: bytes | bool | None = None,
    pyproject: str | None = None,
    setup_py: bool = True,
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Build a source archive and return its path.

    mark: a file that ``setup.py`` writes when it is run, by anybody, for anything. pkg_info: the bytes of PKG-INFO;
    None for metadata 2.1 (which says nothing for good), False for no such file. pyproject: a pyproject.toml.
    files: more files, by their paths in the archive's folder.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    content: dict[str, bytes] = {}
    if pkg_info is not False:
        content["PKG-INFO"] = pkg_info if isinstance(pkg_info, bytes) else metadata_text(name, version, requires)
    if pyproject is not None:
        content["pyproject.toml"] = pyproject.encode()
    if setup_py:
        content["setup.py"] = setup_script(name, version, requires, mark).encode()
    content[f"{name.replace('-', '_')}.py"] = b"x = 1\n"
    content |= files or {}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for entry, data in content.items():
            member = tarfile.TarInfo(f"{stem}/{entry}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def setup_script(name: str, version: str, requires: Iterable[str] = (), mark: Path | None = None) -> str:
    """A setup.py that leaves a mark when it is run."""
    leave = f"open({str(mark)!r}, 'a').write('setup.py ran\\n')\n" if mark is not None else ""
    modules = [name.replace("-", "_")]
    return (
        f"{leave}from setuptools import setup\n"
        f"setup(name={name!r}, version={version!r}, py_modules={modules!r}, install_requires={list(requires)!r})\n"
    )


def own_metadata(path: Path) -> bytes | None:
    """The METADATA of a wheel, None for a file that is no wheel at all."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((name for name in archive.namelist() if name.endswith(".dist-info/METADATA")), None)
            return archive.read(name) if name else None
    except zipfile.BadZipFile:
        return None


def sha256(path: Path) -> str:
    """The lower-case hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _expanded(tag: str) -> list[str]:
    pythons, abis, platforms = (part.split(".") for part in tag.split("-"))
    return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]


# --------------------------------------------------------------------------- servers


class Asked(NamedTuple):
    """One request that a server got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class Answer(NamedTuple):
    """One answer. delay: seconds to wait before it. claim: a Content-Length other than the true one."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    delay: float = 0.0
    claim: int | None = None


Handler = Callable[[Asked], "Answer | None"]


class Server:
    """An HTTP server on loopback. A subclass answers in ``answer``; ``override`` changes single paths."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._overrides: dict[str, Handler] = {}
        self._stopped = threading.Event()
        outer = self

        class RequestHandler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes; the second must not wait 40 ms for the other side to acknowledge the first.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer._serve(self)

            do_HEAD = do_GET  # noqa: N815 - the name that http.server prescribes
            do_POST = do_GET  # noqa: N815 - the same

            def log_message(self, *_: object) -> None:
                pass

        class Threaded(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the client has gone: nothing that a test would want to read

        self._server = Threaded(("127.0.0.1", 0), RequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening; who asks from now on is refused."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._server.shutdown()
            self._server.server_close()

    @property
    def base(self) -> str:
        """The URL of the server, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def override(self, path: str, answer: Answer | Handler) -> None:
        """Answer a path otherwise. A handler that returns None leaves it to the server."""
        self._overrides[path] = answer if callable(answer) else (lambda _: answer)

    @contextmanager
    def silent(self, path: str) -> Iterator[None]:
        """Answer a path only when the context is left, so that nobody has to guess how long is long enough."""
        left = threading.Event()
        self.override(path, lambda _: Answer(status=404) if left.wait(60) else Answer(status=500))
        try:
            yield
        finally:
            left.set()
            self.restore(path)

    def restore(self, path: str) -> None:
        """Answer a path as usual again."""
        self._overrides.pop(path, None)

    def paths(self, method: str = "GET") -> list[str]:
        """The paths asked for so far."""
        return [asked.path for asked in self.asked if asked.method == method]

    def answer(self, asked: Asked) -> Answer:
        """What to answer."""
        raise NotImplementedError

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(int(headers.get("content-length", 0)))
        asked = Asked(handler.command, handler.path, headers, body)
        self.asked.append(asked)
        override = self._overrides.get(asked.path.partition("?")[0])
        answer = (override(asked) if override else None) or self.answer(asked)
        if answer.delay:
            self._stopped.wait(answer.delay)
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body) if answer.claim is None else answer.claim))
        if answer.claim is not None:
            handler.close_connection = True
        handler.end_headers()
        if asked.method != "HEAD":
            handler.wfile.write(answer.body)


@dataclass
class Offered:
    """One file on an index."""

    path: Path
    yanked: str | None = None
    requires_python: str | None = None
    upload_time: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    sidecar: bytes | None = None
    sidecar_hash: str | None = None
    provenance: bytes | None = None


class FakeIndex(Server):
    """A package index as PEP 503, 592, 658, 691, 700, 714, 740 and 792 have it. statuses: of projects, with the reason.

    json: answer JSON to who accepts it. sidecars: offer METADATA beside wheels. ranges: answer range requests.
    upload_times, sizes: give them (in JSON only). etags: answer 304 to who has the page.
    login: user and password that every request must carry.
    """

    def __init__(
        self,
        *,
        json: bool = False,
        sidecars: bool = False,
        ranges: bool = True,
        etags: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.json, self.sidecars, self.ranges, self.etags, self.login = json, sidecars, ranges, etags, login
        self.projects: dict[str, list[Offered]] = {}
        self.statuses: dict[str, tuple[str, str | None]] = {}
        super().__init__()

    @property
    def url(self) -> str:
        """The base URL, as for ``--index-url``."""
        return f"{self.base}/simple"

    def add(
        self,
        path: Path,
        *,
        project: str | None = None,
        yanked: str | None = None,
        requires_python: str | None = None,
        upload_time: str | None = None,
        hashes: Mapping[str, str] | None = None,
        sidecar: bytes | None = None,
        sidecar_hash: str | None = None,
        provenance: bytes | None = None,
    ) -> Path:
        """Offer a file. hashes: those the page gives, None for the true sha256. sidecar: METADATA, if it is to lie.

        provenance: the document of PEP 740, as ``provenance_of`` makes one.
        """
        if project is None:
            project = path.name.split("-")[0] if path.suffix == ".whl" else path.name.rpartition("-")[0]
        if hashes is None:
            hashes = {"sha256": sha256(path)}
        if sidecar is None and path.suffix == ".whl":
            sidecar = own_metadata(path)
        self.projects.setdefault(canonicalize_name(project), []).append(
            Offered(path, yanked, requires_python, upload_time, hashes, sidecar, sidecar_hash, provenance)
        )
        return path

    def page(self, name: str) -> str:
        """The path of a project's page."""
        return f"/simple/{canonicalize_name(name)}/"

    def file(self, path: Path) -> str:
        """The path that a file is served at."""
        return f"/files/{path.name}"

    def provenance(self, path: Path) -> str:
        """The path that a file's provenance is served at, as PEP 740 has it."""
        pieces = path.name.removesuffix(".tar.gz").split("-")
        return f"/integrity/{canonicalize_name(pieces[0])}/{pieces[1]}/{path.name}/provenance"

    def file_url(self, path: Path) -> str:
        """The URL of a file."""
        return f"{self.base}{self.file(path)}"

    def answer(self, asked: Asked) -> Answer:
        path = urllib.parse.unquote(asked.path.partition("?")[0])
        if self.login is not None:
            wanted = "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
            if asked.headers.get("authorization") != wanted:
                return Answer(b"who are you?", 401, {"WWW-Authenticate": 'Basic realm="index"'})
        if path.startswith("/simple/"):
            name = path.removeprefix("/simple/").strip("/")
            if name in self.projects:
                return self._page_answer(name, asked)
        if path.startswith("/integrity/"):
            for offered in (item for items in self.projects.values() for item in items):
                if offered.provenance is not None and path == self.provenance(offered.path):
                    return Answer(offered.provenance, 200, {"Content-Type": "application/vnd.pypi.integrity.v1+json"})
        if path.startswith("/files/"):
            return self._file_answer(path.removeprefix("/files/"), asked)
        return Answer(b"not found", 404)

    def _page_answer(self, name: str, asked: Asked) -> Answer:
        if self.json and "application/vnd.pypi.simple.v1+json" in asked.headers.get("accept", ""):
            kind, body = "application/vnd.pypi.simple.v1+json", json.dumps(self.json_page(name)).encode()
        else:
            kind, body = "text/html", self.html_page(name).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.etags and asked.headers.get("if-none-match") == tag:
            return Answer(b"", 304, {"ETag": tag})
        return Answer(body, 200, {"Content-Type": kind, **({"ETag": tag} if self.etags else {})})

    def html_page(self, name: str) -> str:
        """A project's page in HTML."""
        anchors = []
        for offered in self.projects[name]:
            fragment = next((f"#{kind}={digest}" for kind, digest in offered.hashes.items()), "")
            extra = ""
            if offered.requires_python is not None:
                extra += f' data-requires-python="{html.escape(offered.requires_python)}"'
            if offered.yanked is not None:
                extra += f' data-yanked="{html.escape(offered.yanked)}"'
            if self.sidecars and offered.sidecar is not None:
                extra += f' data-core-metadata="sha256={self._sidecar_hash(offered)}"'
            if offered.provenance is not None:
                extra += f' data-provenance="{self.base}{self.provenance(offered.path)}"'
            anchors.append(f'<a href="../../files/{offered.path.name}{fragment}"{extra}>{offered.path.name}</a><br/>')
        status, reason = self.statuses.get(name, (None, None))
        head = "" if status is None else f'<meta name="pypi:project-status" content="{html.escape(status)}">'
        head += "" if reason is None else f'<meta name="pypi:project-status-reason" content="{html.escape(reason)}">'
        head = f"<head>{head}</head>" if head else ""
        start = f"<!DOCTYPE html><html>{head}<body><h1>Links for {name}</h1>\n"
        return start + "\n".join(anchors) + "\n</body></html>\n"

    def json_page(self, name: str) -> dict[str, Any]:
        """A project's page in JSON."""
        files = []
        for offered in self.projects[name]:
            entry: dict[str, Any] = {
                "filename": offered.path.name,
                "url": f"{self.base}/files/{offered.path.name}",
                "hashes": dict(offered.hashes),
                "size": offered.path.stat().st_size,
                "yanked": offered.yanked if offered.yanked is not None else False,
            }
            if offered.requires_python is not None:
                entry["requires-python"] = offered.requires_python
            if offered.upload_time is not None:
                entry["upload-time"] = offered.upload_time
            if offered.provenance is not None:
                entry["provenance"] = f"{self.base}{self.provenance(offered.path)}"
            if self.sidecars and offered.sidecar is not None:
                entry["core-metadata"] = {"sha256": self._sidecar_hash(offered)}
            files.append(entry)
        status, reason = self.statuses.get(name, (None, None))
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": []}
        if status is not None:
            page["project-status"] = {"status": status, **({} if reason is None else {"reason": reason})}
        return page

    def _sidecar_hash(self, offered: Offered) -> str:
        return offered.sidecar_hash or hashlib.sha256(offered.sidecar or b"").hexdigest()

    def _file_answer(self, name: str, asked: Asked) -> Answer:
        for offered in (item for items in self.projects.values() for item in items):
            if name == offered.path.name:
                return ranged(offered.path.read_bytes(), asked, ranges=self.ranges)
            if self.sidecars and name == f"{offered.path.name}.metadata" and offered.sidecar is not None:
                return Answer(offered.sidecar)
        return Answer(b"not found", 404)


def provenance_of(
    path: Path,
    *,
    repository: str = "acme/log",
    workflow: str = "release.yml",
    kind: str = "GitHub",
    name: str | None = None,
    digest: str | None = None,
) -> bytes:
    """A provenance document (PEP 740) about a file, unsigned. name, digest: what it says, if it is to lie."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name or path.name, "digest": {"sha256": digest or sha256(path)}}],
        "predicateType": "https://index.example/attestations/publish/v1",
        "predicate": None,
    }
    attestation = {
        "version": 1,
        "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
        "envelope": {"statement": base64.b64encode(json.dumps(statement).encode()).decode(), "signature": "AAAA"},
    }
    publisher = {"kind": kind, "repository": repository, "workflow": workflow, "environment": None, "claims": None}
    bundle = {"publisher": publisher, "attestations": [attestation]}
    return json.dumps({"version": 1, "attestation_bundles": [bundle]}).encode()


def ranged(body: bytes, asked: Asked, *, ranges: bool = True) -> Answer:
    """A file, or the part of it that was asked for (RFC 9110, section 14)."""
    wanted = asked.headers.get("range", "")
    if not ranges or not wanted.startswith("bytes="):
        return Answer(body, 200, {"Accept-Ranges": "bytes"} if ranges else {})
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if first:
        start, end = int(first), min(int(last) + 1 if last else len(body), len(body))
    else:
        start, end = max(0, len(body) - int(last)), len(body)
    if start >= len(body):
        return Answer(b"", 416, {"Content-Range": f"bytes */{len(body)}"})
    return Answer(body[start:end], 206, {"Content-Range": f"bytes {start}-{end - 1}/{len(body)}"})


# --------------------------------------------------------------------------- advisories


def advisory(
    identifier: str,
    package: str,
    *,
    events: Iterable[Mapping[str, str]] = ({"introduced": "0"},),
    versions: Iterable[str] = (),
    aliases: Iterable[str] = (),
    modified: str = "2026-01-01T00:00:00Z",
    **more: Any,
) -> dict[str, Any]:
    """One OSV record."""
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": package}}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    if versions:
        affected["versions"] = list(versions)
    return {
        "schema_version": "1.7.4",
        "id": identifier,
        "modified": modified,
        "published": modified,
        "aliases": list(aliases),
        "summary": f"{identifier} is about {package}",
        "affected": [affected],
        **more,
    }


def export(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    """A zip of records in the layout of OSV's bulk export."""
    path.write_bytes(export_bytes(records))
    return path


def export_bytes(records: Iterable[Mapping[str, Any]]) -> bytes:
    """The bytes of such a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            archive.writestr(zipfile.ZipInfo(f"{record['id']}.json", (2026, 11, 20, 0, 0, 0)), json.dumps(record))
    return buffer.getvalue()


class FakeOsv(Server):
    """OSV's bulk export of PyPI: ``PyPI/all.zip``, ``PyPI/modified_id.csv`` and single records."""

    def __init__(self, records: Iterable[Mapping[str, Any]] = ()) -> None:
        self.records: dict[str, Mapping[str, Any]] = {record["id"]: record for record in records}
        super().__init__()

    def put(self, record: Mapping[str, Any]) -> None:
        """Add or change a record."""
        self.records[record["id"]] = record

    def remove(self, identifier: str) -> None:
        """Delete a record."""
        del self.records[identifier]

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/PyPI/all.zip":
            return Answer(export_bytes(self.records.values()), 200, {"Content-Type": "application/zip"})
        if asked.path == "/PyPI/modified_id.csv":
            buffer = io.StringIO()
            rows = sorted(((record["modified"], record["id"]) for record in self.records.values()), reverse=True)
            csv.writer(buffer, lineterminator="\n").writerows(rows)
            return Answer(buffer.getvalue().encode(), 200, {"Content-Type": "text/csv"})
        name = asked.path.removeprefix("/PyPI/").removesuffix(".json")
        if name in self.records:
            return Answer(json.dumps(self.records[name]).encode(), 200, {"Content-Type": "application/json"})
        return Answer(b"not found", 404)
