"""Where something lies: URLs, and files from the folder of the policy file."""

from __future__ import annotations

import re
from typing import Any

from safe_pip import urls
from safe_pip.policy.kinds import At, Schema, is_a
from safe_pip.policy.kinds.scalars import Text

_LOOPBACK = re.compile(r"http://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:/|$)", re.IGNORECASE)
_FOLDER = re.compile(r"file:///[!-~]*")


class Url:
    """An http or https URL without user and password. safe: https only, but for this machine itself.

    base: that of an index, which may be a folder of this machine (``file:``) as well.
    """

    def __init__(self, *, safe: bool = False, base: bool = False) -> None:
        self.safe = safe
        self.base = base

    def read(self, raw: Any, at: At) -> str | None:
        if not is_a(raw, str, at):
            return None
        is_folder = self.base and _FOLDER.fullmatch(raw) is not None
        if not is_folder and (problem := problem_of_url(raw, safe=self.safe)):
            at.wrong(problem)
            return None
        return raw.rstrip("/") + "/" if self.base else str(raw)

    def schema(self) -> Schema:
        return {"type": "string", "format": "uri", "pattern": "^(?:https?://|file:///)" if self.base else "^https?://"}


def problem_of_url(text: str, *, safe: bool = False) -> str:
    """Why a text is no URL for a policy, as a sentence without its full stop; empty where it is one."""
    try:
        clean, login = urls.split_credentials(text)
        host = re.match(r"https?://[^/?#\s]+", clean, re.IGNORECASE)
    except ValueError:
        clean, login, host = text, None, None
    if host is None or not text.isprintable() or " " in text:
        return f"{urls.shown(text)} is not an http or https URL"
    if login is not None:
        return "a URL in a policy may have no user and password; keep them in ~/.netrc or the keyring"
    if safe and not clean.lower().startswith("https://") and not _LOOPBACK.match(clean):
        return f"{urls.shown(text)} is not https"
    return ""


class Place:
    """A file, from the folder of the policy file, or a URL; a file is read as its path from the root.

    words: what may stand there as well. remote: whether a URL may.
    """

    def __init__(self, words: tuple[str, ...] = (), *, remote: bool = True) -> None:
        self.words = words
        self.remote = remote

    def read(self, raw: Any, at: At) -> str | None:
        text = Text().read(raw, at)
        if text is None or text in self.words:
            return text
        if self.remote and urls.scheme(text) in ("http", "https"):
            if problem := problem_of_url(text, safe=True):
                at.wrong(problem)
                return None
            return text
        if "://" in text or not text.isprintable():
            known = "is neither a file nor an http or https URL" if self.remote else "cannot be the path of a file"
            at.wrong(f"{urls.shown(text)} {known}")
            return None
        return str(at.document.folder / text) if at.document.folder is not None else text

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}
