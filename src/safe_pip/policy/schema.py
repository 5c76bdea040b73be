"""The JSON Schema of a policy file, for editors."""

from __future__ import annotations

from typing import Any

from safe_pip.policy.keys import ROOT

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema of ``safe-pip.toml``, and of ``[tool.safe-pip]``, in the terms of JSON Schema 2020-12."""
    return {
        "$schema": DIALECT,
        "title": "The policy of safe-pip",
        "description": "safe-pip.toml, or the table [tool.safe-pip] of a pyproject.toml.",
        **ROOT.schema(),
    }
