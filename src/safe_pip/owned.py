"""Whose a folder is: what lies in the cache is believed only where nobody else could have put it there."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_ours(folder: Path) -> bool:
    """Whether only this user (and root) decides what a folder holds, and what its path leads to.

    Looked at are the folder, the link that it may be reached by, and the folder above. Where a system has no user
    numbers, it is. Raises OSError where the folder is not there.
    """
    if not hasattr(os, "geteuid"):
        return True
    user = os.geteuid()
    own, above = folder.stat(), folder.parent.stat()
    return (
        own.st_uid == user
        and folder.lstat().st_uid == user
        and not own.st_mode & stat.S_IWOTH
        and above.st_uid in (user, 0)
        and (not above.st_mode & stat.S_IWOTH or bool(above.st_mode & stat.S_ISVTX))
    )


def is_trusted(path: Path) -> bool:
    """Whether only this user and root decide what a file holds, and which file its path leads to.

    Looked at are the file, its folder and the one above, and those that a link leads to. That a group may write is let
    be, as for ``is_ours``. Where a system has no user numbers, it is. Raises OSError where the file is not there.
    """
    if not hasattr(os, "geteuid"):
        return True
    folders = {path.parent, Path(os.path.realpath(path)).parent}
    for state in (path.stat(), path.lstat(), *(folder.stat() for folder in folders)):
        mode = 0 if stat.S_ISLNK(state.st_mode) else state.st_mode
        if state.st_uid not in (os.geteuid(), 0) or mode & stat.S_IWOTH:
            return False
    for above in (folder.parent.stat() for folder in folders):
        if above.st_uid not in (os.geteuid(), 0) or (above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX):
            return False
    return True
