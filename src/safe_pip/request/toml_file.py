"""TOML files that a request is read from: pyproject.toml, pylock.toml, and the block of a script."""

from __future__ import annotations

import re
import sys
from typing import Any

from safe_pip import urls
from safe_pip.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# The time that tomllib takes grows with the square of the parts of a key, and keys do not go on in the next line. The
# dots of texts are no matter: there are lock files with everything on one line.
_MOST_DOTS = 2_000
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'[^']*'")


def parse_toml(text: str, what: str) -> dict[str, Any]:
    """The tables of a TOML text. what: the file, for the message. Raises UsageError."""
    try:
        for line in text.splitlines():
            if line.count(".") > _MOST_DOTS and _TEXT.sub("", line).count(".") > _MOST_DOTS:
                raise ValueError("a line has too many dots")
        return tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(f"{what} is not TOML that can be read: it is nested too deeply.", "Mend the file.") from error
    except ValueError as error:
        raise UsageError(f"{what} is not TOML: {urls.brief(str(error))}.", "Mend the file.") from error
