"""URLs and paths: one into the other, and what of a URL may be shown."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Iterable
from contextlib import suppress

VCS_SCHEMES = frozenset(
    [f"git+{scheme}" for scheme in ("http", "https", "ssh", "git", "file")]
    + [f"hg+{scheme}" for scheme in ("file", "http", "https", "ssh", "static-http")]
    + [f"svn+{scheme}" for scheme in ("ssh", "http", "https", "svn", "file")]
    + [f"bzr+{scheme}" for scheme in ("http", "https", "ssh", "sftp", "ftp", "lp", "file")]
)
_URL_SCHEMES = frozenset({"http", "https", "file", "ftp"}) | VCS_SCHEMES
ARCHIVE_EXTENSIONS = (
    ".whl",
    ".zip",
    ".tar.gz",
    ".tgz",
    ".tar",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tlz",
    ".tar.lz",
    ".tar.lzma",
)
# What quoting leaves as it is. A plus sign is not: some servers take it for a space.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
# Up to the last @ of the authority, as urlsplit has it; the scheme before it needs no look, which keeps this linear.
_CREDENTIALS = re.compile(r"://[^/?#\s]*@")
_HASH_FRAGMENT = re.compile(r"[#&](sha512|sha384|sha256|sha224|sha1|md5)=([^&]*)")


def is_url(text: str) -> bool:
    """Whether a text has a scheme that pip takes for a URL (pip: vcs/versioncontrol.py, is_url)."""
    return scheme(text) in _URL_SCHEMES


def scheme(text: str) -> str:
    """The scheme of a URL in lower case, or an empty text where there is none."""
    try:
        return urllib.parse.urlsplit(text).scheme
    except ValueError:
        return ""


def is_vcs(url: str) -> bool:
    """Whether a URL names a version-control checkout."""
    return scheme(url) in VCS_SCHEMES


def is_archive(name: str) -> bool:
    """Whether a file name has an extension that pip takes for an archive (pip: utils/filetypes.py)."""
    return name.lower().endswith(ARCHIVE_EXTENSIONS)


def path_to_url(path: str | os.PathLike[str]) -> str:
    """The ``file:`` URL of a path, made absolute."""
    absolute = os.path.normpath(os.path.abspath(path))
    return urllib.parse.urljoin("file://", urllib.parse.quote(absolute))


def url_to_path(url: str) -> str:
    """The path of a ``file:`` URL. Raises ValueError for another host's file."""
    parts = urllib.parse.urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"{url} names a file on another host")
    return urllib.parse.unquote(parts.path)


def local_path(place: str) -> str | None:
    """The path of a place that is given as a path or a file: URL, None for one elsewhere."""
    if not scheme(place) or os.path.exists(place):
        return place
    if place.startswith("file:"):
        with suppress(ValueError):
            return url_to_path(place)
    return None


def without_fragment(url: str) -> str:
    """The URL up to its ``#``."""
    return url.partition("#")[0]


def file_name(url: str) -> str:
    """The last part of a URL's path, decoded, without any folder."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    name = os.path.basename(path.rstrip("/"))
    return "" if name in (".", "..") else name


def hash_fragment(url: str) -> frozenset[tuple[str, str]]:
    """The digest in a URL's fragment, as a set of one (algorithm, lower-case digest), or empty (PEP 503)."""
    found = _HASH_FRAGMENT.search(url)
    return frozenset({(found[1], found[2].lower())}) if found else frozenset()


def fragment_value(url: str, key: str) -> str | None:
    """The value of ``key=`` in a URL's fragment, None where it is not there."""
    found = re.search(rf"[#&]{re.escape(key)}=([^&]*)", url)
    return urllib.parse.unquote(found[1]) if found else None


def quoted(url: str) -> str:
    """The URL with its path percent-encoded once, whatever it was before (pip: models/link.py, _ensure_quoted_url)."""
    parts = urllib.parse.urlsplit(url)
    if _PLAIN_PATH.fullmatch(parts.path):
        return url
    pieces = re.split("(@|%2F)", parts.path, flags=re.IGNORECASE)
    path = "".join(
        piece.upper() if index % 2 else urllib.parse.quote(urllib.parse.unquote(piece))
        for index, piece in enumerate(pieces)
    )
    return urllib.parse.urlunsplit(parts._replace(path=path))


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """The URL without user and password, and those, decoded, where there are any."""
    parts = urllib.parse.urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    clean = urllib.parse.urlunsplit(parts._replace(netloc=host))
    return clean, (urllib.parse.unquote(user), urllib.parse.unquote(password))


def redacted(text: str) -> str:
    """A text in which every user and password of a URL is replaced by ``****``."""
    return _CREDENTIALS.sub("://****@", text)


def brief(text: str, limit: int = 200) -> str:
    """A text from outside as it may stand in a message: without credentials, and cut where it is long."""
    clean = redacted(text)
    return clean if len(clean) <= limit else f"{clean[:limit]}…"


def shown(text: str, limit: int = 200) -> str:
    """The same in quotation marks, with control characters written out."""
    return repr(brief(text, limit))


def credentials_in(addresses: Iterable[str]) -> dict[str, tuple[str, str]]:
    """User and password of the URLs that carry them, by the URL without them; where one is given twice, the first."""
    found: dict[str, tuple[str, str]] = {}
    for address in addresses:
        clean, credentials = split_credentials(address)
        if credentials is not None:
            found.setdefault(clean, credentials)
    return found
