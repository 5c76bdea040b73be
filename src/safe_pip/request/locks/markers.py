"""Which markers hold: for the target's environment, and the extras and groups that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from safe_pip import urls
from safe_pip.model import Target
from safe_pip.request.locks.listed import Malformed

# `extra` stands for one name in packaging, and for all that are chosen in lock files: said with `extras` instead,
# which holds them all.
_EXTRA_FIRST = re.compile(r"""\bextra\s*(==|!=)\s*("[^"]*"|'[^']*')""")
_EXTRA_LAST = re.compile(r"""("[^"]*"|'[^']*')\s*(==|!=)\s*extra\b(?!\s*[=!])""")
_STRINGS = re.compile(r"""("[^"]*"|'[^']*')""")
# More markers than this are no honest file's; what is remembered of them is bounded.
_MOST_KEPT = 20_000


class Markers:
    """Answers whether a marker holds. Everything does where there is no target."""

    def __init__(self, environment: tuple[tuple[str, str], ...] | None, extras: frozenset[str], groups: frozenset[str]):
        self._environment = None if environment is None else dict(environment)
        self._extras = extras
        self._groups = groups
        self._known: dict[str, bool] = {"": True}

    def hold(self, text: str) -> bool:
        """Whether a marker holds. Raises Malformed for a text that is none."""
        known = self._known.get(text)
        if known is None:
            known = self._hold(text)
            if len(self._known) < _MOST_KEPT:
                self._known[text] = known
        return known

    def _hold(self, text: str) -> bool:
        marker = _parsed(text)
        if self._environment is None:
            return True
        chosen = {"extras": self._extras, "dependency_groups": self._groups}
        environment: dict[str, str | frozenset[str]] = {**self._environment, **chosen}
        try:
            return marker.evaluate(environment, context="lock_file")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _unreadable(text) from error


@lru_cache(maxsize=_MOST_KEPT)
def _parsed(text: str) -> Marker:
    try:
        return Marker(_with_extras(text))
    except (ValueError, RecursionError) as error:
        raise _unreadable(text) from error


def _unreadable(text: str) -> Malformed:
    return Malformed(f"its marker {urls.shown(text)} cannot be read")


def _with_extras(text: str) -> str:
    """The marker with ``extra == 'x'`` as ``'x' in extras``."""
    if "extra" not in _STRINGS.sub("", text):
        return text
    text = _EXTRA_FIRST.sub(lambda found: f"{found[2]} {_MEMBER[found[1]]} extras", text)
    return _EXTRA_LAST.sub(lambda found: f"{found[1]} {_MEMBER[found[2]]} extras", text)


_MEMBER = {"==": "in", "!=": "not in"}


def markers_for(target: Target | None, extras: Iterable[str] = (), groups: Iterable[str] = ()) -> Markers:
    """The answers for a target, None for all of them. They are kept: many files ask for the same."""
    environment = None if target is None else tuple(sorted(target.markers.items()))
    return _markers(environment, frozenset(extras), frozenset(groups))


@lru_cache(maxsize=32)
def _markers(
    environment: tuple[tuple[str, str], ...] | None, extras: frozenset[str], groups: frozenset[str]
) -> Markers:
    return Markers(environment, extras, groups)


def python_note(shown: str, requires: object, target: Target | None) -> tuple[str, ...]:
    """A sentence where a lock file is for other versions of Python than the target's."""
    if target is None or not isinstance(requires, str):
        return ()
    try:
        fits = SpecifierSet(requires).contains(target.version, prereleases=True)
    except ValueError:
        return ()
    if fits:
        return ()
    return (f"{shown} is for Python {urls.brief(requires)}, and the target is Python {target.version}.",)
