"""The values of options, after all that gives them has been read; and what they come to for the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.model import FormatControl, Network, ReleaseControl


class ControlBuilder:
    """Two sets of names that exclude each other, filled option by option (pip: models/format_control.py)."""

    def __init__(self) -> None:
        self.sets: tuple[set[str], set[str]] = (set(), set())

    def add(self, which: int, value: str) -> None:
        """Take one value of the option that fills set ``which``: names with commas, ``:all:`` or ``:none:``."""
        target, other = self.sets[which], self.sets[1 - which]
        names = value.split(",")
        while ":all:" in names:
            other.clear()
            target.clear()
            target.add(":all:")
            del names[: names.index(":all:") + 1]
            if ":none:" not in names:
                return
        for name in names:
            if name == ":none:":
                target.clear()
            else:
                normal = canonicalize_name(name)
                other.discard(normal)
                target.add(normal)


@dataclass
class Values:
    """The values of all options after configuration, environment and command line, and the plain arguments."""

    arguments: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    formats: ControlBuilder = field(default_factory=ControlBuilder)
    releases: ControlBuilder = field(default_factory=ControlBuilder)
    commit_options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    command: str = "install"
    origins: dict[str, str] = field(default_factory=dict)
    """Where a single value comes from, by its option, unless it is the command line."""

    def text(self, dest: str) -> str | None:
        """A single value, None where it was not given."""
        value = self.given.get(dest)
        return None if value is None else str(value)

    def texts(self, dest: str) -> list[str]:
        """The values of an option that may be repeated, in order."""
        return list(self.given.get(dest, ()))

    def flag(self, dest: str) -> bool:
        """Whether a switch is on."""
        return bool(self.given.get(dest, False))

    def number(self, dest: str, default: float) -> float:
        """A number, or the default."""
        value = self.given.get(dest)
        return default if value is None else float(value)

    def count(self, dest: str) -> int:
        """How often a counted option was given."""
        return int(self.given.get(dest, 0))

    @property
    def format_control(self) -> FormatControl:
        """``--no-binary`` and ``--only-binary``."""
        no_binary, only_binary = self.formats.sets
        return FormatControl(frozenset(no_binary), frozenset(only_binary))

    @property
    def release_control(self) -> ReleaseControl:
        """``--all-releases`` and ``--only-final``."""
        all_releases, only_final = self.releases.sets
        return ReleaseControl(frozenset(all_releases), frozenset(only_final))

    def settle_pre(self) -> None:
        """Turn ``--pre`` into ``--all-releases :all:``, before files are read. Raises UsageError for a conflict."""
        if self.given.pop("pre", False):
            if any(self.releases.sets):
                raise UsageError(
                    "--pre cannot be used with --all-releases or --only-final.",
                    "--all-releases :all: says the same as --pre.",
                )
            self.releases.sets[0].add(":all:")


def truth(text: str) -> bool | None:
    """What a word says of a switch in a configuration or variable, as pip reads it; None where it says nothing."""
    word = text.lower()
    if word in ("y", "yes", "t", "true", "on", "1"):
        return True
    return False if word in ("n", "no", "f", "false", "off", "0") else None


def network_of(values: Values) -> Network:
    """How to speak to servers, from the options."""
    return Network(
        timeout=values.number("timeout", 15.0),
        retries=int(values.number("retries", 5)),
        proxy=values.text("proxy"),
        use_environment_proxies=not values.flag("no_proxy_env"),
        cert=values.text("cert"),
        client_cert=values.text("client_cert"),
        trusted_hosts=tuple(values.texts("trusted_hosts")),
    )
