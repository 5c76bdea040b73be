"""What runs at the start of every Python: told as site reads the files, and not told of lines that can do no harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from safe_pip.facts import Hook
from safe_pip.inspect.hooks import customizers, hooks_in, paths_in

ACME = canonicalize_name("acme")
OLD_NAMESPACE = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('acme', 'sub'));"
    "ie = os.path.exists(os.path.join(p,'__init__.py'));"
    "m = not ie and sys.modules.setdefault('acme.sub', types.ModuleType('acme.sub'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p);"
    "m and setattr(sys.modules['acme'], 'sub', m)"
)
NAMESPACE = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('acme',));"
    "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault('acme', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('acme', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('acme', types.ModuleType('acme'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)
PRECEDENCE = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim(); "
)
WAITING = "import sys; exec('import os\\n\\nif os.getenv(\"{}\"):\\n import acme\\n acme.start()')"


def hooks(text: str | bytes, path: str = "acme.pth", name: str = "acme") -> list[Hook]:
    """The hooks in a file."""
    return list(hooks_in(path, text.encode() if isinstance(text, str) else text, canonicalize_name(name)))


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "import\tos",
        "# a comment\n\nacme\nimport os; os.system('x')\n",
        "\ufeffimport os",
        "acme\rimport os",
        "acme\x0cimport os",
        "acme\u2028import os",
        b"\xff\xfe\nimport os",
        "import acme; acme.start()",
        NAMESPACE + ";acme.start()",
        NAMESPACE.replace("'importlib.util'", "'acme.evil'"),
        NAMESPACE.replace("setdefault('acme'", "setdefault('encodings'"),
        NAMESPACE.replace("mp = (m or []) and m.__dict__.setdefault('__path__',[])", "mp = sys.path"),
        NAMESPACE.replace("*('acme',)", "*('..',)"),
        NAMESPACE.replace("sys._getframe(1).f_locals['sitedir']", "'tmp'"),
        OLD_NAMESPACE.replace("setattr(sys.modules['acme'], 'sub', m)", "setattr(os, 'path', m)"),
        PRECEDENCE,
        WAITING.format("PATH"),
        WAITING.format("ACMEX"),
        WAITING.format("ACME_ACTIONS"),
        NAMESPACE.replace("*('acme',)", "*('stuff',)"),
        NAMESPACE.replace("find_spec('acme'", "find_spec('other'"),
        NAMESPACE.replace("m.__dict__.setdefault('__path__',[])", "m.__dict__.setdefault('path',[])"),
        NAMESPACE.replace("mp = (m or [])", "m = sys.modules['sys'];mp = (m or [])"),
        OLD_NAMESPACE.replace("setattr(sys.modules['acme'], 'sub', m)", "setattr(sys.modules['os'], 'path', m)"),
        WAITING.format("ACME_PROCESS_START").replace("')", "\\nelse:\\n import acme')"),
        WAITING.format("ACME_PROCESS_START") + "; import acme",
        "import " + "x." * 100_000 + "y",
        "import x; " + "(" * 5_000,
        "import x; " + "x." * 1_500 + "y()",
        "import x; x" + "()" * 1_800,
        "import os; exec('import os\\nif os." + "x." * 1_300 + "y(1):\\n pass')",
        "/somewhere/else",
        "../up",
        "a/../../up",
        "C:\\somewhere",
    ],
)
def test_what_runs_is_told(text: str | bytes) -> None:
    """Every way to have code run, or to have it looked for where others can write, by any Python from 3.10 on."""
    assert len(hooks(text)) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "acme"),
        ("acme\nacme/lib\n", "acme"),
        ("# import os", "acme"),
        ("important\nimports/x\n import os\n", "acme"),
        (NAMESPACE, "acme"),
        (OLD_NAMESPACE, "acme"),
        (PRECEDENCE, "setuptools"),
        (WAITING.format("ACME_PROCESS_START"), "acme"),
        ("import os, sys; exec('if \"ACME_PROCESS_CONFIG\" in os.environ:\\n import acme')", "acme"),
    ],
)
def test_what_can_do_no_harm_is_not(text: str, name: str) -> None:
    """Honest projects write these by the thousand; an alarm for them would be the last that anybody read."""
    assert hooks(text, name=name) == []


def test_the_parser_says_nothing_of_its_own(tmp_path: Path) -> None:
    """Python warns of odd source on stderr, with its characters as they are, which could steer a terminal."""
    (tmp_path / "a.pth").write_bytes(b"import x; y = 1 is 1; z = '\\\x1b'\n")
    code = "import sys, pathlib; from safe_pip.inspect.hooks import hooks_in; "
    code += "print(len(list(hooks_in('a.pth', pathlib.Path(sys.argv[1]).read_bytes(), 'a'))))"
    command = [sys.executable, "-W", "default", "-c", code, str(tmp_path / "a.pth")]

    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "1"
    assert "SyntaxWarning" not in run.stderr and "\x1b" not in run.stderr


def test_the_line_and_its_number_are_told() -> None:
    """The one thing that a person has to look at."""
    [found] = hooks("# first\nacme\nimport os; os.system('x')  \n")

    assert (found.number, found.line) == (3, "import os; os.system('x')")


def test_start_files() -> None:
    """PEP 829: from Python 3.15 on, every line of one is called."""
    assert len(hooks("acme.start:main\n", "acme.start")) == 1
    assert hooks("# nothing\n\n", "acme.start") == []


@pytest.mark.parametrize(
    ("path", "added", "found"),
    [
        ("sitecustomize.py", (), True),
        ("usercustomize/__init__.py", (), True),
        ("sitecustomize.cpython-312-x86_64-linux-gnu.so", (), True),
        ("sitecustomize/__init__.abi3.so", (), True),
        ("acme/sitecustomize.py", ("acme",), True),
        ("acme/sitecustomize.py", (), False),
        ("acme/sitecustomize.py", ("acme/lib",), False),
        ("__pycache__/sitecustomize.cpython-312.pyc", (), True),
        ("acme/__pycache__/sitecustomize.cpython-312.pyc", (), False),
        ("_virtualenv.py", (), True),
        ("sitecustomize/other.py", (), False),
        ("my_sitecustomize.py", (), False),
    ],
)
def test_modules_that_python_imports_by_itself(path: str, added: tuple[str, ...], found: bool) -> None:
    """They run like hooks, wherever they can be imported from: at the top, or where a .pth file leads."""
    assert bool(list(customizers({path: "aa"}, added))) == found


def test_the_paths_that_are_added() -> None:
    """What a .pth file adds to the path is where such a module may lie."""
    assert list(paths_in(b"# no\n./acme//lib/\nimport os\n/out\nmore\\deep\n")) == ["acme/lib", "more/deep"]


def test_python_itself_runs_what_is_told_and_nothing_else(tmp_path: Path) -> None:
    """The truth is what site does with a file; here it does it."""
    lines = ["import builtins; builtins.ran.append(1)", "# import x", " import builtins; builtins.ran.append(2)"]
    for number, text in enumerate(lines):
        (tmp_path / f"{number}.pth").write_text(f"{text}\n")
    code = "import builtins, site, sys; builtins.ran = []; site.addsitedir(sys.argv[1]); print(builtins.ran)"

    run = subprocess.run([sys.executable, "-I", "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[1]"
    assert [bool(hooks(text)) for text in lines] == [True, False, False]
