"""The files that an index page lists: their names at once, each of them whole when it is asked for.

A listing is kept as columns of one of two kinds: rows of files, or, of a page that was written plainly, what its
anchors hold, as it stands there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import accumulate, chain, repeat
from typing import Any, overload

from safe_pip.index.anchors import PROVENANCE, attributes_of, from_anchor, traits_of
from safe_pip.index.links import Traits
from safe_pip.model import DistributionFile
from safe_pip.times import parse_time

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
            lambda places: columns_of([whole[place] for place in places]),
            lambda: ((_written(file.upload_time), file.provenance) for file in whole),
        )

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Listing:
        """A listing as ``columns`` gave it. Raises KeyError, TypeError and ValueError for anything else."""
        if columns["kind"] == "plain":
            names = [address[address.rfind("/") + 1 :] for address in columns["addresses"]]
            return plain_listing(
                columns["page"], names, columns["addresses"], columns["digests"], columns["attributes"]
            )
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


# --------------------------------------------------------------------------- rows of files


def _itself(file: DistributionFile) -> DistributionFile:
    return file


def columns_of(files: Sequence[DistributionFile]) -> dict[str, Any] | None:
    """Files as rows, for ``Listing.from_columns``; None where a URL has a query."""
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


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


# --------------------------------------------------------------------------- anchors as they stand


def plain_listing(
    page: str, names: list[str], addresses: list[str], digests: list[str], attributes: list[str]
) -> Listing:
    """A listing of anchors whose addresses need no further look.

    page: its URL. names: what each address ends with. digests: sha256. attributes: what else each anchor holds, as it
    stands there. Raises ValueError where there are not as many of each.
    """
    if not len(addresses) == len(digests) == len(attributes):
        raise ValueError("columns of different lengths")

    def entry(place: int) -> Callable[[], DistributionFile]:
        return partial(_from_plain_anchor, attributes[place], names[place], addresses[place], digests[place], page)

    def columns(places: Sequence[int]) -> dict[str, Any] | None:
        lists = {"addresses": addresses, "digests": digests, "attributes": attributes}
        if any(PROVENANCE in attributes[place] and "?" in attributes[place] for place in places):
            # Queries are where tokens stand.
            return None
        return {
            "kind": "plain",
            "page": page,
            **{key: [each[place] for place in places] for key, each in lists.items()},
        }

    def marks() -> Iterator[Mark]:
        return ((None, attributes_of(each).get(PROVENANCE) if PROVENANCE in each else None) for each in attributes)

    return Listing(names, entry, lambda place: traits_of(attributes[place]), columns, marks)


def _from_plain_anchor(text: str, name: str, address: str, digest: str, page: str) -> DistributionFile:
    return from_anchor(attributes_of(text), name, address, frozenset({("sha256", digest)}), page)
