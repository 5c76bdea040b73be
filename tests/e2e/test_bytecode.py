"""Bytecode is compiled beside pip; what lies in the environment afterwards must be what pip itself would have left."""

from __future__ import annotations

import marshal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import FakeIndex, wheel
from safe_pip.commit.bytecode import Compilers
from safe_pip.target.probing import probe

MakeVenv = Callable[..., Venv]

ODD = {
    "odd/plain.py": "x = 1\n",
    "odd/deep/er/module.py": "def f():\n    return [i for i in range(3)]\n",
    "odd/wrong.py": "this is no python\n",
    "odd/null.py": "x = '\0'\n",
    "odd/empty.py": "",
    "odd/latin.py": "# -*- coding: latin-1 -*-\nx = 1\n",
    "odd/cyrillic.py": "# -*- coding: iso-8859-5 -*-\nx = 1\n",
    "odd/unknown.py": "# vim: set fileencoding=no-such-thing :\nx = 1\n",
    "odd/second_line.py": "#!/usr/bin/python\n# coding: cp1252\nx = 1\n",
    "odd/third_line.py": "x = 1\n\n# coding: cp1252\n",
    "odd/warns.py": "x = '\\d' is 3\n",
    "odd/no_module.txt": "text\n",
    "odd/__pycache__/plain.cpython-999.pyc": "not ours\n",
    "top_level.py": "y = 2\n",
    "shared/__init__.py": "from_odd = 1\n",
    "odd-1.0.data/purelib/odd/pure.py": "z = 3\n",
    "odd-1.0.data/platlib/odd_platform.py": "z = 4\n",
    "odd-1.0.data/scripts/odd_script.py": "#!python\nz = 5\n",
    "odd-1.0.data/data/share/odd/data.py": "z = 6\n",
    "odd-1.0.data/headers/odd.py": "z = 7\n",
}


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """Wheels with modules in every place and state; two of them own one module, with different content."""
    index.add(wheel(tmp_path / "files", "odd", "1.0", requires=["other"], files=ODD))
    index.add(wheel(tmp_path / "files", "other", "1.0", files={"shared/__init__.py": "from_other = 1\n"}))
    return index


def bytecode(venv: Venv) -> dict[str, tuple[bytes, object, bool]]:
    """Every .pyc of an environment: magic and flags, code, and whether it is of its source as it lies there."""
    found = {}
    for path in sorted(venv.path.rglob("*.pyc")):
        content = path.read_bytes()
        if path.suffixes[0] == f".cpython-{sys.version_info[0]}{sys.version_info[1]}":
            state = (path.parent.parent / f"{path.name.split('.')[0]}.py").stat()
            stamp = int(state.st_mtime).to_bytes(4, "little") + state.st_size.to_bytes(4, "little")
            code = marshal.loads(content[16:])
            name = code.co_filename.replace(str(venv.path), "<env>")
            found[str(path.relative_to(venv.path))] = (content[:8], (code, name), content[8:16] == stamp)
    return found


