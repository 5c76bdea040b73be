"""Sphinx configuration: the pages are Markdown, and every warning is an error (nox -s docs)."""

from __future__ import annotations

import safe_pip

project = "safe-pip"
author = "The safe-pip developers"
project_copyright = "The safe-pip developers"
release = safe_pip.__version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "safe-pip"
nitpicky = True
