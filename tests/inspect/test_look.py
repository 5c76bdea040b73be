"""What one look at a wheel finds, and what is kept of it for later runs."""

from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from archives import member, tarred
from fakes import sha256, wheel
from rules.cases_bytes import ELF, PE, changed
from safe_pip.facts import FileFacts, Native
from safe_pip.inspect import bounds
from safe_pip.inspect.binaries import native
from safe_pip.inspect.collecting import MOST_PROBLEMS, NAMESPACE
from safe_pip.inspect.look import look
from safe_pip.inspect.looking import KeptLooks, Looks
from safe_pip.inspect.names import what_is_wrong
from safe_pip.inspect.namespaces import is_namespace
from safe_pip.inspect.places import is_code, module_of, place_of, top_level
from safe_pip.inspect.record import read_record
from safe_pip.model import DistributionFile

FOO = canonicalize_name("foo")


def looked(path: Path) -> FileFacts:
    """What is found in a file."""
    return look(path, DistributionFile(path.name, path.as_uri()), FOO)


def test_everything_that_a_wheel_brings(tmp_path: Path) -> None:
    """Rules see only what the look has noted: code by where it goes, commands of both kinds, binaries, metadata."""
    files = {
        "space/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
        "foo/native.bin": ELF,
        "foo-1.0.data/purelib/pure.py": "x = 1\n",
        "foo-1.0.data/data/lib/python3.12/site-packages/data.py": "x = 2\n",
        "foo-1.0.data/data/lib/python3.12/json.py": "x = 3\n",
        "foo-1.0.data/data/bin/ls": "#!python\n",
        "foo-1.0.data/scripts/tool": "#!python\n",
        "foo-1.0.data/data/pyvenv.cfg": "home = /x\n",
        "foo-1.0.data/data/share/x.py": "x = 4\n",
    }
    path = wheel(tmp_path, "foo", "1.0", files=files, scripts={"foo-run": "foo:main"})

    facts = looked(path)

    assert facts.problems == () and facts.unreadable == ""
    assert facts.metadata is not None and facts.metadata.version == "1.0"
    assert facts.top_level == ("data", "foo", "pure", "space")
    assert facts.code["space/__init__.py"] == NAMESPACE
    assert facts.code["pure.py"] == hashlib.sha256(b"x = 1\n").hexdigest()
    assert facts.library == ("lib/python3.12/json.py",)
    assert facts.scripts == ("foo-run", "ls", "tool")
    assert [hook.path for hook in facts.hooks] == ["pyvenv.cfg"]
    assert facts.native == (Native("foo/native.bin", "ELF", "3e00"),)
    assert facts.pure


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"foo/__init__.py,sha256=": "foo/__init__.py,md5="}, "record-mismatch"),
        ({"foo/__init__.py,sha256=": "foo/__init__.py,sha256=A"}, "unrecorded-code"),
        ({"foo/__init__.py,sha256=": "gone.py,,\nfoo/__init__.py,sha256="}, "record-mismatch"),
        ({"foo/__init__.py,sha256=": '"'}, "record-mismatch"),
    ],
)
def test_a_record_that_is_wrong(tmp_path: Path, record: dict[str, str], code: str) -> None:
    """Each way in which RECORD can be wrong is told, and told by what it means: changed code, or carelessness."""
    path = changed(wheel(tmp_path, "foo", "1.0"), {}, record=record)

    assert code in {problem.code for problem in looked(path).problems}


@pytest.mark.parametrize("path", ["../../../bin/tool", "foo/../../victim.py", "/etc/tool", "..\\\\tool", "C:/tool"])
def test_a_record_of_others_files(tmp_path: Path, path: str) -> None:
    """pip deletes what RECORD lists with the next version, whosever it is, and be it in the wheel or not."""
    changed(wheel(tmp_path, "foo", "1.0"), {}, record={"foo/__init__.py,": f"{path},,\nfoo/__init__.py,"})

    [problem] = looked(tmp_path / "foo-1.0-py3-none-any.whl").problems
    assert problem.code == "unsafe-archive" and "would delete it" in problem.what


def test_a_record_in_the_ways_of_some_tools(tmp_path: Path) -> None:
    """Digests in hexadecimal and names of algorithms in capitals are odd, and say the same."""
    plain = b"x = 1\n"
    rows = f"SHA256={hashlib.sha256(plain).hexdigest()}"
    path = wheel(tmp_path, "foo", "1.0", files={"foo/data.txt": "data\n"})
    changed(path, {"foo/x.py": plain}, record={"foo/data.txt,": f"foo/x.py,{rows},6\nfoo/data.txt,"})

    assert looked(path).problems == ()


