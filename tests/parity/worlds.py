"""Small worlds of packages as data, and two programs that are asked what they would install: plain pip and safe-pip.

A world says which files there are, where each lies, what is installed already and what is asked for. It holds plain
values only, so that a failing one can be printed, and pasted into ``test_cases.py``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import re
import shlex
import shutil
import sys
import urllib.parse
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from conftest import Ran, run
from fakes import FakeIndex, metadata_text, sdist, sha256, wheel
from parity.forked import Forked

Place = Literal["index", "extra", "links", "page", "direct", "folder"]

# A backend inside the archive itself: pip can ask it for metadata without fetching anything.
_BACKEND = """
import os

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = os.path.join(metadata_directory, "{stem}.dist-info")
    os.mkdir(folder)
    with open("PKG-INFO") as stated, open(os.path.join(folder, "METADATA"), "w") as metadata:
        metadata.write(stated.read())
    return "{stem}.dist-info"

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise AssertionError("a dry run builds nothing")
"""
_FRESH = "2999-01-01T00:00:00Z"
"""By any clock a time that is still to come, and so no age at all."""
_PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


class _Data:
    """Shown with only what is not as usual, so that a world can be read, and written down."""

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)  # type: ignore[arg-type]
            if getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Hypothesis asks for this one."""
        printer.text(repr(self))


@dataclass(frozen=True, repr=False)
class Whl(_Data):
    """One wheel.

    what: name and version. requires: its Requires-Dist. python: Requires-Python in its METADATA. page_python: the same
    on its page, that of METADATA if None, nothing if empty. says: name and version in METADATA, where those differ from
    the file name. metadata: the whole of METADATA. at: where it lies; "direct" is a server nobody looks at unasked.
    hashes: whether the page gives one. filename: another name than its own. Where it is installed, direct_url is the
    text of its direct_url.json, and requires_txt that of a file which makes its metadata an .egg-info folder.
    fresh: whether it was uploaded a moment ago, as an index in JSON says it; else long ago.
    """

    what: str
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    python: str | None = None
    page_python: str | None = None
    yanked: str | None = None
    tag: str = "py3-none-any"
    build: str | None = None
    says: str | None = None
    metadata: bytes | None = None
    at: Place = "index"
    hashes: bool = True
    filename: str | None = None
    direct_url: str | None = None
    requires_txt: str | None = None
    fresh: bool = False


@dataclass(frozen=True, repr=False)
class Src(_Data):
    """One source archive with static metadata (PEP 643) and a build backend inside, so that pip can be asked too."""

    what: str
    requires: tuple[str, ...] = ()
    python: str | None = None
    page_python: str | None = None
    yanked: str | None = None
    at: Place = "index"
    filename: str | None = None
    fresh: bool = False


@dataclass(frozen=True, repr=False)
class World(_Data):
    """What there is, and what is asked.

    ask: command-line arguments. requirements, constraints: the text of a file given with -r, and with -c.
    installed: wheels that are in the environment already. gives: the versions that are to be installed, such as
    "app 1.0, lib 2.0"; None where the request must fail. code: safe-pip's exit code then.
    requested_differs: whether pip forgets that something was asked for. why: what the case is about.
    In all texts {index}, {extra}, {page} and {direct} stand for base URLs, {links} and {folder} for paths, and
    {sha256:FILE} for a digest.
    """

    files: tuple[Whl | Src, ...]
    ask: str = ""
    gives: str | None = None
    code: int = 4
    requirements: str = ""
    constraints: str = ""
    installed: tuple[Whl, ...] = ()
    json: bool = False
    sidecars: bool = False
    requested_differs: bool = False
    why: str = ""


class Chosen(NamedTuple):
    """One package of an answer: which version, which file, whether it was asked for, and whether by URL."""

    version: Version
    url: str
    requested: bool
    direct: bool


