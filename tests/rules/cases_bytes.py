"""The cases of the codes about bytes: wheels that have it, and wheels that nearly do."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from fakes import wheel
from rules.world import Case, World

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(100)
"""The beginning of a program for Linux on x86-64."""
PE = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0\x64\x86" + bytes(100)
PE_32 = PE.replace(b"\x64\x86", b"\x4c\x01")
"""The beginnings of programs for Windows, of 64 and of 32 bits."""
NAMESPACE = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('acme',));"
    "m = sys.modules.setdefault('acme', types.ModuleType('acme'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
)
"""What setuptools writes for a package that lies in the namespace acme."""
LOADS = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('acme',));"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');"
    "m = sys.modules.setdefault('acme', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('acme', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('acme', types.ModuleType('acme'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
)
"""What setuptools writes since it may load a module for the namespace."""
RUNS = "import os; os.environ['SEEN'] = 'yes'\n"


def changed(path: Path, changes: Mapping[str, bytes | None], *, record: Mapping[str, str] | None = None) -> Path:
    """A wheel with other files than its RECORD lists. changes: the content by path, None for one that goes.

    record: texts of RECORD and what stands there instead.
    """
    with zipfile.ZipFile(path) as archive:
        content: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    listed = next(name for name in content if name.endswith("/RECORD"))
    for old, new in (record or {}).items():
        content[listed] = (content[listed] or b"").replace(old.encode(), new.encode())
    content |= changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6)), data)
    return path


def digest(data: bytes) -> str:
    """A hash as RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _offers(world: World, changes: Mapping[str, bytes | None], record: Mapping[str, str] | None = None) -> World:
    path = wheel(world.files, "acme", "1.0", files={"acme/data.txt": "data\n"})
    world.lists(changed(path, changes, record=record))
    return world.asks("acme")


def _unsafe(world: World) -> World:
    return _offers(world, {"acme/aux.py": b"", "ACME/aux.py": b""})


def _nearly_unsafe(world: World) -> World:
    # Folders of their own, names with several dots and spaces, and a name beside a longer one are all sound.
    return _offers(world, {"acme/a.b/": b"", "acme/a.b/auxiliary file.tar.gz": b"x", "acme/data.txt.old": b"x"})


def _wrong_record(world: World) -> World:
    return _offers(world, {"acme/data.txt": b"other\n"})


def _signed(world: World) -> World:
    # Signatures cannot be in what they sign.
    return _offers(world, {"acme-1.0.dist-info/RECORD.jws": b"{}", "acme-1.0.dist-info/RECORD.p7s": b"x"})


def _unrecorded(world: World) -> World:
    return _offers(world, {"acme/extra.py": b"x = 1\n"})


def _recorded_otherwise(world: World) -> World:
    # RECORD may give a longer digest, and a size may be left out.
    data = b"x = 1\n"
    longer = base64.urlsafe_b64encode(hashlib.sha512(data).digest()).rstrip(b"=").decode()
    return _offers(
        world, {"acme/extra.py": data}, {"acme/data.txt,": f"acme/extra.py,sha512={longer},\nacme/data.txt,"}
    )


def _hook(world: World) -> World:
    world.offers("acme", files={"acme.pth": f"# a comment\n{RUNS}"})
    return world.asks("acme")


def _no_hook(world: World) -> World:
    files = {
        "acme.pth": "acme/lib\n",
        "acme-nspkg.pth": NAMESPACE,
        "acme/inner.pth": RUNS,
        "acme/sitecustomize.py": "x = 1\n",
    }
    world.offers("acme", files=files)
    return world.asks("acme")


def _newly_hooked(world: World) -> World:
    world.has("acme", "0.9")
    world.offers("acme", files={"acme.pth": RUNS})
    return world.asks("acme>=1")


def _hooked_before(world: World) -> World:
    world.has("acme", "0.9", files={"acme.pth": RUNS})
    world.offers("acme", files={"acme.pth": RUNS})
    return world.asks("acme>=1")


def _shadowing(world: World) -> World:
    world.has("victim", "1.0")
    world.offers("acme", files={"victim/__init__.py": "evil = 1\n", "json.py": "evil = 1\n"})
    return world.asks("acme")


def _sharing(world: World) -> World:
    same = {"tools/helper.py": "x = 1\n", "shared/same.py": "x = 2\n", "space/__init__.py": ""}
    world.has("victim", "1.0", files=same)
    world.offers("acme", files={**same, "tests/__init__.py": "y = 1\n", "tools/helper.py": "x = 3\n"})
    return world.asks("acme")


def _surprising(world: World) -> World:
    world.offers("acme", scripts={"acme": "acme:main", "pip3.12": "acme:main"})
    return world.asks("acme")


def _own_script(world: World) -> World:
    world.offers("tox", scripts={"tox": "tox:main", "tox-quickstart": "tox:main"})
    return world.asks("tox")


def _native(world: World) -> World:
    world.offers("acme", files={"acme/logo.png": ELF})
    return world.asks("acme")


def _launchers(world: World) -> World:
    # Launchers for each kind of Windows make a wheel no less one for any system; compiled Java is none of it.
    java = b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(40)
    world.offers("acme", files={"acme/cli-32.exe": PE_32, "acme/cli-64.exe": PE, "acme/Main.class": java})
    return world.asks("acme")


def _new_dependency(world: World) -> World:
    world.has("acme", "1.0.0", requires=["known"])
    world.has("known")
    # An audit goes by the index alone, and not by what is installed.
    world.offers("known")
    world.offers("surprise")
    world.offers("acme", "1.0.1", requires=["known", "surprise"])
    return world.asks("acme>=1.0.1")


def _known_dependency(world: World) -> World:
    world.has("acme", "1.0.0", requires=["known; python_version > '2'"])
    world.has("known")
    world.offers("known")
    world.offers("acme", "1.0.1", requires=["Known>=1.0", 'surprise; extra == "more"'], extras=["more"])
    return world.asks("acme>=1.0.1")


CASES = {
    "unsafe-archive": Case("unsafe-archive", trigger=_unsafe, nearly=_nearly_unsafe, audit=True),
    "record-mismatch": Case("record-mismatch", trigger=_wrong_record, nearly=_signed, audit=True),
    "unrecorded-code": Case("unrecorded-code", trigger=_unrecorded, nearly=_recorded_otherwise, audit=True),
    "startup-hook": Case("startup-hook", trigger=_hook, nearly=_no_hook, audit=True),
    "new-hook": Case("new-hook", trigger=_newly_hooked, nearly=_hooked_before, audit=True),
    "file-shadowing": Case("file-shadowing", trigger=_shadowing, nearly=_sharing, audit=True),
    "surprising-script": Case("surprising-script", trigger=_surprising, nearly=_own_script, audit=True),
    "native-code": Case("native-code", trigger=_native, nearly=_launchers, audit=True),
    "new-dependency": Case("new-dependency", trigger=_new_dependency, nearly=_known_dependency, audit=True),
}
