"""Values as TOML writes them, on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# One encoder for all texts: json.dumps makes one each time.
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def text_of(value: Any) -> str:
    """A value that TOML has read, as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # What JSON escapes, TOML escapes in the same way, but for DEL, which is left as it is there.
        return _quoted(value).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_of(key)} = {text_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(text_of, value))}]"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def key_of(key: str) -> str:
    """A key, in quotation marks where it needs them."""
    return key if _BARE.fullmatch(key) else text_of(key)