@dataclass(frozen=True)
class Answer:
    """What a program said: what it would install, or that it cannot (None)."""

    code: int
    chosen: Mapping[str, Chosen] | None
    text: str = field(compare=False)

    def without_requested(self) -> dict[str, Chosen] | None:
        """What was chosen, whoever asked for it."""
        if self.chosen is None:
            return None
        return {name: chosen._replace(requested=False) for name, chosen in self.chosen.items()}

    @property
    def versions(self) -> str | None:
        """The versions in short, as in ``World.gives``."""
        if self.chosen is None:
            return None
        return ", ".join(f"{name} {chosen.version}" for name, chosen in sorted(self.chosen.items()))


# --------------------------------------------------------------------------- making a world


class Places(NamedTuple):
    """A world made real: the arguments that ask for what it asks, what is installed and its wheels, its own folder.

    servers: what serves its files, by place.
    """

    arguments: list[str]
    installed: list[tuple[Whl, Path]]
    folder: Path
    servers: Mapping[str, FakeIndex]

    def without_fresh(self) -> None:
        """Offer no more what was uploaded a moment ago."""
        for server in self.servers.values():
            for files in server.projects.values():
                files[:] = [file for file in files if file.upload_time != _FRESH]


@contextlib.contextmanager
def made(world: World, folder: Path) -> Iterator[Places]:
    """Build the files of a world below a folder, and serve them while the context lasts."""
    with contextlib.ExitStack() as stack:
        servers: dict[str, FakeIndex] = {}
        used = {file.at for file in world.files} | {"index"}
        for place in ("index", "extra", "page", "direct"):
            if place in used:
                servers[place] = stack.enter_context(FakeIndex(json=world.json, sidecars=world.sidecars))
        (folder / "links").mkdir(parents=True, exist_ok=True)
        words = {"{links}": str(folder / "links"), "{folder}": str(folder / "folder")}
        for place, server in servers.items():
            words[f"{{{place}}}"] = f"{server.base}/files" if place == "direct" else server.url

        for file in world.files:
            path = _built(file, folder / file.at, words)
            words[f"{{sha256:{path.name}}}"] = sha256(path)
            if file.at in servers:
                _offer(servers[file.at], file, path)
        installed = [(item, _built(item, folder / "installed", words)) for item in world.installed]

        arguments = ["--index-url", servers["index"].url]
        if "extra" in used:
            arguments += ["--extra-index-url", servers["extra"].url]
        if "links" in used:
            arguments += ["--find-links", words["{links}"]]
        if "page" in used:
            for name in servers["page"].projects:
                arguments += ["--find-links", f"{servers['page'].url}/{name}/"]
        for option, name, text in (("-r", "requirements.txt", world.requirements), ("-c", "c.txt", world.constraints)):
            if text:
                (folder / name).write_text(_filled(text, words))
                arguments += [option, str(folder / name)]
        yield Places([*arguments, *shlex.split(_filled(world.ask, words))], installed, folder, servers)


def _offer(server: FakeIndex, file: Whl | Src, path: Path) -> None:
    page_python = file.python if file.page_python is None else file.page_python or None
    hashes = {} if isinstance(file, Whl) and not file.hashes else None
    when = _FRESH if file.fresh else None
    server.add(
        path,
        project=file.what.split()[0],
        yanked=file.yanked,
        requires_python=page_python,
        hashes=hashes,
        upload_time=when,
    )


def _built(file: Whl | Src, folder: Path, words: Mapping[str, str]) -> Path:
    name, version = file.what.split()
    requires = [_filled(text, words) for text in file.requires]
    if isinstance(file, Src):
        path = _source_archive(file, folder, name, version, requires)
    else:
        says_name, says_version = (file.says or file.what).split()
        path = wheel(
            folder,
            name,
            version,
            requires=requires,
            requires_python=file.python,
            extras=file.extras,
            tag=file.tag,
            build=file.build,
            metadata_name=says_name,
            metadata_version=says_version,
            metadata=file.metadata,
        )
    return path.rename(folder / file.filename) if file.filename else path


