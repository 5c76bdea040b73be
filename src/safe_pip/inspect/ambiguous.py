"""Archives that are refused since nobody can say what they hold."""

from __future__ import annotations

from safe_pip.inspect.wheel import UnreadableArchive


class Ambiguous(UnreadableArchive):
    """Two readers of the archive would see two different things, or it would never end. name: of the file in it."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name
