"""Python source from outside, parsed and never run."""

from __future__ import annotations

import ast
import warnings

# What the parser has to say of a text, with characters of it, would be printed as it is.
warnings.filterwarnings("ignore", category=Warning, module=r"<unknown>\Z")


def tree_of(source: str | bytes) -> ast.Module | None:
    """The syntax tree of a source, None where it cannot be parsed."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
