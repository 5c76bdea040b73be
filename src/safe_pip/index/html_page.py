"""Index pages in HTML (PEP 503), by three readers: all anchors at once, tag by tag, and with Python's parser as pip.

Each takes only the pages that the next would read alike, and leaves the others to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser

from safe_pip.index.anchors import attributes_of, from_anchor
from safe_pip.index.links import MOST_LINKS, InvalidPage, locate, too_many
from safe_pip.index.listing import Listing, plain_listing
from safe_pip.model import DistributionFile

_SPACE = "[ \\t\\n\\r\\f]"
# Tags as index servers write them: every value in double quotes, and nothing in it to be mistaken. The fast reader is
# trusted only with pages that have no other "<": no comments, and no elements within which tags are no tags. Nor with
# references that readers disagree about.
_ATTRIBUTES = rf'(?:{_SPACE}+[a-z-]+="[^"<>]*")*'
_SIMPLE_TAG = re.compile(
    rf"<(?:a({_ATTRIBUTES}){_SPACE}*/?>"
    r"|(?!(?:base|script|style|textarea|xmp|iframe|noembed|noframes|noscript|plaintext|svg|math)\b"
    r"|title(?!>[^<]*</title>))"
    rf"/?[a-z][a-z0-9]*{_ATTRIBUTES}{_SPACE}*/?>|!doctype[^<>]*>)",
    re.IGNORECASE | re.ASCII,
)
# An anchor as it is mostly written, for a reader that looks at all of them together. That what it splits off is plain
# is checked afterwards. The lengths are bounded since what never ends would be looked for at each beginning.
_ANCHOR = re.compile(r'<a href="([^#]{0,1000})#sha256=([^"]{64})"([^>]{0,1000})>[^<]{0,500}</a>')
_PLAIN_ATTRIBUTE_NAME = re.compile(r" [a-z-]+=")
_PLAIN_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:-]+/")
_HEX = b"0123456789abcdef"
_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ADDRESS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+!-/:\n"
_ODD_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")


def read_html(text: str, page: str) -> Listing:
    """The files that a page lists. page: its URL. Raises InvalidPage."""
    if text.count("<") > 8 * MOST_LINKS:
        raise too_many()
    return _from_plain_html(text, page) or Listing.of(_from_html(text, page))


def _from_plain_html(text: str, page: str) -> Listing | None:
    """The files of a page whose anchors are all of the commonest kind, None for another page.

    That kind is an absolute URL that needs no further look, with its digest, and some attributes in double quotes. What
    the anchors hold is looked at all together, since a page has thousands.
    """
    pieces = _ANCHOR.split(text)
    addresses, digests, attributes = pieces[1::4], pieces[2::4], pieces[3::4]
    # What stands between the anchors is mostly the same line end.
    between = set(pieces[::4])
    if len(addresses) > MOST_LINKS or not all(
        "<a" not in piece.lower() and len(_SIMPLE_TAG.findall(piece)) == piece.count("<") for piece in between
    ):
        return None
    names = [address.rpartition("/")[2] for address in addresses]
    if not (_are_addresses(addresses, names) and _are_digests(digests) and _are_plain(attributes)):
        return None
    return plain_listing(page, names, addresses, digests, attributes)


def _are_addresses(addresses: list[str], names: list[str]) -> bool:
    """Whether addresses are of one origin, each once, and need no further look. names: what each ends with."""
    if not addresses:
        return True
    count = len(addresses)
    joined = "\n".join(addresses)
    origin = _PLAIN_ORIGIN.match(joined)
    return (
        origin is not None
        and joined.isascii()
        and not joined.encode().translate(None, _ADDRESS)
        and joined.count("\n") == count - 1
        # Each begins with the origin, and has no other colon and no empty segment.
        and joined.count(f"\n{origin[0]}") == count - 1
        and joined.count(":") == count * origin[0].count(":")
        and joined.count("//") == count
        and all(names)
        and {name[0] for name in names} <= _FIRST
        and len(set(addresses)) == count
    )


def _are_digests(digests: list[str]) -> bool:
    joined = "".join(digests)
    return joined.isascii() and not joined.encode().translate(None, _HEX)


def _are_plain(attributes: list[str]) -> bool:
    """Whether the attributes of all anchors are such as no two readers differ on, and none is another ``href``."""
    joined = "\n".join(attributes)
    pieces = joined.split('"')
    last = pieces.pop()
    values = "".join(pieces[1::2])
    names = {piece.lstrip("\n") for piece in pieces[::2]}
    return (
        # As many quotes as make pairs, within each anchor.
        len(pieces) % 2 == 0
        and not last.strip("\n")
        and joined.count("\n") == max(len(attributes) - 1, 0)
        and "\n" not in values
        # Nor does a value hold what could be taken for another attribute.
        and "data-" not in values
        and all(_PLAIN_ATTRIBUTE_NAME.fullmatch(name) for name in names)
        and " href=" not in names
        and "<" not in joined
        and _ODD_REFERENCE.search(joined) is None
    )


def _from_html(text: str, page: str) -> Iterator[DistributionFile]:
    anchors: Iterable[Mapping[str, str | None]]
    base = page
    # Tags that are no anchors are found as anchors without attributes, which offer nothing either.
    found = _SIMPLE_TAG.findall(text) if _ODD_REFERENCE.search(text) is None else []
    if len(found) == text.count("<"):
        anchors = map(attributes_of, filter(None, found))
    else:
        reader = _Anchors()
        try:
            # Not closed: that would read what stands in an unfinished comment or tag, which pip does not.
            reader.feed(text)
        except InvalidPage:
            raise
        except (AssertionError, ValueError) as error:
            raise InvalidPage(f"its HTML cannot be read: {error}") from error
        anchors = reader.anchors
        base = reader.base or page
    seen = set()
    for number, attributes in enumerate(anchors):
        if number >= MOST_LINKS:
            raise too_many()
        href = attributes.get("href")
        located = locate(href, base) if href else None
        if located is None or located in seen:
            continue
        seen.add(located)
        yield from_anchor(attributes, *located, page)


class _Anchors(HTMLParser):
    """The thorough reader: the attributes of every anchor that has any, and the first base."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.anchors: list[Mapping[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "base" and self.base is None:
            self.base = next((value for name, value in attrs if name == "href"), None)
        elif tag == "a" and attrs:
            if len(self.anchors) >= MOST_LINKS:
                raise too_many()
            self.anchors.append(dict(attrs))
