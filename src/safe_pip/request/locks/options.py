"""What of a lock file is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.utils import NormalizedName

from safe_pip.model import Target


@dataclass(frozen=True, slots=True)
class LockOptions:
    """What of a lock file is audited.

    target: the interpreter whose markers decide; None for any, as ``universal``. universal: everything that the file
    names: for all environments, with all extras and groups. extras, groups: asked for by name. missing_ok: whether a
    file may be without them, as where many files are read in one run; else such a name is an error.
    """

    target: Target | None = None
    universal: bool = False
    extras: frozenset[NormalizedName] = frozenset()
    all_extras: bool = False
    groups: frozenset[NormalizedName] = frozenset()
    all_groups: bool = False
    missing_ok: bool = False

    @property
    def everything(self) -> bool:
        """Whether no marker, extra or group leaves anything out."""
        return self.universal or self.target is None
