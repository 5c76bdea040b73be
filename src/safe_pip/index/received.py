"""Files written as their bytes come: whole or not at all, and hashed on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Received(NamedTuple):
    """A file written to disk: size in bytes, and lower-case hex digests by algorithm.

    ``status`` 304 says that the file has not changed, and that none was written.
    """

    size: int
    digests: Mapping[str, str]
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


def write_hashed(
    chunks: Iterator[bytes], path: Path, algorithms: tuple[str, ...], progress: Callable[[int], None] = lambda _: None
) -> Received:
    """Write pieces to a file and hash them on the way. Raises OSError, and what the pieces raise.

    path: written whole or not at all, through a temporary name beside it. algorithms: names that hashlib knows.
    """
    hashers = {name: hashlib.new(name) for name in dict.fromkeys(("sha256", *algorithms))}
    size = 0
    descriptor, temporary = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                for hasher in hashers.values():
                    hasher.update(chunk)
                size += len(chunk)
                progress(len(chunk))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return Received(size, {name: hasher.hexdigest() for name, hasher in hashers.items()})
