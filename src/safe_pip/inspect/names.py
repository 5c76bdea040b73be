"""Names of files in archives: which ones no two systems, or no two programs, take for the same place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence

from safe_pip.facts import Problem

LONGEST_NAME = 4_096
_LONGEST_PART = 255
# ASCII letters and digits in folders that begin with none of what is special: nearly all names, decided at once.
_PART = r"[A-Za-z0-9_][A-Za-z0-9_+@=-]*(?:\.[A-Za-z0-9_+@=-]+)*"
_PLAIN = re.compile(f"(?:{_PART}/)*{_PART}")
_MAYBE_DEVICE = re.compile(r"(?:^|/)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|$)", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)


def what_is_wrong(name: str, *, dots: bool = False) -> str:
    """Why a name in an archive is not that of one and the same place everywhere; empty where nothing is.

    name: as the archive has it; that of a folder may end with a slash. dots: whether ``.`` may stand for the folder
    itself, as the tools that make tar archives write it.
    """
    if len(name) <= _LONGEST_PART and _PLAIN.fullmatch(name) and not _MAYBE_DEVICE.search(name):
        return ""
    if not name or len(name) > LONGEST_NAME:
        return "its name is empty" if not name else f"its name has more than {LONGEST_NAME:,} characters"
    if "\0" in name:
        return "its name has a NUL in it, at which some programs end it"
    if _CONTROLS.search(name):
        return "its name has control characters in it"
    if "\\" in name:
        return "its name has a backslash in it, which parts folders on Windows and nowhere else"
    if name.startswith("/"):
        return "its name is an absolute path"
    if _DRIVE.match(name):
        return "its name begins with a drive letter of Windows"
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        return "its name leads out of its folder"
    for part in parts:
        wrong = "" if dots and part == "." else _wrong_part(part)
        if wrong:
            return wrong
    return ""


def leads_out(path: str) -> bool:
    """Whether a path, with slashes between its parts, leads out of the folder that it is meant to lie in."""
    return path.startswith("/") or _DRIVE.match(path) is not None or ".." in path.split("/")


def _wrong_part(part: str) -> str:
    if part in ("", "."):
        return "its name can be written in a shorter way, so that it may be there twice"
    if part[-1] in ". ":
        return "a part of its name ends with a dot or a space, which Windows leaves out"
    if ":" in part:
        return "its name has a colon in it, which names a stream of another file on Windows"
    if _DEVICES.fullmatch(part):
        return "its name is that of a device on Windows"
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return f"a part of its name has more than {_LONGEST_PART} bytes" if size > _LONGEST_PART else ""


def problems_of(names: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the names in an archive, each by itself and with the others."""
    for name in names:
        if wrong := what_is_wrong(name):
            yield Problem("unsafe-archive", name, wrong)
    yield from twins(names)


def twins(names: Iterable[str]) -> Iterator[Problem]:
    """Names that are one place on some system or in some program as another before them, which is told as found.

    Also a file that would have to be a folder, for another to lie in it.
    """
    seen: dict[str, str] = {}
    files: dict[str, str] = {}
    for name in names:
        plain = name.removesuffix("/")
        key = plain.lower() if plain.isascii() else unicodedata.normalize("NFC", plain).casefold()
        before = seen.setdefault(key, name)
        if before is not name:
            yield Problem("unsafe-archive", name, _alike(plain, before.removesuffix("/")), actual=before)
        if not name.endswith("/"):
            files[key] = name
    for key, above in below(seen, files):
        yield Problem("unsafe-archive", seen[key], "it lies in something that is a file", actual=files[above])


def below(names: Iterable[str], above: Collection[str]) -> Iterator[tuple[str, str]]:
    """Names that lie below others, one for each of those, as (name, other). Quick, however deep they lie.

    Sorted with the separator first, what lies below a name follows it.
    """
    ordered = sorted(name.replace("/", "\0") for name in {*names, *above})
    for number, name in enumerate(ordered[:-1]):
        if ordered[number + 1].startswith(f"{name}\0") and (plain := name.replace("\0", "/")) in above:
            yield ordered[number + 1].replace("\0", "/"), plain


def _alike(name: str, before: str) -> str:
    if name == before:
        return "it is there twice"
    if unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", before):
        return "it is there twice, in two spellings of the same letters"
    return "it is there twice for systems that take capitals for small letters"
