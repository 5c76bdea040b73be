"""Policies from URLs: fetched once, and kept by the digest of their content, to be there without a network."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.model import Network
from safe_pip.owned import is_ours
from safe_pip.policy.files import LARGEST, PolicyError


class Kept:
    """Gives the content of a URL. cache: safe-pip's cache folder, None to keep nothing."""

    def __init__(self, cache: Path | None, network: Callable[[], Network], offline: bool) -> None:
        self._folder = None if cache is None else cache / "policies"
        self._network = network
        self._offline = offline

    def content(self, url: str, digest: str) -> bytes:
        """The content that a digest stands for, where it is kept; else what the URL has, whatever that is.

        Raises PolicyError where it is not kept and cannot be fetched.
        """
        kept = self._kept(digest)
        if kept is not None:
            return kept
        shown = urls.redacted(url)
        wanted = f"wanted: sha256 {digest}\n   got: nothing"
        if self._offline:
            raise PolicyError(
                f"The policy {shown} is not on this machine.\n{wanted}, as --offline asks no one",
                "Run once without --offline; it is kept then.",
            )
        from safe_pip.index.http import Http

        try:
            with Http(self._network()) as http:
                content = http.get(url, limit=LARGEST).content
        except FetchError as error:
            raise PolicyError(
                f"The policy {shown} cannot be had: {error.reason}.\n{wanted}",
                error.hint or "Try again, or keep a copy and extend that file.",
            ) from error
        if hashlib.sha256(content).hexdigest() == digest:
            self._keep(digest, content)
        return content

    def _kept(self, digest: str) -> bytes | None:
        if self._folder is None:
            return None
        with suppress(OSError, ValueError):
            with (self._folder / digest).open("rb") as file:
                content = file.read(LARGEST + 1)
            if hashlib.sha256(content).hexdigest() == digest:
                return content
        return None

    def _keep(self, digest: str, content: bytes) -> None:
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_ours(self._folder):
                return
            descriptor, temporary = tempfile.mkstemp(prefix=".part-", dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, self._folder / digest)
