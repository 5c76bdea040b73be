"""Progress as silent hooks: the stages call them, and only a terminal's subclass says anything."""

from __future__ import annotations


class Progress:
    """Hooks that say nothing. A subclass may show what it is told; it must not raise and may be called from threads."""

    def step(self, text: str) -> None:
        """A stage begins. text: what is done, for people, such as "Resolving"."""

    def resolving(self, packages: int) -> None:
        """packages: how many are settled so far."""

    def downloading(self, files: int, size: int | None) -> None:
        """Downloads begin. size: bytes of all files together, None where the index does not say."""

    def received(self, size: int) -> None:
        """size: bytes that arrived just now."""

    def file_done(self) -> None:
        """One file is complete."""

    def done(self) -> None:
        """Nothing more will be told; clear what is shown."""
