"""Hash mode: what is asked for must have a hash, which counts as a pin (pip: operations/prepare.py)."""

from __future__ import annotations

import os

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import Hashes, RequestedRequirement
from safe_pip.resolve.nodes import SpecifierNeed


def check(first: SpecifierNeed, constrained: Hashes | None) -> None:
    """Raise UsageError where neither a need nor the constraint on its project has a hash."""
    if first.hashes is not None or constrained:
        return
    raise UsageError(
        f"{f'{first.origin}: ' if first.origin else ''}{first} has no hash, and hashes are required of everything.",
        f"Put {first.project} with its version and a --hash into a requirements file, and so each of its "
        "dependencies; or use --no-require-hashes.",
    )


def check_direct(reference: RequestedRequirement, *, by_user: bool, hashes: Hashes | None) -> None:
    """The same for a direct reference: a digest in its URL will do, but only in one that the user wrote."""
    assert reference.url is not None
    shown = f"{reference.origin}: {urls.redacted(reference.text)}"
    if urls.is_vcs(reference.url) or _is_folder(reference.url):
        raise UsageError(
            f"{shown} can have no hash, and hashes are required of everything.",
            "Name an archive instead, or use --no-require-hashes.",
        )
    if hashes is None and not (by_user and urls.hash_fragment(reference.url)):
        raise UsageError(
            f"{shown} has no hash, and hashes are required of everything.",
            "Add it to a requirements file with a --hash, or use --no-require-hashes.",
        )


def _is_folder(url: str) -> bool:
    return url.startswith("file:") and os.path.isdir(urls.url_to_path(urls.without_fragment(url)))
