"""Requirements files: read as pip reads them, from disk and from servers, and refused by file and line."""

from __future__ import annotations

import codecs
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import Answer, Asked, FakeIndex, Server, wheel
from request.asking import AskPip, Case, no_fetch, pips_reading, reading, request_of
from safe_pip.errors import UsageError
from safe_pip.index.http import Http
from safe_pip.model import Network, Request, Target

D256, D384 = "ab" * 32, "cd" * 48


@pytest.fixture
def here(surroundings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def write(place: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files, and the folders they lie in."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def refusal(read: Callable[[], Request]) -> str:
    """The message of a refusal and its hint. Anything but a UsageError is a defect."""
    with pytest.raises(UsageError) as caught:
        read()
    assert caught.value.exit_code == 2
    return f"{caught.value.message} | {caught.value.hint}"


# --------------------------------------------------------------------------- as pip reads

FILES: dict[str, tuple[list[str], dict[str, str | bytes]]] = {
    "names and comments": (
        [],
        {"r.txt": "# all\none\n  two==2 # why\nhttps://h.example/x.zip#egg=three\n\n\t\nfour; os_name == 'x'\t# x\n"},
    ),
    "continuation lines": (
        [],
        {
            "r.txt": f"one \\\n  ==1 \\\n  --hash=sha256:{D256} \\\n  --hash=sha384:{D384}\n"
            "two \\\n# a comment ends it\nthree\\\n==3\n\\\nfour\\\n\n# not joined \\\nfive\nlast \\"
        },
    ),
    "line ends of all kinds": ([], {"r.txt": b"one\r\ntwo\rthree\nfour\x0bfive\x0csix\xe2\x80\xa8seven\xc2\x85eight"}),
    "hashes": (
        [],
        {"r.txt": f"one==1 --hash=sha256:{D256} --hash sha256:{D256.upper()}\ntwo==2 --hash 'sha384:{D384}'\n"},
    ),
    "hashes in a constraint": (["one", "-c", "c.txt"], {"c.txt": f"one==1 --hash=sha256:{D256}\n"}),
    "hashes not required": (["--no-require-hashes", "-r", "r.txt"], {"r.txt": f"one==1 --hash=sha256:{D256}\ntwo\n"}),
    "hashes required by a line": ([], {"r.txt": "one\n--require-hashes\n"}),
    "hashes not required by a line": ([], {"r.txt": f"one --hash=sha256:{D256}\n--no-require-hashes\n"}),
    "a hash without a requirement": ([], {"r.txt": f"--hash=sha256:{D256}\none\n"}),
    "an index replaces": (
        ["-i", "http://a.example", "--extra-index-url", "http://b.example", "-r", "r.txt"],
        {"r.txt": "one\n-i http://c.example\n--extra-index-url http://d.example\n"},
    ),
    "a further index extends": (
        ["-i", "http://a.example", "-r", "r.txt"],
        {"r.txt": "--extra-index-url=http://b.example\n--extra-index-url http://c --extra-index-url http://d.example"},
    ),
    "the last index wins": (
        [],
        {"r.txt": "--index-url http://a.example\n--extra-index-url http://b.example\n--pypi-url=http://c.example\n"},
    ),
    "an empty index": (["-i", "http://a.example", "-r", "r.txt"], {"r.txt": "--index-url=\none\n"}),
    "no index": (["-i", "http://a.example", "-r", "r.txt"], {"r.txt": "--no-index\n-i http://b.example\n"}),
    "no index on the command line": (
        ["--no-index", "-r", "r.txt"],
        {"r.txt": "-i http://b.example\n--extra-index-url http://c.example\none"},
    ),
    "no index too late": ([], {"r.txt": "-i http://b.example\n--extra-index-url http://c.example --no-index\n"}),
    "find-links beside the file": (
        ["-f", "first", "-r", "sub/r.txt"],
        {
            "sub/r.txt": "-f wheels\n--find-links=http://a.example\n-f missing\n-f ../other\n",
            "sub/wheels/x": "",
            "other/x": "",
        },
    ),
    "find-links that exist only here": ([], {"r.txt": "-r sub/s.txt\n", "sub/s.txt": "-f wheels\n", "wheels/x": ""}),
    "find-links in the home folder": (["-f", "~", "-r", "r.txt"], {"r.txt": "-f ~\n"}),
    "two find-links on one line": ([], {"r.txt": "-f one -f two\n"}),
    "switches": ([], {"r.txt": "--pre\n--prefer-binary\n--trusted-host a.example\n--trusted-host=b.example --pre\n"}),
    "controls": (
        ["--no-binary", "a,b", "-r", "r.txt"],
        {"r.txt": "--only-binary b\n--no-binary :none:\n--all-releases x\nname --no-binary=y\n--only-final x,z\n"},
    ),
    "nested": (
        ["cli", "-r", "r.txt", "-r", "t.txt", "-c", "c.txt"],
        {
            "r.txt": "one\n-r sub/s.txt\ntwo\n-c ../here/c.txt\n--requirement=t.txt\n",
            "sub/s.txt": "three\n-r deeper/u.txt\n-r ../t.txt\n-rv.txt\n",
            "sub/deeper/u.txt": "four\n",
            "sub/v.txt": "five\n-c w.txt\n",
            "sub/w.txt": "con==2\n-r x.txt\n",
            "sub/x.txt": "six\n",
            "t.txt": "seven\n",
            "c.txt": "con==1\n-i http://a.example\n--pre\n",
        },
    ),
    "the same file twice, not inside itself": ([], {"r.txt": "-r s.txt\n-r s.txt\n", "s.txt": "one\n"}),
    "by file URL": (
        [],
        {
            "r.txt": "-r file://<here>/sub/s%20t.txt\n",
            "sub/s t.txt": "one\n-r u.txt\n-c ./u.txt\n",
            "sub/u.txt": "two",
        },
    ),
    "several of one kind on a line": (
        [],
        {
            "r.txt": "-r s.txt -r t.txt\n-c s.txt -r t.txt\n-r s.txt -i http://a.example\n",
            "s.txt": "one",
            "t.txt": "two",
        },
    ),
    "options after a requirement": ([], {"r.txt": "one --pre -i http://a.example\ntwo -r s.txt\nthree -f x\n"}),
    "words after an option": ([], {"r.txt": "--pre one\n-i http://a.example two three\n"}),
    "abbreviated options": ([], {"r.txt": "--extra http://a.example\n--no-i\n--requirem s.txt\n", "s.txt": "one\n"}),
    "quoted values": ([], {"r.txt": "-i 'http://a.example'\n-f \"two words\"\n--no-binary='a,b'\n"}),
    "variables": (
        [],
        {
            "r.txt": "one==${VERSION}\n-i http://${USER_1}:${TOKEN}@a.example/\n${EMPTY_BEFORE}two\n"
            "-f ${NOT_SET}/$VERSION/${version}/${EMPTY}\nthree; os_name == '${NAME}'\n${NAME}[x]\n"
        },
    ),
    "a variable that is an option": ([], {"r.txt": "${OPTION}\none ${HASH}\n"}),
    "variables in variables": ([], {"r.txt": "-f ${OUTER}\n-f '${OUTER} ${VERSION}'\n-f '${VERSION} ${OUTER}'\n"}),
    "a variable that looks like a comment": ([], {"r.txt": "-f 'a${COMMENT}'\n"}),
    "URLs and paths": (
        [],
        {
            "r.txt": "./project\nname @ https://h.example/n.zip\nhttps://h.example/n-1-py3-none-any.whl\n-r sub/s.txt",
            "project/setup.py": "",
            "sub/s.txt": "./project[x]\ngit+https://h.example/n.git#egg=n\n",
        },
    ),
    "features that are always on": ([], {"r.txt": "--use-feature=truststore\none\n"}),
    "empty": (["one", "-r", "r.txt"], {"r.txt": b""}),
    "nothing at all": ([], {"r.txt": "\n# nothing\n\n"}),
}
VARIABLES = {
    "NAME": "posix",
    "VERSION": "3",
    "USER_1": "u",
    "TOKEN": "t",
    "EMPTY": "",
    "EMPTY_BEFORE": " ",
    "COMMENT": " # x",
    "OPTION": "--extra-index-url http://v.example",
    "HASH": f"--hash=sha256:{D256}",
    "OUTER": "1.${VERSION}",
}


def test_files_say_what_they_say_to_pip(ask_pip: AskPip, here: Path, target: Target) -> None:
    """Promise 3 for everything that can stand in a file: requirements, constraints, options, their order and place."""
    cases = []
    for number, (arguments, files) in enumerate(FILES.values()):
        place = here / str(number) / "here"
        write(
            place,
            {
                name: text.replace("<here>", str(place)) if isinstance(text, str) else text
                for name, text in files.items()
            },
        )
        cases.append(Case(tuple(arguments or ["-r", "r.txt"]), VARIABLES, place, read=True))
    for name, case, told in zip(FILES, cases, ask_pip(cases), strict=True):
        assert "error" not in told, (name, told)
        os.chdir(case.cwd)
        request = request_of(*case.arguments, target=target, environ={**os.environ, **case.environ})
        assert reading(request) == pips_reading(told), name


ENCODINGS = {
    "UTF-8 with a mark": codecs.BOM_UTF8 + "one # é\n".encode(),
    "UTF-16 little": "\ufeffone # é\ntwo\n".encode("utf-16-le"),
    "UTF-16 big": "\ufeffone # é\ntwo\n".encode("utf-16-be"),
    "UTF-32 little": "\ufeffone # é\ntwo\n".encode("utf-32-le"),
    "UTF-32 big": "\ufeffone # é\ntwo\n".encode("utf-32-be"),
    "named in the first line": "# -*- coding: latin-1 -*-\none # é\n".encode("latin-1"),
    "named in the second line": b"# x\n# vim: set fileencoding=cp1252 :\none; os_name == '\x80'\n",
    "named too late": "# x\n# y\n# coding: latin-1\none # ü\n".encode(),
    "named, but not in a comment": "one\n--no-binary=coding:latin-1 # ü\n".encode(),
    "of the locale": "one # é\n".encode("latin-1"),
}


@pytest.mark.parametrize("locale", ["C.UTF-8", "POSIX"])
def test_encodings_are_those_that_pip_finds(ask_pip: AskPip, here: Path, target: Target, locale: str) -> None:
    """Files come from every editor and system; a name read in the wrong encoding is another name."""
    write(here, {f"{number}.txt": data for number, data in enumerate(ENCODINGS.values())})
    surroundings = {**os.environ, "LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    cases = [Case(("-r", f"{number}.txt"), cwd=here, read=True) for number in range(len(ENCODINGS))]
    for name, case, told in zip(ENCODINGS, cases, ask_pip(cases, environ=surroundings), strict=True):
        if name == "of the locale":
            # Neither locale can read it; in a process that has latin-1 it is read, and the next test says so.
            assert "UnicodeDecodeError" in told["error"]
            assert "is not text that can be read" in refusal(
                lambda case=case: request_of(*case.arguments, target=target)
            )
        else:
            assert "error" not in told, (name, told)
            assert reading(request_of(*case.arguments, target=target)) == pips_reading(told), name


def test_the_locale_is_the_last_resort(here: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old file in the encoding of the machine is read where the machine still has it."""
    write(here, {"r.txt": "# caf\xe9\none\n".encode("latin-1")})
    monkeypatch.setattr("locale.getpreferredencoding", lambda _=True: "latin-1")
    assert [item.name for item in request_of("-r", "r.txt", target=target).requirements] == ["one"]


def test_real_files_are_read_as_pip_reads_them(ask_pip: AskPip, here: Path, shared: Path, target: Target) -> None:
    """Files that people use, thousands of lines of them, hashes and all."""
    files = sorted((shared / "corpus" / "requirements").iterdir())
    assert len(files) > 10
    cases = [Case(("-r", str(path)), cwd=here, read=True) for path in files]
    for case, told in zip(cases, ask_pip(cases), strict=True):
        assert "error" not in told, case
        request = request_of(*case.arguments, target=target)
        assert reading(request) == pips_reading(told), case
        assert request.requirements


def test_pip_would_install_the_same(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """The whole way on files that include each other: the plan is what `pip install --dry-run --report` tells."""
    for name, versions in {"app": ["1.0", "2.0"], "lib": ["1.0", "1.5", "2.0"], "tool": ["1.0", "2.0b1"]}.items():
        for version in versions:
            index.add(wheel(tmp_path / "on-index", name, version, requires=["lib"] if name == "app" else []))
    wheel(guard.cwd / "sub" / "wheels", "local", "3.0")
    write(
        guard.cwd,
        {
            "r.txt": "app<${LIMIT}\n-r sub/s.txt # more\n--all-releases \\\n  tool\n",
            "sub/s.txt": "-c c.txt\ntool; python_version > '3'\nabsent; python_version < '3'\n-f wheels\nlocal\n",
            "sub/c.txt": "lib!=2.0\nunused==9\n",
        },
    )
    limit = {"LIMIT": "2"}
    plain = Venv(venv.path, {**venv.environ, **limit}).pip(
        "install", "-q", "--dry-run", "--report", "-", "-i", index.url, "-r", "r.txt", cwd=guard.cwd
    )
    assert plain.code == 0, plain.err
    by_pip = {
        (item["metadata"]["name"], item["metadata"]["version"], item["requested"])
        for item in json.loads(plain.out)["install"]
    }
    ran = guard.install("--dry-run", "--format", "json", "-r", "r.txt", target=venv, **limit)
    assert ran.code == 0, ran.err
    ours = {(item["name"], item["version"], item["requested"]) for item in ran.json["plan"]["install"]}
    assert ours == by_pip
    assert ours == {("app", "1.0", True), ("lib", "1.5", False), ("tool", "2.0b1", True), ("local", "3.0", True)}


# --------------------------------------------------------------------------- on servers


class Files(Server):
    """A server of files, by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        super().__init__()

    def answer(self, asked: Asked) -> Answer:
        content = self.files.get(asked.path)
        return Answer(b"not there", 404) if content is None else Answer(content, 200, {"Content-Type": "text/plain"})


@pytest.fixture
def files() -> Iterator[Files]:
    """A server without any file yet."""
    with Files() as server:
        yield server


def fetch(url: str) -> bytes:
    """Read a URL as the program does."""
    with Http(Network(timeout=5, retries=0)) as http:
        return http.get(url, limit=1_000_000).content


def test_files_on_a_server(ask_pip: AskPip, files: Files, here: Path, target: Target) -> None:
    """Teams keep constraints on a server; a file there names others relative to itself, and none on this machine."""
    files.files = {
        "/a/r.txt": b"one\n-r sub/s.txt\n-c /c.txt\n-f wheels\n-i http://i.example\n",
        "/a/sub/s.txt": b"two\n-r ../t.txt\n",
        "/a/t.txt": f"three\n-r {files.base}/u.txt\n".encode(),
        "/u.txt": b"four\n-r s.txt?v=1\n",
        "/s.txt?v=1": b"five\n",
        "/c.txt": b"con==1\n",
    }
    write(here, {"r.txt": f"zero\n-r {files.base}/u.txt\n--constraint={files.base}/c.txt\n", "s.txt": "wrong\n"})
    cases = [
        Case(("-r", f"{files.base}/a/r.txt"), cwd=here, read=True),
        Case(("-r", "r.txt", "-c", f"{files.base}/c.txt"), cwd=here, read=True),
    ]
    for case, told in zip(cases, ask_pip(cases), strict=True):
        assert "error" not in told, told
        assert reading(request_of(*case.arguments, target=target, fetch=fetch)) == pips_reading(told)


def test_a_file_on_a_server_that_cannot_be_had(files: Files, here: Path, target: Target) -> None:
    """The message names the file, the line that asks for it and the reason; a password in the URL is not shown."""
    files.files = {
        "/r.txt": b"one\n\n-r missing.txt\n",
        "/large.txt": b"#" * 1_000_001,
        "/bad.txt": b"one\ntwo three\n",
        "/not-text.txt": b"\x81\xfe\x00",
    }
    base = files.base
    said = refusal(lambda: request_of("-r", f"{base}/missing.txt", target=target, fetch=fetch))
    assert f"The requirements file {base}/missing.txt cannot be read: the server answered 404" in said
    said = refusal(lambda: request_of("-r", f"{base}/r.txt", target=target, fetch=fetch))
    assert f"{base}/r.txt, line 3: the requirements file {base}/missing.txt cannot be read" in said
    said = refusal(lambda: request_of("-c", f"{base}/large.txt", "x", target=target, fetch=fetch))
    assert f"The constraints file {base}/large.txt cannot be read: the answer is larger than" in said
    assert "is not text that can be read" in refusal(
        lambda: request_of("-r", f"{base}/not-text.txt", target=target, fetch=fetch)
    )
    secret = base.replace("http://", "http://user:se@cret@")
    for name in ("missing.txt", "bad.txt", "r.txt", "not-text.txt"):
        said = refusal(lambda name=name: request_of("-r", f"{secret}/{name}", target=target, fetch=fetch))
        assert "****@127.0.0.1" in said
        assert "cret" not in said
    files.stop()
    assert "cannot be read" in refusal(lambda: request_of("-r", f"{base}/r.txt", target=target, fetch=fetch))


def test_a_server_cannot_nest_for_ever(files: Files, here: Path, target: Target) -> None:
    """Each file names the next: without a bound the guard would end in a traceback, or never."""
    for number in range(300):
        files.files[f"/{number}.txt"] = f"-r {number + 1}.txt\n".encode()
    said = refusal(lambda: request_of("-r", f"{files.base}/0.txt", target=target, fetch=fetch))
    assert "too many files include each other" in said
    assert len(files.paths()) < 200


def test_the_program_reads_files_on_a_server(guard: Guard, index: FakeIndex, venv: Venv, files: Files) -> None:
    """Over the command line, where the client and its limits are the program's own."""
    index.add(wheel(guard.cwd, "one", "1.0"))
    files.files = {"/r.txt": b"one\n", "/bad.txt": b"one\n-r missing.txt\n", "/large.txt": b"#" * 20_000_001}
    assert guard.install("--dry-run", "-r", f"{files.base}/r.txt", target=venv).code == 0
    for name, said in {"bad.txt": "line 2: the requirements file", "large.txt": "larger than 20,000,000"}.items():
        ran = guard.install("--dry-run", "-r", f"{files.base}/{name}", target=venv)
        assert ran.code == 2
        assert said in " ".join(ran.err.split())


# --------------------------------------------------------------------------- refusals

REFUSED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "no requirement": ({"r.txt": "one\n\ntwo three\n"}, "r.txt, line 3: 'two three' is not a requirement"),
    "in a nested file": ({"r.txt": "-r sub/s.txt", "sub/s.txt": "\n=1\n"}, "sub/s.txt, line 2: '=1' is not"),
    "over several lines": ({"r.txt": "\none \\\n two \\\n three\n"}, "r.txt, line 2: 'one  two  three' is not"),
    "an unknown option": (
        {"r.txt": "one\n--user\n"},
        "r.txt, line 2: '--user' cannot be read: No such option: --user.",
    ),
    "an ambiguous option": ({"r.txt": "--no x\n"}, "r.txt, line 1: '--no x' cannot be read: Ambiguous option"),
    "an option without value": ({"r.txt": "-i\n"}, "r.txt, line 1: '-i' cannot be read: -i option requires 1 argument"),
    "an open quote": ({"r.txt": "-f 'x\n"}, 'r.txt, line 1: "-f \'x" cannot be read: The options cannot be split'),
    "an editable": ({"r.txt": "one\n-e .\n"}, "-e (from r.txt, line 2) is not supported"),
    "an editable in a nested file": ({"r.txt": "-r s.txt", "s.txt": "--editable=."}, "--editable (from s.txt, line 1)"),
    "an editable URL": ({"r.txt": "-e git+https://h.example/n.git#egg=n\n"}, "-e (from r.txt, line 1)"),
    "settings of a build": ({"r.txt": "one --config-settings a=b\n"}, "--config-settings (from r.txt, line 1)"),
    "a feature": ({"r.txt": "--use-feature=fast-deps\n"}, "--use-feature=fast-deps (from r.txt, line 1)"),
    "a weak hash": ({"r.txt": "one==1 --hash=md5:abcd\n"}, "r.txt, line 1: --hash='md5:abcd' is not a hash"),
    "a missing digest": ({"r.txt": "one==1 \\\n --hash=sha256:\n"}, "r.txt, line 1: --hash='sha256:' is not a hash"),
    "a hash without value": (
        {"r.txt": "one==1 --hash\n"},
        "r.txt, line 1: 'one==1 --hash' cannot be read: --hash option",
    ),
    "a file that is not there": ({}, "The requirements file r.txt cannot be read: No such file or directory."),
    "a nested file that is not there": (
        {"r.txt": "\n-r sub/s.txt\n"},
        "r.txt, line 2: the requirements file <here>/sub/s.txt cannot be read: No such file or directory.",
    ),
    "a nested constraint that is not there": (
        {"r.txt": "-c c.txt"},
        "r.txt, line 1: the constraints file <here>/c.txt",
    ),
    "a folder": ({"r.txt/x": ""}, "The requirements file r.txt cannot be read: Is a directory."),
    "a nested folder": (
        {"r.txt": "-r sub\n", "sub/x": ""},
        "r.txt, line 1: the requirements file <here>/sub cannot be",
    ),
    "a file of another host": ({"r.txt": "-r file://h.example/x\n"}, "file://h.example/x names a file on another host"),
    "a broken URL": ({"r.txt": "-r http://[x/\n"}, "r.txt, line 1: the requirements file http://[x/ cannot be read"),
    "a broken file URL": (
        {"r.txt": "-r file://[x/\n"},
        "r.txt, line 1: the requirements file file://[x/ cannot be read",
    ),
    "NUL in a name": ({"r.txt": "-r a\x00b\n"}, "r.txt, line 1: the requirements file <here>/a\x00b cannot be read"),
    "itself": ({"r.txt": "one\n-r r.txt\n"}, "r.txt, line 2: the file 'r.txt' includes itself"),
    "itself over others": (
        {"r.txt": "-r sub/s.txt", "sub/s.txt": "one\n-c ../r.txt"},
        "sub/s.txt, line 2: the file '../r.txt' includes itself",
    ),
    "itself by URL": ({"r.txt": "-r file://<here>/r.txt\n"}, "line 1: the file 'file://<here>/r.txt' includes itself"),
    "binary": ({"r.txt": bytes(range(256))}, "The requirements file r.txt cannot be read: it is not text"),
    "a zip archive": (
        {"r.txt": b"PK\x03\x04\x14\x00\x08\xff"},
        "The requirements file r.txt cannot be read: it is not text",
    ),
    "half of a character": ({"r.txt": codecs.BOM_UTF16_LE + b"a"}, "r.txt cannot be read: it is not text"),
    "an unknown encoding": ({"r.txt": "# coding: nonsense\n"}, "it is not text that can be read (unknown encoding"),
    "an encoding that is none": ({"r.txt": "# coding: rot13\nbar"}, "it is not text that can be read ('rot13' is not"),
    "an encoding that never works": ({"r.txt": "# coding: undefined\nbar"}, "it is not text that can be read"),
    "a file in no encoding it names": (
        {"r.txt": b"# coding: ascii\n\xe9\n"},
        "it is not text that can be read ('ascii'",
    ),
    "NUL in a line": ({"r.txt": "one\nt\x00wo\n"}, r"r.txt, line 2: 't\x00wo' is not a requirement"),
    "a lock file inside": ({"r.txt": "[[package]]\nname = 'x'\n"}, "r.txt, line 1: '[[package]]' is not a requirement"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_placed(name: str, here: Path, target: Target) -> None:
    """Every refusal names the file and, where there is one, the line: never a traceback, never a guess."""
    written, said = REFUSED[name]
    write(
        here,
        {path: text.replace("<here>", str(here)) if isinstance(text, str) else text for path, text in written.items()},
    )
    assert said.replace("<here>", str(here)) in refusal(lambda: request_of("-r", "r.txt", target=target))


def test_what_is_refused_is_no_matter_of_taste(ask_pip: AskPip, here: Path) -> None:
    """pip refuses the same files, but for what it would build or ask its backends, which safe-pip does not do yet."""
    ours_alone = {"an editable", "an editable in a nested file", "an editable URL", "settings of a build", "a feature"}
    ours_alone |= {"a missing digest"}
    cases = []
    for number, (written, _) in enumerate(REFUSED.values()):
        place = here / str(number)
        place.mkdir()
        write(
            place,
            {
                path: text.replace("<here>", str(place)) if isinstance(text, str) else text
                for path, text in written.items()
            },
        )
        (place / "setup.py").touch()
        cases.append(Case(("-r", "r.txt"), {"PIP_RETRIES": "0"}, place, read=True))
    taken = {name for name, told in zip(REFUSED, ask_pip(cases), strict=True) if "error" not in told}
    assert taken == ours_alone


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://h.example/n.zip\n", "c.txt, line 1: 'https://h.example/n.zip' has no name"),
        ("one\ntwo[x]==1\n", "c.txt, line 2: 'two[x]==1' has extras"),
        ("./project\n", "c.txt, line 1: './project' has no name"),
    ],
)
def test_a_constraint_must_be_one(text: str, said: str, here: Path, target: Target) -> None:
    """A constraint without a name constrains nothing, and extras in one would install something."""
    write(here, {"c.txt": text, "project/setup.py": ""})
    assert said in refusal(lambda: request_of("one", "-c", "c.txt", target=target))


def test_what_pip_passes_over_is_noted(here: Path, target: Target) -> None:
    """An option that does nothing where it stands is mostly a mistake; it changes no answer, and is not kept secret."""
    write(here, {"r.txt": f"--hash=sha256:{D256}\none --pre\n--pre two\n-f a -f b\nthree==3 --hash=sha256:{D256}\n"})
    assert request_of("-r", "r.txt", target=target).notes == (
        "r.txt, line 1: pip passes over a --hash without a requirement.",
        "r.txt, line 2: pip passes over the options after 'one'.",
        "r.txt, line 3: pip passes over what stands after an option ('two').",
        "r.txt, line 4: pip passes over all but the first --find-links of a line.",
        "--find-links 'a' is not there; pip passes over it.",
    )


# --------------------------------------------------------------------------- other kinds of file


def test_a_pipe_is_read(here: Path, target: Target) -> None:
    """`-r <(pip freeze)` and `-r /dev/stdin` are pipes; they can be read once and have no size."""
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_text("one==1\ntwo\n"), daemon=True)
    writer.start()
    request = request_of("-r", "pipe", target=target)
    writer.join(10)
    assert [item.text for item in request.requirements] == ["one==1", "two"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the machine has no /dev/zero")
def test_a_file_without_end_is_refused(here: Path, target: Target) -> None:
    """A device or a file of gigabytes would fill the memory before anything is said."""
    assert "it is larger than 20,000,000 bytes" in refusal(lambda: request_of("-r", "/dev/zero", target=target))


def test_links_that_lead_in_circles(here: Path, target: Target) -> None:
    """The same file under ever longer names is never the same path; and a link to itself is no file."""
    (here / "again").symlink_to(".")
    (here / "self.txt").symlink_to("self.txt")
    write(here, {"r.txt": "-r again/r.txt\n"})
    said = refusal(lambda: request_of("-r", "r.txt", target=target))
    # Systems differ in how many links they follow.
    assert "Too many levels of symbolic links" in said or "too many files include each other" in said
    assert "again/r.txt, line 1" in said
    assert "Too many levels of symbolic links" in refusal(lambda: request_of("-r", "self.txt", target=target))


# --------------------------------------------------------------------------- attacks


def test_files_that_multiply_are_refused(here: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten files that each name the next ten times are ten thousand million readings."""
    monkeypatch.setattr("safe_pip.request.requirements_file._MOST_FILES", 200)
    for number in range(10):
        write(here, {f"{number}.txt": f"-r {number + 1}.txt\n" * 10})
    write(here, {"10.txt": "one\n"})
    assert "too many files include each other" in refusal(lambda: request_of("-r", "0.txt", target=target))


def test_many_nested_files_are_read(here: Path, target: Target) -> None:
    """The bounds are far from what honest files do: ninety files deep, and two thousand beside each other."""
    for number in range(90):
        write(here, {f"{number}.txt": f"deep-{number}\n-r {number + 1}.txt\n"})
    write(here, {"90.txt": "".join(f"-r side/{number}.txt\n" for number in range(2000))})
    for number in range(2000):
        write(here, {f"side/{number}.txt": f"wide-{number}\n"})
    assert len(request_of("-r", "0.txt", target=target).requirements) == 2090


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        " " * 1_000_000 + "one two",
        "one" + " " * 1_000_000 + "# comment",
        "one" + "\t" * 1_000_000 + "two",
        "# " * 1_000_000,
        "a" * 1_000_000 + " b",
        "one \\\n" * 100_000,
        "\\" * 1_000_000,
        "one " + "--hash=" * 100_000,
        "-" * 1_000_000,
        "--" + "a" * 1_000_000,
        "${" * 500_000,
        "${A" * 300_000,
        "'" * 300_001,
        "-f " + "x" * 1_000_000 + "'",
        "://" * 300_000 + " x",
        "--index-url=" + "a" * 1_000_000 + " -z",
        "coding:" * 100_000,
    ],
    ids=lambda text: f"{text[:16]!r}-{len(text)}",
)
@pytest.mark.timeout(60)
def test_an_enormous_line_costs_little(text: str, here: Path, target: Target) -> None:
    """A megabyte of anything must be read or refused in a moment, and refused in few words."""
    write(here, {"r.txt": text})
    try:
        request_of("-r", "r.txt", target=target)
    except UsageError as error:
        assert len(error.message) + len(error.hint) < 2000


SECRET = "https://user:se@cret@h.example/"


@pytest.mark.parametrize(
    "text",
    [
        f"-i {SECRET} --bad",
        f"--index {SECRET} 'open",
        f"-f '{SECRET}",
        f"-r {SECRET}",
        f"-c {SECRET}x.txt",
        f"-r {SECRET.replace('https', 'file')}",
        f"--{SECRET}",
        f"--pre={SECRET}",
        f"one --hash={SECRET}",
        f"one --hash=sha256:{SECRET}",
        f"one @ {SECRET} x",
        f"one {SECRET}",
        f"-r {SECRET.replace('h.example', '[h')}",
        f"--no-binary=-{SECRET}",
        f"--use-feature={SECRET}",
        "-i https://${NAME}:${PASSWORD}@h.example/ --bad",
        "-r ${URL}",
        "one ${URL}",
    ],
)
def test_no_error_shows_a_password(text: str, here: Path, target: Target) -> None:
    """Indexes with passwords stand in these files, often by variable; an error must not print them."""
    write(here, {"r.txt": f"{text}\n"})
    secrets = {"NAME": "user", "PASSWORD": "se@cret", "URL": SECRET}
    said = refusal(lambda: request_of("-r", "r.txt", target=target, environ={**os.environ, **secrets}))
    assert "cret" not in said
    assert "user:" not in said


def test_a_broken_index_url_is_refused_in_words(here: Path, target: Target) -> None:
    """It would otherwise fail where its password is looked for, with a traceback."""
    write(here, {"r.txt": "one\n--extra-index-url http://user:secret@[x/simple\n"})
    for arguments in (
        ["-r", "r.txt"],
        ["one", "-i", "http://user:secret@[x/"],
        ["one", "-f", "http://user:secret@[x/"],
    ):
        said = refusal(lambda arguments=arguments: request_of(*arguments, target=target))
        assert "'http://****@[x/" in said
        assert "is not a URL" in said


def test_nothing_in_a_file_runs_anything(here: Path, target: Target) -> None:
    """Text that a shell would run is only text here."""
    write(here, {"r.txt": "-f '$(touch mark)'\n-f `touch mark`\n-f ${IFS}\n--extra-index-url ';touch mark'\none\n"})
    request = request_of("-r", "r.txt", target=target)
    assert request.search.find_links[0] == "$(touch mark)"
    assert not (here / "mark").exists()


def test_no_file_is_no_network(here: Path, target: Target) -> None:
    """Reading a request asks no server unless a file lies on one (promise 7)."""
    write(here, {"r.txt": "-i http://a.example\none @ https://h.example/n.zip\n"})
    asked: list[str] = []

    def watched(url: str) -> bytes:
        asked.append(url)
        return no_fetch(url)

    request_of("-r", "r.txt", target=target, fetch=watched)
    assert asked == []