def _source_archive(file: Src, folder: Path, name: str, version: str, requires: list[str]) -> Path:
    stated = metadata_text(name, version, requires, file.python, metadata_version="2.2")
    backend = _BACKEND.format(stem=f"{name.replace('-', '_')}-{version}")
    return sdist(
        folder,
        name,
        version,
        pkg_info=stated,
        pyproject=_PYPROJECT,
        setup_py=False,
        files={"backend.py": backend.encode()},
    )


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    # The digest of a file that the world does not have is nobody's.
    return re.sub(r"\{sha256:[^}]*\}", "0" * 64, text)


# --------------------------------------------------------------------------- asking


_ALWAYS_REAL = os.environ.get("SAFE_PIP_PARITY") == "real"
# Ports are used again, so a page that pip kept from one world could answer for another. safe-pip keeps what it learns.
_PIP = ("install", "--no-cache-dir", "--dry-run", "--quiet", "--report", "-")


class Asker:
    """Asks plain pip and safe-pip what they would install into one environment, with the same arguments.

    environ: the environment of both. python: the interpreter of the environment. site_packages: its folder.
    advisories: a file of advisories that concern nothing here. root: where worlds are built.
    """

    def __init__(
        self, environ: Mapping[str, str], python: str, site_packages: Path, advisories: Path, root: Path
    ) -> None:
        self._environ = dict(environ)
        self._python = python
        self._site_packages = site_packages
        self._advisories = advisories
        self._root = root
        self._numbers = itertools.count()
        self._forked: dict[str, Forked] = {}

    @property
    def python(self) -> str:
        """The interpreter of the environment."""
        return self._python

    def user_site(self) -> Path:
        """The user's folder for packages, as the interpreter of the environment has it."""
        return Path(self._run([self._python, "-m", "site", "--user-site"]).out.strip())

    def installing_into(self, site_packages: Path) -> Asker:
        """One that asks about the same environment, where worlds are installed into another folder."""
        return Asker(self._environ, self._python, site_packages, self._advisories, self._root / site_packages.name)

    def both(self, world: World) -> tuple[Answer, Answer]:
        """pip's answer and safe-pip's, to the same question."""
        with self.prepared(world) as places:
            return self.ask(*places.arguments)

    @contextlib.contextmanager
    def prepared(self, world: World) -> Iterator[Places]:
        """A world made real, and its environment filled with what is installed."""
        folder = self._root / str(next(self._numbers))
        try:
            with made(world, folder) as places:
                self._fill(places.installed)
                yield places
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            # Another asker may share the environment.
            self._fill(())

    def ask(self, *arguments: str) -> tuple[Answer, Answer]:
        """Both answers, of programs that were imported once; where these differ, those of the real ones decide."""
        if not _ALWAYS_REAL:
            pip, safe_pip = self.pip_forked(*arguments), self.safe_pip_forked(*arguments)
            if safe_pip.chosen == pip.chosen:
                return pip, safe_pip
        return self.pip(*arguments), self.safe_pip(*arguments)

    def pip(self, *arguments: str) -> Answer:
        """What plain pip would install."""
        command = [sys.executable, "-m", "pip", "--python", self._python, *_PIP, *arguments]
        return _pips_answer(self._run(command))

    def safe_pip(self, *arguments: str) -> Answer:
        """What safe-pip would install; a plan that the policy refuses is an answer too, but not one of wrong bytes."""
        return _safe_pips_answer(self._run([sys.executable, "-m", "safe_pip", *self._safe_pip, *arguments]))

    def pip_forked(self, *arguments: str) -> Answer:
        """What plain pip's code would install, run by the interpreter of the environment."""
        if "pip" not in self._forked:
            spec = importlib.util.find_spec("pip")
            assert spec is not None
            assert spec.origin is not None
            sources = Path(spec.origin).parent.parent
            self._forked["pip"] = Forked("pip", self._python, sources, self._environ, self._root)
        # All servers are on loopback and speak plain HTTP: the system's certificates need not be read.
        return _pips_answer(Ran(*self._forked["pip"](*_PIP, "--use-deprecated=legacy-certs", *arguments)))

    def safe_pip_forked(self, *arguments: str) -> Answer:
        """What safe-pip's code would install."""
        if "safe_pip" not in self._forked:
            self._forked["safe_pip"] = Forked("safe_pip", sys.executable, None, self._environ, self._root)
        return _safe_pips_answer(Ran(*self._forked["safe_pip"](*self._safe_pip, *arguments)))

    def close(self) -> None:
        """End the programs that were asked more than once."""
        for program in self._forked.values():
            program.close()
        self._forked.clear()

    @property
    def _safe_pip(self) -> list[str]:
        command = ["install", "--dry-run", "--format", "json", "--python", self._python]
        return [*command, "--advisories", str(self._advisories)]

    def _run(self, command: list[str]) -> Ran:
        return run(command, self._environ, self._root)

    def _fill(self, installed: Iterable[tuple[Whl, Path]]) -> None:
        """Make the environment hold these and nothing else: a wheel without data files installs by unzipping."""
        shutil.rmtree(self._site_packages, ignore_errors=True)
        self._site_packages.mkdir(parents=True)
        for item, path in installed:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(self._site_packages)
            info = self._site_packages / f"{'-'.join(path.name.split('-')[:2])}.dist-info"
            if item.direct_url is not None:
                (info / "direct_url.json").write_text(item.direct_url)
            if item.requires_txt is not None:
                info = info.rename(info.with_suffix(".egg-info"))
                (info / "METADATA").rename(info / "PKG-INFO")
                (info / "requires.txt").write_text(item.requires_txt)


