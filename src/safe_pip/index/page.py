"""Index pages to listings: the simple repository API as HTML (PEP 503) and as JSON (PEP 691, PEP 700)."""

from __future__ import annotations

import codecs
import re
from email.message import Message

from safe_pip.index.html_page import read_html
from safe_pip.index.json_page import read_json
from safe_pip.index.links import InvalidPage
from safe_pip.index.listing import Listing

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01"

_KINDS = ("text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json")
_META = re.compile(r"<meta[^<>]*pypi:repository-version[^<>]*>", re.IGNORECASE)
_CONTENT = re.compile(r"content\s*=\s*[\"']?\s*([0-9]+)", re.IGNORECASE)


def parse_page(content: bytes, content_type: str, url: str) -> Listing:
    """The files that an index page lists, in the page's order.

    content_type: the header's value. url: where the page came from, which relative links start from.
    Raises InvalidPage for another content type, a page of another major version of the API, or one that cannot be
    parsed. Source: PEP 503, 592, 629, 658, 691, 700, 714, 740; pip's index/collector.py.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise InvalidPage(f"it is {kind or 'of no content type'}, not an index page")
    if kind.endswith("+json"):
        return read_json(content, url)
    try:
        text = content.decode(_charset(content_type))
    except (ValueError, LookupError) as error:
        raise InvalidPage(f"it cannot be decoded: {error}") from error
    meta = _META.search(text, 0, 4096)
    version = _CONTENT.search(meta[0]) if meta else None
    if version and version[1] != "1":
        raise InvalidPage(f"it speaks version {version[1]} of the repository API")
    return read_html(text, url)


def _charset(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type
    charset = str(message.get_param("charset") or "utf-8")
    if codecs.lookup(charset).name in ("punycode", "idna"):
        raise LookupError(f"{charset} is for names, not for pages")
    return charset
