"""Index pages to DistributionFiles: the simple repository API as HTML (PEP 503) and as JSON (PEP 691, PEP 700)."""

from __future__ import annotations

import codecs
import html
import json
import re
import urllib.parse
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.message import Message
from functools import lru_cache, partial
from html.parser import HTMLParser
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple, overload

from safe_pip import urls
from safe_pip.model import DistributionFile, Hashes
from safe_pip.times import parse_time

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01"
MOST_LINKS = 250_000
"""A page with more links than this is not believed to be an index page."""

_KINDS = ("text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+json")
_ALGORITHMS = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")
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
_PROVENANCE = "data-provenance"
_HEX = b"0123456789abcdef"
_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ADDRESS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+!-/:\n"
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"', re.IGNORECASE | re.ASCII)
_ODD_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
# An absolute URL that needs no further look: nothing encoded, no credentials, no query, at most a digest behind it.
_PLAIN_URL = re.compile(
    r"(https?://[A-Za-z0-9.:-]+/(?:[A-Za-z0-9._~+!-]+/)*([A-Za-z0-9_][A-Za-z0-9._~+!-]*))(?:#(sha256|sha512|sha384|sha224|sha1|md5)=([0-9A-Fa-f]+))?"
)
_META = re.compile(r"<meta[^<>]*pypi:repository-version[^<>]*>", re.IGNORECASE)
_CONTENT = re.compile(r"content\s*=\s*[\"']?\s*([0-9]+)", re.IGNORECASE)


class InvalidPage(ValueError):
    """The answer is not an index page; the message says why."""


class Traits(NamedTuple):
    """What of a file decides whether it may be chosen, besides its name."""

    requires_python: str | None
    yanked: str | None


Mark = tuple[Any, Any]
"""The upload time and the provenance of a file as its page has them, which need not be texts."""


class Listing(Sequence[DistributionFile]):
    """The files that a page lists, in its order: their names at once, each of them whole when it is asked for.

    A page lists thousands of files, of which a resolver looks at the names of all, and at a few. entry: gives what
    makes the file of a place, without holding the others. traits: of the file of a place, without making it. marks:
    those of all files, None where the page has none.
    """

    def __init__(
        self,
        names: Sequence[str],
        entry: Callable[[int], Callable[[], DistributionFile]],
        traits: Callable[[int], Traits],
        columns: Callable[[Sequence[int]], dict[str, Any] | None] = lambda _: None,
        marks: Callable[[], Iterable[Mark]] | None = None,
    ) -> None:
        self.names = names
        self.entry = entry
        self.traits = traits
        self._columns = columns
        self._marks = marks

    def marks(self) -> Iterable[Mark]:
        """When each file was uploaded and where its provenance is, as the page has it, without making the files."""
        return repeat((None, None), len(self.names)) if self._marks is None else self._marks()

    def columns(self, places: Sequence[int] | None = None) -> dict[str, Any] | None:
        """What ``from_columns`` makes the listing from, or one of some places, in values that JSON has.

        None where it cannot be kept.
        """
        return self._columns(range(len(self.names)) if places is None else places)

    @classmethod
    def of(cls, files: Iterable[DistributionFile]) -> Listing:
        """A listing of files that are there already."""
        whole = tuple(files)

        def traits(place: int) -> Traits:
            return Traits(whole[place].requires_python, whole[place].yanked)

        return cls(
            [file.filename for file in whole],
            lambda place: partial(_itself, whole[place]),
            traits,
            lambda places: _columns([whole[place] for place in places]),
            lambda: ((_written(file.upload_time), file.provenance) for file in whole),
        )

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Listing:
        """A listing as ``columns`` gave it. Raises KeyError, TypeError and ValueError for anything else."""
        if columns["kind"] == "plain":
            names = [address[address.rfind("/") + 1 :] for address in columns["addresses"]]
            return _plain(columns["page"], names, columns["addresses"], columns["digests"], columns["attributes"])
        page = columns["page"]
        rows = columns["files"]

        def traits(place: int) -> Traits:
            return Traits(rows[place][3], rows[place][4])

        return cls(
            [row[0] for row in rows],
            lambda place: partial(_from_row, rows[place], page),
            traits,
            marks=lambda: ((row[7], row[8]) for row in rows),
        )

    @classmethod
    def joined(cls, listings: Iterable[Listing]) -> Listing:
        """Several listings as one, in their order."""
        found = [listing for listing in listings if listing]
        if len(found) == 1:
            return found[0]
        starts = list(accumulate((len(listing) for listing in found), initial=0))

        def at(place: int) -> tuple[Listing, int]:
            which = bisect_right(starts, place) - 1
            return found[which], place - starts[which]

        def entry(place: int) -> Callable[[], DistributionFile]:
            listing, inner = at(place)
            return listing.entry(inner)

        def traits(place: int) -> Traits:
            listing, inner = at(place)
            return listing.traits(inner)

        return cls(
            [name for listing in found for name in listing.names],
            entry,
            traits,
            marks=lambda: chain.from_iterable(listing.marks() for listing in found),
        )

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> DistributionFile: ...
    @overload
    def __getitem__(self, place: slice) -> list[DistributionFile]: ...
    def __getitem__(self, place: int | slice) -> DistributionFile | list[DistributionFile]:
        places = range(len(self.names))[place]
        return self.entry(places)() if isinstance(places, int) else [self.entry(each)() for each in places]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Listing({list(self)!r})"


