"""What the interpreter runs when it starts: lines of ``.pth`` files, ``.start`` files, sitecustomize, usercustomize.

The files are read as site reads them, in every Python from 3.10 on: what runs in one of them counts. Lines that can do
nothing but what is known are told by their syntax tree, not by who they come from.
Source: CPython's Lib/site.py (addpackage, execsitecustomize); PEP 829.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Collection, Iterator, Mapping

from packaging.utils import NormalizedName

from safe_pip.facts import Hook
from safe_pip.inspect.names import leads_out
from safe_pip.inspect.syntax import tree_of

_LONGEST_LINE = 4_096
# The last is what the .pth file imports that virtualenv and uv put into every environment; no RECORD lists either.
_CUSTOMIZE = ("sitecustomize", "usercustomize", "_virtualenv")
_OLD_BREAKS = re.compile(r"\r\n|\r|\n")


def is_read_at_start(path: str) -> bool:
    """Whether a path below site-packages is that of a file which site reads. It does so at the top only."""
    return "/" not in path and path.endswith((".pth", ".start"))


def hooks_in(path: str, data: bytes, name: NormalizedName) -> Iterator[Hook]:
    """The first line of a ``.pth`` or ``.start`` file that runs something unknown, or leads out of site-packages.

    path: below site-packages. name: the project that brings it.
    """
    digest = hashlib.sha256(data).hexdigest()
    for number, line in _lines(data):
        if path.endswith(".start"):
            found = bool(line.strip()) and not line.strip().startswith("#")
        else:
            found = (_runs(line) and not _is_known(line, name)) or _leads_out(line)
        if found:
            yield Hook(path, digest, line.strip()[:_LONGEST_LINE], number)
            return


def paths_in(data: bytes) -> Iterator[str]:
    """The paths that a ``.pth`` file adds to where modules are looked for, those that lie below site-packages."""
    for _, line in _lines(data):
        if len(line) > _LONGEST_LINE:
            continue  # longer than any path may be
        if not _runs(line) and not _leads_out(line) and line.strip() and not line.startswith("#"):
            yield "/".join(part for part in line.strip().replace("\\", "/").split("/") if part not in ("", "."))


def namespaces_in(path: str, data: bytes) -> Iterator[tuple[str, Hook]]:
    """The modules that lines for namespace packages load, by their paths, each with the line that does."""
    if not path.endswith(".pth"):
        return
    digest = hashlib.sha256(data).hexdigest()
    for number, line in _lines(data):
        tree = _parsed(line) if _runs(line) else None
        found = _namespace(tree) if tree is not None else None
        if found is not None and found[1]:
            yield found[0].replace(".", "/"), Hook(path, digest, line.strip(), number)


def customizers(code: Mapping[str, str], added: Collection[str]) -> Iterator[Hook]:
    """Modules that the interpreter imports by name when it starts. added: paths that ``.pth`` files add."""
    for path, digest in code.items():
        if not any(name in path for name in _CUSTOMIZE) or path.endswith((".pth", ".start")):
            continue
        *folders, last = path.split("/")
        if folders and folders[-1] == "__pycache__":
            folders.pop()
        if last.split(".")[0] == "__init__" and folders and folders[-1] in _CUSTOMIZE:
            folders.pop()
        elif last.split(".")[0] not in _CUSTOMIZE:
            continue
        if not folders or "/".join(folders) in added:
            yield Hook(path, digest)


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    """The lines, with their numbers, as any Python sees them.

    Newer ones take a mark of UTF-8 away and end lines at more characters; older ones read in the encoding of the
    system, in which ASCII is the same, and end them at three.
    """
    texts = []
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            texts.append(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    told = set()
    for text in texts:
        for lines in (_OLD_BREAKS.split(text), text.splitlines()):
            for number, line in enumerate(lines, 1):
                if line not in told:
                    told.add(line)
                    yield number, line


def _runs(line: str) -> bool:
    return line.startswith(("import ", "import\t"))


def _leads_out(line: str) -> bool:
    """Whether a line is a path that leads out of site-packages."""
    return not line.startswith("#") and not _runs(line) and leads_out(line.strip().replace("\\", "/"))


def _is_known(line: str, name: NormalizedName) -> bool:
    tree = _parsed(line)
    if tree is None:
        return False
    try:
        return _namespace(tree) is not None or _is_precedence(tree, name) or _waits_for_own_variable(tree, name)
    except RecursionError:
        return False  # a tree may be deeper than what it can be written out from


def _parsed(line: str) -> ast.Module | None:
    return tree_of(line.strip()) if len(line) <= _LONGEST_LINE else None


# --------------------------------------------------------------------------- namespace packages of setuptools

_SITE = r"sys\._getframe\(1\)\.f_locals\['sitedir'\]"
_NAMED = r"'(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)'"
_MADE = r"types\.ModuleType\('(?P<made>[\w.]+)'\)"
_LOADED = r"importlib\.util\.module_from_spec\(importlib\.machinery\.PathFinder\.find_spec\("
_LOADED += r"'(?P<loaded>[\w.]+)', \[os\.path\.dirname\(p\)\]\)\)"
_STATEMENTS = re.compile(
    "|".join(
        (
            r"import (?:sys|types|os)(?:, (?:sys|types|os))*",
            r"has_mfs = sys\.version_info > \(3, 5\)",
            rf"p = os\.path\.join\({_SITE}, \*\((?P<folders>[\w', ]+)\)\)",
            r"ie = os\.path\.exists\(os\.path\.join\(p, '__init__\.py'\)\)",
            r"(?:importlib = )?(?:has_mfs and )?__import__\('importlib\.(?:util|machinery)'\)",
            rf"m = (?:has_mfs and |not ie and |m or )?sys\.modules\.setdefault\({_NAMED}, (?:{_MADE}|{_LOADED})\)",
            r"mp = \(m or \[\]\) and m\.__dict__\.setdefault\('__path__', \[\]\)",
            r"p not in mp and mp\.append\(p\)",
            r"m and setattr\(sys\.modules\['(?P<above>[\w.]+)'\], '(?P<last>\w+)', m\)",
        )
    ),
    re.ASCII,
)
"""Each statement that setuptools has written into such a line, in any version of it, as ``ast.unparse`` spells it."""


def _namespace(tree: ast.Module) -> tuple[str, bool] | None:
    """The namespace package that a line makes as setuptools does, and whether it loads a module for it; else None.

    A module without content is put where none is, and its own folder below site-packages is where it is looked for.
    """
    names: set[str] = set()
    loads = False
    for statement in tree.body:
        try:
            found = _STATEMENTS.fullmatch(ast.unparse(statement))
        except RecursionError:
            return None
        if found is None:
            return None
        said = {key: value for key, value in found.groupdict().items() if value is not None}
        loads |= "loaded" in said
        if "folders" in said:
            said["folders"] = ".".join(part.strip(" '") for part in said["folders"].strip(", ").split(","))
        if "above" in said:
            said = {"above": f"{said['above']}.{said['last']}"}
        names.update(said.values())
    if len(names) != 1:
        return None
    # A package of the standard library could be led to files that it does not have.
    [name] = names
    return (name, loads) if name.split(".")[0] not in sys.stdlib_module_names else None


# --------------------------------------------------------------------------- others

# setuptools takes the place of distutils by it. What it calls is a part of setuptools, of no other project.
_PRECEDENCE = ast.dump(
    ast.parse(
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
        "enabled and __import__('_distutils_hack').add_shim()"
    )
)


def _is_precedence(tree: ast.Module, name: NormalizedName) -> bool:
    return name == "setuptools" and ast.dump(tree) == _PRECEDENCE


def _waits_for_own_variable(tree: ast.Module, name: NormalizedName) -> bool:
    """Whether a line does nothing at all until an environment variable is set that is for starting it in a process.

    It bears the project's whole name, and its last words. By the name alone it could be one that is set anyway: a
    project may call itself github, and wait for GITHUB_ACTIONS.
    So coverage measures programs that a program starts. Such a line is ``import os, sys; exec('…')`` with one ``if``,
    since no statement with a colon may follow another in its line, or such an ``if`` in an expression.
    """
    statements = list(tree.body)
    while statements and isinstance(statements[0], ast.Import):
        if any(item.name not in ("os", "sys") or item.asname for item in statements.pop(0).names):  # type: ignore[attr-defined]
            return False
    if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
        return False
    call = statements[0].value
    if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "exec" and len(call.args) == 1):
        return False
    if call.keywords or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        return False
    inner = tree_of(call.args[0].value)
    if inner is None:
        return False
    body = list(inner.body)
    while body and isinstance(body[0], ast.Import):
        if any(item.name not in ("os", "sys") or item.asname for item in body.pop(0).names):  # type: ignore[attr-defined]
            return False
    if len(body) != 1 or not isinstance(body[0], ast.If) or body[0].orelse:
        return False
    return _asks_for_own_variable(body[0].test, name.replace("-", "_").upper())


def _asks_for_own_variable(test: ast.expr, prefix: str) -> bool:
    if isinstance(test, ast.BoolOp):
        return all(_asks_for_own_variable(value, prefix) for value in test.values)
    variable: ast.expr | None = None
    if isinstance(test, ast.Call) and ast.unparse(test.func) in ("os.getenv", "os.environ.get") and len(test.args) == 1:
        variable = test.args[0] if not test.keywords else None
    elif isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.In):
        variable = test.left if ast.unparse(test.comparators[0]) == "os.environ" else None
    if not isinstance(variable, ast.Constant) or not isinstance(variable.value, str):
        return False
    return variable.value in (f"{prefix}_PROCESS_START", f"{prefix}_PROCESS_CONFIG")
