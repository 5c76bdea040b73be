"""What a record says to people: its details, references and times, made safe to show."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from typing import Any, NamedTuple

from safe_pip.times import parse_time

_LONGEST_DETAILS = 200_000
_LONGEST_URL = 2_000


class Text(NamedTuple):
    """The words of one record. references: http and https addresses. published: ISO text, None where it has none."""

    details: str = ""
    references: tuple[str, ...] = ()
    published: str | None = None


def text_of(record: Any) -> Text:
    """The words of a whole record; whatever it does not say, or not as the schema has it, is left out."""
    if not isinstance(record, dict):
        return Text()
    references = record.get("references")
    urls = [item.get("url") for item in references if isinstance(item, dict)] if isinstance(references, list) else []
    details = record.get("details")
    return Text(
        showable_text(details) if isinstance(details, str) else "",
        web_addresses(urls),
        time_or_none(record.get("published")),
    )


def showable_text(text: str) -> str:
    """A text of several lines without control characters, and without end."""
    text = text[:_LONGEST_DETAILS].replace("\r\n", "\n").replace("\t", "    ")
    if text.replace("\n", "").isprintable():
        return text.strip()
    return "".join(char if char == "\n" or char.isprintable() else " " for char in text).strip()


def web_addresses(urls: Iterable[Any]) -> tuple[str, ...]:
    """Those of some values that are addresses on the web, each once."""
    return tuple(dict.fromkeys(url.strip() for url in urls if isinstance(url, str) and _is_web_address(url.strip())))


def _is_web_address(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
    return plain and parts.scheme in ("http", "https") and bool(parts.netloc)


def time_or_none(value: Any) -> str | None:
    """A time as it was written, None for what is none."""
    return value if isinstance(value, str) and parse_time(value) is not None else None
