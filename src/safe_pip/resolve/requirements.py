"""Requirements as they are written: each parsed once, and whether its marker is true for the target."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Mapping
from functools import lru_cache

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

from safe_pip import urls
from safe_pip.errors import ResolutionError


@lru_cache(maxsize=50_000)
def cached_requirement(text: str) -> Requirement:
    """A requirement parsed once.

    Raises InvalidRequirement, also for what the parser stumbles over: a marker that is nested too deeply, a number of
    thousands of digits, a host that is none.
    """
    try:
        requirement = Requirement(text)
        # packaging reads versions when they are first compared, and URLs not at all.
        for specifier in requirement.specifier:
            specifier.contains("0", prereleases=True)
        if requirement.url is not None:
            urllib.parse.urlsplit(requirement.url)
        return requirement
    except InvalidRequirement:
        raise
    except RecursionError:
        raise InvalidRequirement("its marker is nested too deeply") from None
    except ValueError as error:
        raise InvalidRequirement(str(error)) from error


class Markers:
    """Evaluates markers. environment: the target's, as PEP 508 names its variables, without ``extra``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)

    def holds(self, marker: Marker | None, extras: Iterable[str] = ()) -> bool:
        """Whether a marker is true for the target with one of the extras, or with none.

        Raises ResolutionError for one that compares what cannot be compared.
        """
        if marker is None:
            return True
        try:
            return any(self.evaluate(marker, extra) for extra in (tuple(extras) or ("",)))
        except ValueError as error:
            raise ResolutionError(
                f"The marker {urls.shown(str(marker))} cannot be evaluated: {first_line(error)}",
                "Correct it where it stands, or ask for another version of what has it.",
            ) from error

    def evaluate(self, marker: Marker, extra: str) -> bool:
        """Whether a marker is true with one extra, or with none (""). Raises ValueError (UndefinedComparison)."""
        return marker.evaluate({**self._environment, "extra": extra})


def first_line(error: Exception) -> str:
    """What is wrong, without the lines that point at it."""
    return str(error).splitlines()[0]