def test_a_command_whose_name_is_a_path(tmp_path: Path) -> None:
    """pip writes a command's file wherever its name leads, which may be to a sitecustomize."""
    path = wheel(tmp_path, "foo", "1.0", scripts={"../lib/python3.12/site-packages/sitecustomize.py": "foo:main"})

    [problem] = looked(path).problems
    assert problem.code == "unsafe-archive" and "would be written elsewhere" in problem.what


def test_two_files_that_go_to_one_place(tmp_path: Path) -> None:
    """Of these pip installs the one, other installers the other; what is looked at must be what is there."""
    files = {"foo-1.0.data/purelib/space/__init__.py": "import evil\n", "space/__init__.py": ""}

    [problem] = looked(wheel(tmp_path, "foo", "1.0", files=files)).problems

    assert problem.code == "unsafe-archive" and "the same place" in problem.what


def test_what_makes_no_namespace() -> None:
    """A file that counts as one may take another's place without a word, so that it must not do anything else."""
    declares = b"try:\n    __import__('pkg_resources').declare_namespace(__name__)\nexcept {}:\n    pass\n"

    assert is_namespace(declares.replace(b"{}", b"ImportError"))
    assert is_namespace(declares.replace(b"{}", b"(ImportError, AttributeError)"))
    assert not is_namespace(declares.replace(b"{}", b"__import__('os').system('x')"))
    assert not is_namespace(b"# coding: utf-7\n# __path__ +AAo-import os\n")


def test_sections_of_entry_points(tmp_path: Path) -> None:
    """Older pips read these by another library, which takes spaces within the brackets."""
    text = "[ console_scripts ]\n;x/../../y = foo:main\nfoo = foo:main\n"
    facts = looked(wheel(tmp_path, "foo", "1.0", files={"foo-1.0.dist-info/entry_points.txt": text}))

    assert facts.scripts == ("foo",) and "would be written elsewhere" in facts.problems[0].what


def test_an_archive_that_is_added_to_the_path(tmp_path: Path) -> None:
    """Modules are imported from archives too, so that a hook may hide in one."""
    path = wheel(tmp_path, "foo", "1.0", files={"foo.pth": "foo/data.bin/sub\nfoo\n", "foo/data.bin": "PK"})

    assert [hook.path for hook in looked(path).hooks] == ["foo/data.bin"]


def test_a_record_that_is_not_there(tmp_path: Path) -> None:
    """pip installs such a wheel; nobody can tell afterwards what came with it."""
    path = changed(wheel(tmp_path, "foo", "1.0"), {"foo-1.0.dist-info/RECORD": None})

    assert [problem.what for problem in looked(path).problems] == ["it has no RECORD"]


