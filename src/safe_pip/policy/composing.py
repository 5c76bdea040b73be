"""From what all layers come to, to Settings; and to what ``policy show`` tells of each value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from safe_pip.codes import CODES
from safe_pip.model import Level, PolicyLine
from safe_pip.policy.entries import Entry
from safe_pip.policy.keys import BY_NAME
from safe_pip.policy.kinds import Value
from safe_pip.policy.merging import Draft
from safe_pip.settings import Settings
from safe_pip.settings.levels import Override, Weight
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import (
    AdvisoryData,
    Builds,
    Cooldown,
    Denied,
    Licenses,
    OnlyBelow,
    Packages,
    Pinned,
    Raise,
    Signatures,
    Sources,
    Vulnerabilities,
)
from safe_pip.settings.waivers import PolicyException


class Effective(NamedTuple):
    """One value that is in force. key: such as ``cooldown.minimum-age``. value: as TOML. line: where it comes from.

    overruled: what else was said, in order, and does not count.
    """

    key: str
    value: str
    line: PolicyLine
    overruled: tuple[tuple[str, PolicyLine], ...] = ()


def settings_of(draft: Draft) -> Settings:
    """The draft as Settings."""
    weights = {code: _weight(draft, code) for code in CODES}
    return Settings(
        levels=weights,
        overrides=tuple(_overrides(draft, weights)),
        vulnerabilities=_vulnerabilities(draft),
        exceptions=tuple(_exception(entry) for entry in draft.lists.get("exceptions", ())),
        longest_exception=draft.value("longest-exception"),
        cooldown=_cooldown(draft),
        sources=_sources(draft),
        packages=Packages(
            tuple(_denied(entry) for entry in draft.lists.get("packages.denied", ())),
            tuple(
                OnlyBelow(entry.subject, tuple(item.value for item in entry.value), entry.line)
                for entry in draft.lists.get("packages.only-below", ())
            ),
        ),
        licenses=_licenses(draft),
        builds=Builds(tuple(_plain(draft.value("builds.allow")))),
        advisories=_advisories(draft),
        provenance=_signatures(draft.single.get("provenance.trust-root")),
    )


def _weight(draft: Draft, code: str) -> Weight:
    (install, line), (audit, audit_line) = draft.levels[code, "install"], draft.levels[code, "audit"]
    raised = draft.level(code, "install")
    if raised != install:
        install, line = raised, draft.single["sources.require-hashes"].line
    return Weight(install, audit, line, None if audit_line == line else audit_line)


def _overrides(draft: Draft, weights: Mapping[str, Weight]) -> Iterator[Override]:
    """One for each pattern and code; a command that it does not name has the level that it has without it."""
    known: dict[tuple[str, str], Weight] = {}
    for entry in draft.lists.get("overrides", ()):
        packages, code = entry.subject
        base = known.get((str(packages), code), weights[code])
        weight = Weight(
            entry.value.get("install", base.install),
            entry.value.get("audit", base.audit),
            entry.line if "install" in entry.value else base.line,
            (entry.line if "audit" in entry.value else base.line_of("audit")),
        )
        if weight.audit_line == weight.line:
            weight = Weight(weight.install, weight.audit, weight.line)
        known[str(packages), code] = weight
        yield Override(packages, {code: weight})


def _plain(values: tuple[Value, ...]) -> list[Any]:
    return [item.value for item in values]


def _lines(draft: Draft, table: str) -> dict[str, PolicyLine]:
    """The lines of a table's keys, by key, where a file gives them."""
    return {
        key.partition(".")[2]: entry.line for key, entry in draft.single.items() if entry.table == table and "." in key
    }


def _vulnerabilities(draft: Draft) -> Vulnerabilities:
    return Vulnerabilities(
        block_at=draft.value("vulnerabilities.block-at"),
        below=draft.value("vulnerabilities.below"),
        unknown_severity=draft.value("vulnerabilities.unknown-severity"),
        unfixable=draft.value("vulnerabilities.unfixable"),
        scope=draft.value("vulnerabilities.scope"),
        epss=_raise(draft.single.get("vulnerabilities.epss")),
        kev=_raise(draft.single.get("vulnerabilities.kev")),
        lines=_lines(draft, "vulnerabilities"),
    )


def _raise(entry: Entry | None) -> Raise | None:
    if entry is None:
        return None
    at = entry.value.get("at")
    return Raise(entry.value["source"].value, None if at is None else at.value, entry.line)


def _signatures(entry: Entry | None) -> Signatures:
    return Signatures() if entry is None else Signatures(entry.value, entry.line)