class Unread(Listing):
    """A listing that is read only when somebody looks at it. read: gives it, and has been seen to be able to."""

    def __init__(self, read: Callable[[], Listing]) -> None:
        self._read = read

    def __getattr__(self, name: str) -> Any:
        # Asked only for what is not there yet, which is everything before the first look.
        if name not in ("names", "entry", "traits", "_columns", "_marks"):
            raise AttributeError(name)
        listing = self._read()
        super().__init__(listing.names, listing.entry, listing.traits, listing.columns, listing.marks)
        return getattr(self, name)


def _itself(file: DistributionFile) -> DistributionFile:
    return file


def _from_row(row: Sequence[Any], page: str) -> DistributionFile:
    name, url, hashes, requires_python, yanked, sidecar, size, uploaded, provenance = row
    return DistributionFile(
        filename=name,
        url=url,
        listed_on=page,
        hashes=frozenset(map(tuple, hashes)),
        requires_python=requires_python,
        yanked=yanked,
        core_metadata=None if sidecar is None else frozenset(map(tuple, sidecar)),
        size=size,
        upload_time=None if uploaded is None else parse_time(uploaded),
        provenance=provenance,
    )


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
        return _from_json(content, url)
    try:
        text = content.decode(_charset(content_type))
    except (ValueError, LookupError) as error:
        raise InvalidPage(f"it cannot be decoded: {error}") from error
    meta = _META.search(text, 0, 4096)
    version = _CONTENT.search(meta[0]) if meta else None
    if version and version[1] != "1":
        raise InvalidPage(f"it speaks version {version[1]} of the repository API")
    if text.count("<") > 8 * MOST_LINKS:
        raise _too_many()
    return _from_plain_html(text, url) or Listing.of(_from_html(text, url))