def test_a_source_archive_that_holds_a_file_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real ones do, the same each time; it is read again to know, and one that unpacks to much is not."""
    folders = [member(f"foo-1.0/{name}", b"", tarfile.DIRTYPE) for name in ("src", "src")]
    licences = [member("foo-1.0/LICENSE", os.urandom(20_000))] * 3
    path = tmp_path / "foo-1.0.tar.gz"
    path.write_bytes(gzip.compress(tarred(*folders, *licences)))

    assert looked(path) == FileFacts()

    monkeypatch.setattr(bounds, "HARMLESS_BYTES", 59_999)
    assert [problem.what for problem in looked(path).problems] == ["it is there twice"] * 2


def test_problems_are_counted_up_to_a_number(tmp_path: Path) -> None:
    """A wheel with a million wrong names must not make a report of a million lines."""
    path = changed(wheel(tmp_path, "foo", "1.0"), {f"foo/{number}.py": b"" for number in range(MOST_PROBLEMS + 50)})

    assert len(looked(path).problems) == MOST_PROBLEMS


def test_a_record_as_csv_has_it() -> None:
    """Names with commas are quoted; a file twice with two hashes is no list that could be kept."""
    assert list(read_record(b'"a,b.py",sha256=YQ,1\nRECORD,,\n')) == ["a,b.py", "RECORD"]
    with pytest.raises(ValueError, match="twice"):
        read_record(b"a.py,sha256=YQ,1\na.py,sha256=Yg,1\n")


@pytest.mark.parametrize(
    ("path", "kind", "place"),
    [
        ("foo/x.py", "site", "foo/x.py"),
        ("foo-1.0.data/platlib/x.pth", "site", "x.pth"),
        ("foo-1.0.data/data/Lib/site-packages/x.pth", "site", "x.pth"),
        ("foo-1.0.data/data/lib64/python3.13/dist-packages/x.pth", "site", "x.pth"),
        ("foo-1.0.data/data/Scripts/pip.exe", "script", "pip.exe"),
        ("foo-1.0.data/data/python312._pth", "setting-up", "python312._pth"),
        ("foo-1.0.data/data/lib/python3.12/os.py", "library", "lib/python3.12/os.py"),
        ("foo-1.0.data/data/lib/python3.12/json/decoder.py", "library", "lib/python3.12/json/decoder.py"),
        ("foo-1.0.data/data/lib/python3.13t/site-packages/x.pth", "site", "x.pth"),
        ("foo-1.0.DATA/lib/x.py", "site", "foo-1.0.DATA/lib/x.py"),
        ("foo-1.0.data/data/Lib/json/__init__.py", "library", "Lib/json/__init__.py"),
        ("foo-1.0.data/data/Lib/ssl.py", "library", "Lib/ssl.py"),
        ("foo-1.0.data/data/lib/libx.so.9.0-gdb.py", "else", "lib/libx.so.9.0-gdb.py"),
        ("foo-1.0.data/headers/x.h", "else", "x.h"),
        ("foo-1.0.data/data/etc/x.cfg", "else", "etc/x.cfg"),
        ("foo-1.0.data/data/share/foo/x.py", "else", "share/foo/x.py"),
        # With --user on Windows and macOS; and on Windows site reads the environment's own folder.
        ("foo-1.0.data/data/Python312/site-packages/x.pth", "site", "x.pth"),
        ("foo-1.0.data/data/lib/python/site-packages/x.pth", "site", "x.pth"),
        ("foo-1.0.data/data/x.pth", "site", "x.pth"),
        ("foo-1.0.data/data/sitecustomize.py", "site", "sitecustomize.py"),
        ("foo-1.0.data/data/victim/__init__.py", "site", "victim/__init__.py"),
        ("foo-1.0.data/scripts/pyvenv.cfg", "setting-up", "bin/pyvenv.cfg"),
        ("foo-1.0.data/scripts/python312._pth", "setting-up", "bin/python312._pth"),
        ("foo-1.0.data/scripts/python3", "setting-up", "bin/python3"),
        ("foo-1.0.data/data/Scripts/python.exe", "setting-up", "Scripts/python.exe"),
        ("foo-1.0.data/scripts/python-tool", "script", "python-tool"),
        ("foo-1.0.data/data/lib/python312.zip", "library", "lib/python312.zip"),
        ("foo-1.0.data/data/DLLs/_ssl.pyd", "library", "DLLs/_ssl.pyd"),
        ("foo-1.0.data/data/python312.dll", "library", "python312.dll"),
        ("foo-1.0.data/data/vcruntime140.dll", "else", "vcruntime140.dll"),
        ("foo-1.0.data/scripts/json/__init__.py", "script", "json/__init__.py"),
    ],
)
def test_where_files_go(path: str, kind: str, place: str) -> None:
    """An attacker may reach site-packages by several ways; all of them end in one place."""
    assert place_of(path) == (kind, place)


def test_code_and_its_names() -> None:
    """What counts as code, and by which name it is imported."""
    assert [is_code(path) for path in ("x.pth", "a/x.pth", "a/x.pyd", "a/x.txt")] == [True, False, True, False]
    names = ["x.py", "x.cpython-312-x86_64-linux-gnu.so", "x/y.py", "x.abi3.so", "x.pth", "x-1.dist-info/z.py"]
    assert [top_level(name) for name in names] == ["x", "x", "x", "x", "", ""]


def test_which_module_a_file_is() -> None:
    """Of several files that are one module, one is taken; whoever brings another one takes its place."""
    same = ["a/b.py", "a/b/__init__.py", "a/b.pyd", "a/b.abi3.so", "a/__pycache__/b.cpython-312.pyc", "a/b.pyc"]
    assert {module_of(path) for path in same} == {"a/b"}
    assert (
        module_of("__pycache__/b.cpython-312.opt-1.pyc") == module_of("b/__pycache__/__init__.cpython-312.pyc") == "b"
    )
    assert [module_of(path) for path in ("__init__.py", "b.pth", "a/b.c.py")] == ["__init__", "b.pth", "a/b.c.py"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"foo-1.0.data/data/pip.conf": "[global]\n"}, "which index to ask"),
        ({"foo-1.0.dist-info/direct_url.json": "{}"}, "installers alone"),
        ({"other-9.egg/EGG-INFO/PKG-INFO": "Name: other\n"}, "metadata of another package"),
        ({"other.egg-link": "foo\n"}, "metadata of another package"),
        ({"foo.pth": "foo/lib\n", "foo/lib/other-9.dist-info/METADATA": "x"}, "metadata of another package"),
        ({"foo.pth": "foo/lib\n", "foo/other/other-9.dist-info/METADATA": "x"}, ""),
    ],
)
def test_what_only_installers_write(tmp_path: Path, files: dict[str, str], told: str) -> None:
    """pip takes these for its own notes, and goes by them from then on; nobody has looked up what they name."""
    facts = looked(wheel(tmp_path, "foo", "1.0", files=files))

    said = "; ".join([problem.what for problem in facts.problems] + [facts.unreadable])
    assert told in said and bool(said.strip("; ")) == bool(told)


def test_commands_that_are_the_interpreter(tmp_path: Path) -> None:
    """What an entry point is called decides as much as where a file goes."""
    facts = looked(wheel(tmp_path, "foo", "1.0", scripts={"python3.12": "foo:main", "foo": "foo:main"}))

    assert [hook.path for hook in facts.hooks] == ["bin/python3.12"] and facts.scripts == ("foo",)


def test_native_code_by_its_beginning() -> None:
    """A suffix says nothing; a beginning that only looks alike says nothing either."""
    assert native(ELF) == ("ELF", "3e00")
    assert native(PE) == ("PE", "6486")
    assert native(b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01") == ("Mach-O", "0100000c")
    assert native(b"\xca\xfe\xba\xbe\0\0\0\2") == ("Mach-O", "")
    assert [native(start) for start in (b"", b"MZ is a text" * 20, b"\xca\xfe\xba\xbe\0\0\0\x34", b"\x7fELF")] == [
        None
    ] * 4


@pytest.mark.parametrize("name", ["a/b.py", "contrib/x", "a/auxiliary.py", "größe/x", "a b/c d.txt", "a/.hidden", "x/"])
def test_names_that_are_sound(name: str) -> None:
    """What honest wheels have."""
    assert what_is_wrong(name) == ""


# --------------------------------------------------------------------------- kept


def _asked(cache: Path, path: Path, digest: str | None = None) -> FileFacts:
    looks = Looks(kept=KeptLooks(cache))
    try:
        return looks.facts(DistributionFile(path.name, path.as_uri()), path, digest or sha256(path), FOO)
    finally:
        looks.close()


def test_what_was_found_is_kept_by_its_digest(tmp_path: Path) -> None:
    """The same bytes need no second look; the facts that come back are those that went in."""
    files = {"foo.pth": "import os\n", "foo/x.bin": ELF}
    path = changed(wheel(tmp_path, "foo", "1.0", files=files), {"foo/extra.py": b""})
    first, digest = _asked(tmp_path / "cache" / "looks.sqlite", path), sha256(path)
    path.write_bytes(b"no longer a wheel")

    again = _asked(tmp_path / "cache" / "looks.sqlite", path, digest)

    assert again == first and first.problems and first.hooks
    assert _asked(tmp_path / "cache" / "looks.sqlite", path).unreadable


def test_what_is_torn_is_not_believed(tmp_path: Path) -> None:
    """A row that is not as it was written is one that is not there."""
    cache = tmp_path / "cache" / "looks.sqlite"
    path = wheel(tmp_path, "foo", "1.0", files={"foo.pth": "import os\n"})
    assert _asked(cache, path).hooks
    with sqlite3.connect(cache) as database:
        database.execute("UPDATE looks SET content = replace(content, 'foo.pth', 'bar.pth')")
    database.close()

    assert _asked(cache, path).hooks[0].path == "foo.pth"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_a_cache_that_others_can_change_is_not_believed(tmp_path: Path) -> None:
    """Whoever can write there could say of any file that nothing is wrong with it."""
    cache = tmp_path / "cache" / "looks.sqlite"
    path = wheel(tmp_path, "foo", "1.0", files={"foo.pth": "import os\n"})
    _asked(cache, path)
    os.chmod(cache.parent, 0o777)
    digest = sha256(path)
    path.write_bytes(b"no longer a wheel")

    assert _asked(cache, path, digest).unreadable
