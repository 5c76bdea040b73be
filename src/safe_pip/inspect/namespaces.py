"""``__init__.py`` files that do no more than make a namespace package, told by their syntax tree."""

from __future__ import annotations

import ast
import re


def may_be_namespace(data: bytes) -> bool:
    """Whether it is worth a closer look; most modules are not."""
    return b"__path__" in data or b"declare_namespace" in data or all(_is_comment(line) for line in data.splitlines())


def _is_comment(line: bytes) -> bool:
    return not line.strip() or line.lstrip().startswith(b"#")


def is_namespace(data: bytes) -> bool:
    """Whether an ``__init__.py`` does nothing but what makes a namespace package, or nothing at all.

    Several projects bring such files to one path, and it does not matter whose is there.
    """
    try:
        return may_be_namespace(data) and all(_makes_namespace(node) for node in ast.parse(data).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


_NAMES = re.compile(r"\(?[\w, ]+\)?")
_NAMESPACE_LINES = {
    "__import__('pkg_resources').declare_namespace(__name__)",
    "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
    "__path__ = extend_path(__path__, __name__)",
    "__path__ = pkgutil.extend_path(__path__, __name__)",
    "from pkgutil import extend_path",
    "import pkgutil",
    "import pkg_resources",
    "pkg_resources.declare_namespace(__name__)",
    "from __future__ import absolute_import",
}


def _makes_namespace(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Try):
        # What is caught is worked out when something goes wrong, and could do anything then.
        if any(item.type is not None and not _NAMES.fullmatch(ast.unparse(item.type)) for item in node.handlers):
            return False
        inner = [*node.body, *node.orelse, *node.finalbody, *(part for item in node.handlers for part in item.body)]
        return all(isinstance(part, ast.Pass) or _makes_namespace(part) for part in inner)
    return ast.unparse(node).removesuffix("  # type: ignore") in _NAMESPACE_LINES