def _exception(entry: Entry) -> PolicyException:
    given = {name: item.value for name, item in entry.value.items()}
    return PolicyException(
        what=given.get("id", given.get("code", "")).strip(),
        line=entry.line,
        packages=given.get("package"),
        sha256=given.get("sha256"),
        reason=given.get("reason", ""),
        expires=given.get("expires"),
        until_fixed=given.get("until-fixed", False),
        justification=given.get("justification"),
    )


def _cooldown(draft: Draft) -> Cooldown:
    entry = draft.single.get("cooldown.minimum-age")
    return Cooldown(
        minimum_age=draft.value("cooldown.minimum-age"),
        indexes=tuple((item.subject, item.value, item.line) for item in draft.lists.get("cooldown.indexes", ())),
        packages=tuple((item.subject, item.value, item.line) for item in draft.lists.get("cooldown.packages", ())),
        exempt_fixes=draft.value("cooldown.exempt-fixes"),
        line=Cooldown().line if entry is None else entry.line,
    )


def _sources(draft: Draft) -> Sources:
    indexes = draft.value("sources.indexes")
    return Sources(
        indexes=None if indexes is None else tuple(_plain(indexes)),
        pinned=tuple(
            Pinned(entry.subject, entry.value, entry.line, entry.trusted)
            for entry in draft.lists.get("sources.pinned", ())
        ),
        require_hashes=draft.value("sources.require-hashes"),
        lines=_lines(draft, "sources"),
    )


def _denied(entry: Entry) -> Denied:
    if isinstance(entry.value, PackagePattern):
        return Denied(entry.value, entry.line)
    given = {name: item.value for name, item in entry.value.items()}
    return Denied(given["name"], entry.line, given.get("use-instead", ""), given.get("reason", ""))


def _licenses(draft: Draft) -> Licenses:
    entry = draft.single.get("licenses.allow")
    further = draft.lists.get("licenses.packages", ())
    return Licenses(
        allow=None if entry is None else tuple(_plain(entry.value)),
        packages=tuple((item.subject, tuple(_plain(item.value)), item.line) for item in further),
        line=Licenses().line if entry is None else entry.line,
    )


def _advisories(draft: Draft) -> AdvisoryData:
    sources = draft.value("advisories.sources")
    return AdvisoryData(
        sources=() if sources is None else tuple(_plain(sources)),
        warn_after=_or_never(draft.value("advisories.warn-after")),
        incomplete_after=_or_never(draft.value("advisories.incomplete-after")),
        unavailable=draft.value("advisories.unavailable"),
        lines=_lines(draft, "advisories"),
    )


def _or_never(value: timedelta | None) -> timedelta | None:
    return None if value == timedelta.max else value


# --------------------------------------------------------------------------- what is shown


def effective(draft: Draft, settings: Settings) -> Iterator[Effective]:
    """Every value in force: levels first, then the other keys in the order of their table."""
    for code, weight in settings.levels.items():
        yield from _shown_level(draft, code, weight)
    for key, known in BY_NAME.items():
        is_single = key in draft.single or bool(known.default and "." in key)
        if is_single:
            entry = draft.single.get(key)
            line = PolicyLine(f"{key} = {known.default}") if entry is None else entry.line
            yield Effective(
                key,
                known.default if entry is None else entry.text,
                line,
                tuple(
                    (other.text, other.line) for other, _ in draft.history if other.key == key and other.line != line
                ),
            )
        kept = draft.lists.get(key, ())
        for entry in kept:
            yield Effective(key, entry.text, entry.line)
        lost = [entry for entry, counts in draft.history if entry.key == key and not counts]
        if key != "levels" and not is_single and lost:
            yield Effective(key, "", PolicyLine(key), tuple((_with_subject(entry), entry.line) for entry in lost))


def _with_subject(entry: Entry) -> str:
    """What an entry says as TOML, with the package or index that it says it of."""
    said = entry.line.setting.partition(f"{entry.key}.")[2]
    return f"{{{said}}}" if said else entry.text


def _shown_level(draft: Draft, code: str, weight: Weight) -> Iterator[Effective]:
    said = [(entry, counts) for entry, counts in draft.history if entry.key == "levels" and entry.subject == code]
    in_force = {weight.line, weight.line_of("audit")}
    overruled = tuple((entry.text, entry.line) for entry, _ in said if entry.line not in in_force)
    key = f"levels.{code}"
    if weight.line == weight.line_of("audit"):
        yield Effective(key, _level_text(weight.install, weight.audit), weight.line, overruled)
    else:
        yield Effective(f"{key}.install", f'"{weight.install.word}"', weight.line, overruled)
        yield Effective(f"{key}.audit", f'"{weight.audit.word}"', weight.line_of("audit"), overruled)


def _level_text(install: Level, audit: Level) -> str:
    if install == audit:
        return f'"{install.word}"'
    return f'{{install = "{install.word}", audit = "{audit.word}"}}'