def test_it_is_what_pip_writes(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """The same files with the same code and header, and the same lines in RECORD in the same order."""
    guarded, plain = make_venv("guarded"), make_venv("plain")

    ran = guard.install("odd", "--allow", "file-shadowing", target=guarded)
    done = plain.pip("install", "--index-url", world.url, "odd")

    assert (ran.code, done.code) == (0, 0), ran.err + done.err
    assert bytecode(guarded) == bytecode(plain)
    assert all(fresh for _, _, fresh in bytecode(guarded).values())
    assert len(bytecode(guarded)) > 10
    assert guarded.files() == plain.files()
    for name in ("odd", "other"):
        records = [(venv.site_packages / f"{name}-1.0.dist-info" / "RECORD") for venv in (guarded, plain)]
        names = [[line.split(",")[0] for line in record.read_text().splitlines()] for record in records]
        assert names[0] == names[1]
        assert records[0].stat().st_mode == records[1].stat().st_mode


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--no-compile"], {}),
        ([], {"PYTHONPYCACHEPREFIX": "/nonexistent/but/never/written"}),
        ([], {"SOURCE_DATE_EPOCH": "1000000000"}),
        ([], {"PYTHONOPTIMIZE": "1"}),
    ],
    ids=["no-compile", "elsewhere", "reproducible", "optimized"],
)
def test_what_changes_bytecode_is_left_to_pip(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv, tmp_path: Path, arguments: list[str], environ: dict[str, str]
) -> None:
    """With these pip writes other files or none, and so does the guard."""
    environ = {name: value.replace("/nonexistent", str(tmp_path)) for name, value in environ.items()}
    guarded, plain = make_venv("guarded"), make_venv("plain")

    ran = guard.install(*arguments, "odd", "--allow", "file-shadowing", target=guarded, **environ)
    plain.environ.update(environ)
    done = plain.pip("install", "--index-url", world.url, *arguments, "odd")

    assert (ran.code, done.code) == (0, 0), ran.err + done.err
    assert guarded.files() == plain.files()
    contents = [
        {str(path.relative_to(venv.path)): path.read_bytes()[:8] for path in venv.path.rglob("*.pyc")}
        for venv in (guarded, plain)
    ]
    assert contents[0] == contents[1]


def test_modules_are_compiled_ahead(venv: Venv, tmp_path: Path, environ: dict[str, str]) -> None:
    """The work is done while pip unpacks, not afterwards; only what .data moves elsewhere has to wait."""
    odd = wheel(tmp_path / "files", "odd", "1.0", files=ODD)
    folder = tmp_path / "private"
    folder.mkdir()
    compilers = Compilers(probe(venv.python), [odd], folder, environ)
    assert venv.pip("install", "--no-compile", "--no-index", str(odd)).code == 0

    compiled = compilers.finish({str(odd): str(venv.site_packages / "odd-1.0.dist-info")})
    compilers.stop()

    assert compiled.failed == {}
    assert compiled.ahead == 9
    assert compiled.late == 5


def test_a_compiler_that_dies(venv: Venv, tmp_path: Path, environ: dict[str, str]) -> None:
    """A module may crash the compiler; the packages are installed all the same, and what is missing is told."""
    odd = wheel(tmp_path / "files", "odd", "1.0", files=ODD)
    folder = tmp_path / "private"
    folder.mkdir()
    compilers = Compilers(probe(venv.python), [odd], folder, environ)
    for process in compilers._processes:
        process.kill()

    compiled = compilers.finish({str(odd): str(venv.site_packages / "odd-1.0.dist-info")})
    compilers.stop()

    assert compiled == (0, 0, {str(odd): "the compiler ended with -9"})


def test_bytecode_that_cannot_be_written_is_told(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """The install stands, since Python compiles by itself what has no bytecode; the user is told."""
    index.add(wheel(tmp_path / "files", "blocked", "1.0", files={"blocked/__pycache__": "a file in the way\n"}))

    ran = guard.install("blocked", target=venv)

    assert ran.code == 0, ran.err
    assert "No bytecode was written for blocked (" in ran.said
    assert venv.freeze() == ["blocked==1.0"]


def test_nothing_is_run(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """To compile is not to import, and the compilers start without the target's site code: only pip runs that."""
    mark = tmp_path / "mark"
    code = f"import pathlib; pathlib.Path({str(mark)!r}).open('a').write('ran ')\n"
    index.add(wheel(tmp_path / "files", "lively", "1.0", files={"lively/__main__.py": code, "late.py": code}))
    (venv.site_packages / "site.pth").write_text(code)
    subprocess.run([venv.python, "-c", "pass"], check=True)
    once = mark.read_text()

    ran = guard.install("lively", target=venv)

    assert ran.code == 0, ran.err
    assert mark.read_text() == once * 2
