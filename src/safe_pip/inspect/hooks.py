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

_LONGEST_LINE = 4_096
_CUSTOMIZE = ("sitecustomize", "usercustomize")
_IDENTIFIERS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
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


def customizers(code: Mapping[str, str], added: Collection[str]) -> Iterator[Hook]:
    """Modules that the interpreter imports by name when it starts. added: paths that ``.pth`` files add."""
    for path, digest in code.items():
        if not any(name in path for name in _CUSTOMIZE) or path.endswith((".pth", ".start")):
            continue
        *folders, last = path.split("/")
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
    path = line.strip().replace("\\", "/")
    if not path or line.startswith("#") or _runs(line):
        return False
    return path.startswith("/") or bool(re.match(r"[A-Za-z]:", path)) or ".." in path.split("/")


def _is_known(line: str, name: NormalizedName) -> bool:
    if len(line) > _LONGEST_LINE:
        return False
    try:
        tree = ast.parse(line.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return _is_namespace(tree) or _is_precedence(tree, name) or _waits_for_own_variable(tree, name)


# --------------------------------------------------------------------------- namespace packages of setuptools

_MAY_IMPORT = {"sys", "types", "os"}
_MAY_LOAD = {"importlib.util", "importlib.machinery"}
_MAY_CALL = {
    "os.path.join",
    "os.path.dirname",
    "os.path.exists",
    "sys._getframe",
    "sys.modules.setdefault",
    "types.ModuleType",
    "importlib.util.module_from_spec",
    "importlib.machinery.PathFinder.find_spec",
    "m.__dict__.setdefault",
    "mp.append",
    "setattr",
    "__import__",
}
_MAY_SET = {"has_mfs", "p", "importlib", "m", "mp", "ie"}
_MAY_STAND = (
    ast.Module, ast.Import, ast.alias, ast.Assign, ast.Expr, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not,
    ast.Compare, ast.Gt, ast.NotIn, ast.Tuple, ast.List, ast.Starred, ast.Name, ast.Load, ast.Store, ast.Attribute,
    ast.Call, ast.Subscript, ast.Constant,
)  # fmt: skip
_MAY_SAY = {"sitedir", "__path__", "__init__.py"}
_MAY_REACH = {
    "os.path",
    "sys.version_info",
    "sys.modules",
    "sys._getframe(1).f_locals",
    "importlib.util",
    "importlib.machinery",
    "importlib.machinery.PathFinder",
    "m.__dict__",
}


def _is_namespace(tree: ast.Module) -> bool:
    """Whether a line makes a namespace package, as setuptools has written it in several ways, and can do no more.

    A module without content is put where none is, and a folder below site-packages is added to where it is looked for.
    """
    for node in ast.walk(tree):
        if not isinstance(node, _MAY_STAND):
            return False
        if isinstance(node, ast.Import) and any(item.name not in _MAY_IMPORT or item.asname for item in node.names):
            return False
        if isinstance(node, ast.Assign) and not (
            len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and node.targets[0].id in _MAY_SET
        ):
            return False
        if isinstance(node, ast.Call) and not _is_known_call(node):
            return False
        if isinstance(node, ast.Attribute) and ast.unparse(node) not in _MAY_REACH | _MAY_CALL:
            return False
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            text = node.value if isinstance(node.value, str) else ""
            if text not in _MAY_SAY and not _IDENTIFIERS.fullmatch(text):
                return False
    return any(isinstance(node, ast.Call) and ast.unparse(node.func) == "types.ModuleType" for node in ast.walk(tree))


def _is_known_call(node: ast.Call) -> bool:
    called = ast.unparse(node.func)
    if called not in _MAY_CALL or node.keywords:
        return False
    if called == "__import__":
        return len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value in _MAY_LOAD
    if called == "setattr":
        # Of the package above, to which the new one is given by its name.
        return re.fullmatch(r"sys\.modules\['[\w.]+'\], '\w+', m", ", ".join(map(ast.unparse, node.args))) is not None
    if called == "sys.modules.setdefault":
        # A package of the standard library could be led to files that it does not have.
        own = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        return isinstance(own, str) and bool(own) and own.split(".")[0] not in sys.stdlib_module_names
    if called == "os.path.join":
        first = ast.unparse(node.args[0]) if node.args else ""
        return first in ("sys._getframe(1).f_locals['sitedir']", "p")
    return called != "sys._getframe" or ast.unparse(node) == "sys._getframe(1)"


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
    """Whether a line does nothing at all until an environment variable is set that bears the project's own name.

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
    try:
        inner = ast.parse(call.args[0].value)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
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
    return len(prefix) > 2 and variable.value.startswith(f"{prefix}_")