def _pips_answer(ran: Ran) -> Answer:
    if ran.code != 0:
        return Answer(ran.code, None, ran.err)
    return Answer(0, _from_pip(json.loads(ran.out)["install"]), ran.err)


def _safe_pips_answer(ran: Ran) -> Answer:
    if not ran.out:
        return Answer(ran.code, None, ran.err)
    report = json.loads(ran.out)
    install = report["plan"]["install"]
    wrong_bytes = any(finding["code"] == "hash-mismatch" for finding in report["findings"])
    if ran.code not in (0, 1, 3) or wrong_bytes or (ran.code != 0 and not install):
        found = [f"{item['code']}: {item['message']}" for item in report["findings"]]
        return Answer(ran.code, None, "\n".join([ran.err, *found]))
    return Answer(ran.code, _from_safe_pip(install), ran.err)


def _from_pip(install: list[dict[str, object]]) -> dict[str, Chosen]:
    return {
        canonicalize_name(item["metadata"]["name"]): Chosen(
            Version(item["metadata"]["version"]),
            _plain(item["download_info"]["url"]),
            item["requested"],
            item["is_direct"],
        )
        for item in install
    }


def _from_safe_pip(install: list[dict[str, object]]) -> dict[str, Chosen]:
    return {
        item["name"]: Chosen(
            Version(item["version"]), _plain(item["url"]), item["requested"], item["direct_url"] is not None
        )
        for item in install
    }


def _plain(url: str) -> str:
    return urllib.parse.unquote(url.partition("#")[0])


def environment(home: Path) -> dict[str, str]:
    """An environment for programs that nothing of this machine reaches into, and that keeps no answers."""
    dropped = ("PIP_", "SAFE_PIP_", "PYTHON", "XDG_", "VIRTUAL_ENV", "PYENV", "UV_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    home.mkdir(parents=True, exist_ok=True)
    return clean | {
        "HOME": str(home),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "SAFE_PIP_CACHE_DIR": str(home / "cache"),
        "SAFE_PIP_OSV_BULK_URL": "http://127.0.0.1:9",
    }