def _charset(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type
    charset = str(message.get_param("charset") or "utf-8")
    if codecs.lookup(charset).name in ("punycode", "idna"):
        raise LookupError(f"{charset} is for names, not for pages")
    return charset


def _too_many() -> InvalidPage:
    return InvalidPage(f"it has more than {MOST_LINKS:,} links")


# --------------------------------------------------------------------------- JSON


def _from_json(content: bytes, page: str) -> Listing:
    # Each file is a few small objects; far more of them would only fill the memory.
    if content.count(b"{") + content.count(b"[") > 8 * MOST_LINKS:
        raise _too_many()
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidPage(f"its JSON cannot be read: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("files"), list):
        raise InvalidPage("its JSON has no list of files")
    meta = data.get("meta")
    version = str(meta.get("api-version", "1.0")) if isinstance(meta, dict) else "1.0"
    if version.partition(".")[0] != "1":
        raise InvalidPage(f"it speaks version {version} of the repository API")
    if len(data["files"]) > MOST_LINKS:
        raise _too_many()
    return _plain_entries(data["files"], page) or Listing.of(_odd_entries(data["files"], page))


def _plain_entries(entries: list[Any], page: str) -> Listing | None:
    """The files of a page that has no oddities, each made when it is looked at; None for another page."""
    try:
        addresses = [entry["url"] for entry in entries]
        # What is no text is for the other reader to refuse, also where it is nothing much, like 0 or false.
        requires = ["" if (given := entry.get("requires-python")) is None else given for entry in entries]
        digests = [value for entry in entries for value in entry["hashes"].values()]
        sidecars = [entry.get(key) for entry in entries for key in ("core-metadata", "dist-info-metadata")]
        digests += [value for sidecar in sidecars if isinstance(sidecar, dict) for value in sidecar.values()]
        # Nothing but texts can be joined, and no half of a surrogate pair can be encoded.
        "".join((*addresses, *requires, *digests)).encode()
    except (KeyError, AttributeError, TypeError, ValueError):
        return None
    matches = [_PLAIN_URL.fullmatch(address) for address in addresses]
    if not all(match is not None and match[3] is None for match in matches) or len(set(addresses)) < len(addresses):
        return None
    names = [address[address.rfind("/") + 1 :] for address in addresses]

    def entry(place: int) -> Callable[[], DistributionFile]:
        return partial(_from_entry, entries[place], (names[place], addresses[place], frozenset()), page)

    def traits(place: int) -> Traits:
        return Traits(requires[place] or None, _yanked(entries[place].get("yanked")))

    def columns(places: Sequence[int]) -> dict[str, Any] | None:
        return _columns([entry(place)() for place in places])

    return Listing(
        names,
        entry,
        traits,
        columns,
        lambda: ((each.get("upload-time"), each.get("provenance")) for each in entries),
    )


def _odd_entries(entries: list[Any], page: str) -> Iterator[DistributionFile]:
    seen = set()
    for entry in entries:
        if not isinstance(entry, dict):
            raise InvalidPage("its JSON lists something that is not a file")
        href = _text(entry, "url")
        located = _locate(href, page) if href else None
        if located is None or located in seen:
            continue
        seen.add(located)
        yield _from_entry(entry, located, page)


def _from_entry(entry: Mapping[str, Any], located: tuple[str, str, Hashes], page: str) -> DistributionFile:
    size = entry.get("size")
    sidecar = entry.get("core-metadata")
    uploaded = entry.get("upload-time")
    return DistributionFile(
        filename=located[0],
        url=located[1],
        listed_on=page,
        hashes=located[2] | _hashes(entry.get("hashes")),
        requires_python=_text(entry, "requires-python"),
        yanked=_yanked(entry.get("yanked")),
        core_metadata=_sidecar(entry.get("dist-info-metadata") if sidecar is None else sidecar),
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        upload_time=parse_time(uploaded, zone_needed=True) if isinstance(uploaded, str) else None,
        provenance=provenance_url(entry.get("provenance"), page),
    )


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    """A text that decides which file is chosen: anything else in its place is not passed over."""
    value = entry.get(key)
    if value is None or (isinstance(value, str) and _is_writable(value)):
        return value or None
    raise InvalidPage(f"its JSON has a file whose {key} is not a text")


def _is_writable(text: str) -> bool:
    """Whether a text can be written as UTF-8; JSON can also spell half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hashes(value: Any) -> Hashes:
    if value is None:
        return frozenset()
    if not isinstance(value, Mapping) or not all(
        isinstance(digest, str) and _is_writable(digest) for digest in value.values()
    ):
        raise InvalidPage("its JSON has a file whose hashes are not texts by name")
    return frozenset((name, digest.lower()) for name, digest in value.items() if name in _ALGORITHMS)


def _yanked(value: Any) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() or None
    return "" if value else None


def provenance_url(value: Any, page: str) -> str | None:
    """Where the provenance of a file is, as a page has it; None for what is no address of a server, or has a query.

    A query is where tokens stand, and what is learned of a page is kept.
    """
    if not isinstance(value, str) or not value:
        return None
    plain = _PLAIN_URL.fullmatch(value)
    if plain and plain[3] is None:
        return value
    try:
        address = urls.split_credentials(urls.without_fragment(urls.quoted(urllib.parse.urljoin(page, value))))[0]
    except ValueError:
        return None
    fits = urls.scheme(address) in ("http", "https") and "?" not in address and address.isascii()
    return address if fits and address.isprintable() else None


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _sidecar(value: Any) -> Hashes | None:
    """None where no metadata file is offered, else its hashes, which may be none."""
    if isinstance(value, Mapping):
        return _hashes(value)
    return frozenset() if value else None


# --------------------------------------------------------------------------- HTML


def _columns(files: Sequence[DistributionFile]) -> dict[str, Any] | None:
    rows = []
    for file in files:
        if "?" in file.url:
            # Queries are where tokens stand.
            return None
        sidecar = None if file.core_metadata is None else sorted(file.core_metadata)
        rows.append(
            [
                *(file.filename, file.url, sorted(file.hashes), file.requires_python, file.yanked),
                *(sidecar, file.size, _written(file.upload_time), file.provenance),
            ]
        )
    return {"kind": "files", "page": files[0].listed_on if files else None, "files": rows}


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
    return _plain(page, names, addresses, digests, attributes)


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


def _plain(page: str, names: list[str], addresses: list[str], digests: list[str], attributes: list[str]) -> Listing:
    if not len(addresses) == len(digests) == len(attributes):
        raise ValueError("columns of different lengths")

    def entry(place: int) -> Callable[[], DistributionFile]:
        return partial(_from_plain_anchor, attributes[place], names[place], addresses[place], digests[place], page)

    def columns(places: Sequence[int]) -> dict[str, Any] | None:
        lists = {"addresses": addresses, "digests": digests, "attributes": attributes}
        if any(_PROVENANCE in attributes[place] and "?" in attributes[place] for place in places):
            # Queries are where tokens stand.
            return None
        return {
            "kind": "plain",
            "page": page,
            **{key: [each[place] for place in places] for key, each in lists.items()},
        }

    def marks() -> Iterator[Mark]:
        return ((None, _attributes(each).get(_PROVENANCE) if _PROVENANCE in each else None) for each in attributes)

    return Listing(names, entry, lambda place: _plain_traits(attributes[place]), columns, marks)


def _from_plain_anchor(text: str, name: str, address: str, digest: str, page: str) -> DistributionFile:
    return _from_anchor(_attributes(text), name, address, frozenset({("sha256", digest)}), page)


def _plain_traits(text: str) -> Traits:
    """What ``_from_anchor`` would make of plain attributes: of one that is given twice the last counts."""
    _, there, requires_python = text.rpartition(' data-requires-python="')
    wanted = requires_python[: requires_python.find('"')] if there else ""
    if "&" in wanted:
        wanted = _unescaped(wanted)
    if "data-yanked" in text:
        attributes = _attributes(text)
        return Traits(wanted or None, _yanked_attribute(attributes))
    return Traits(wanted or None, None)


_unescaped = lru_cache(maxsize=1_000)(html.unescape)


def _from_html(text: str, page: str) -> Iterator[DistributionFile]:
    anchors: Iterable[Mapping[str, str | None]]
    base = page
    # Tags that are no anchors are found as anchors without attributes, which offer nothing either.
    found = _SIMPLE_TAG.findall(text) if _ODD_REFERENCE.search(text) is None else []
    if len(found) == text.count("<"):
        anchors = map(_attributes, filter(None, found))
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
            raise _too_many()
        href = attributes.get("href")
        located = _locate(href, base) if href else None
        if located is None or located in seen:
            continue
        seen.add(located)
        yield _from_anchor(attributes, *located, page)


def _from_anchor(
    attributes: Mapping[str, str | None], name: str, address: str, hashes: Hashes, page: str
) -> DistributionFile:
    sidecar = attributes.get("data-core-metadata")
    if sidecar is None:
        sidecar = attributes.get("data-dist-info-metadata")
    return DistributionFile(
        filename=name,
        url=address,
        listed_on=page,
        hashes=hashes,
        requires_python=_requires_python(attributes),
        yanked=_yanked_attribute(attributes),
        core_metadata=None if sidecar is None else _sidecar_attribute(sidecar),
        provenance=provenance_url(attributes.get(_PROVENANCE), page),
    )


def _requires_python(attributes: Mapping[str, str | None]) -> str | None:
    return attributes.get("data-requires-python") or None


def _yanked_attribute(attributes: Mapping[str, str | None]) -> str | None:
    return (attributes["data-yanked"] or "") if "data-yanked" in attributes else None


def _attributes(text: str) -> Mapping[str, str | None]:
    """The attributes of an anchor; of a repeated one the last counts, as in pip's reader."""
    if "&" not in text:
        return {name.lower(): value for name, value in _ATTRIBUTE.findall(text)}
    return {name.lower(): html.unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def _sidecar_attribute(value: str) -> Hashes | None:
    name, equals, digest = value.partition("=")
    if equals and name in _ALGORITHMS:
        return frozenset({(name, digest.lower())})
    return None if value == "false" else frozenset()


def _locate(href: str, base: str) -> tuple[str, str, Hashes] | None:
    """File name, absolute URL without credentials and fragment, and the fragment's digest; None for no file."""
    plain = _PLAIN_URL.fullmatch(href)
    if plain:
        address, name, algorithm, digest = plain.groups()
        return name, address, frozenset({(algorithm, digest.lower())}) if algorithm else frozenset()
    try:
        url = urls.quoted(urllib.parse.urljoin(base, href))
        address, _ = urls.split_credentials(urls.without_fragment(url))
    except ValueError:
        return None
    name = urls.file_name(address)
    return (name, address, urls.hash_fragment(url)) if name else None


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
                raise _too_many()
            self.anchors.append(dict(attrs))
