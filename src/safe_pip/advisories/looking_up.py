"""Everything that the sources on this machine say of one id, or of one package whatever its version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from packaging.utils import NormalizedName

from safe_pip.advisories.account import Account, account_of
from safe_pip.advisories.aliases import MALWARE_PREFIX, malware_or_last, shown_first
from safe_pip.advisories.gathered import Gathered
from safe_pip.advisories.record import BadRecord, record_from
from safe_pip.advisories.severity import rate


def about_id(gathered: Gathered, identifier: str) -> Account | None:
    """All that the sources on this machine say of an id or an alias, in capitals or not; None where nothing."""
    for item in gathered.opened:
        record = item.database.record(identifier)
        if record is not None:
            gathered.families.of(record["id"])
            gathered.follow_aliases({record["id"]})
            return _account(gathered, gathered.families.of(record["id"]))
    return None


def about_package(gathered: Gathered, name: NormalizedName) -> tuple[Account, ...]:
    """Every group of advisories about a package, whatever its version, in the order of their ids."""
    families = {id(ids): ids for held in gathered.about(name) for ids in [gathered.families.of(held.stored.id)]}
    accounts = [_account(gathered, ids, name) for ids in families.values()]
    return tuple(sorted(accounts, key=lambda account: shown_first(account.id)))


def _account(gathered: Gathered, family: list[str], about: NormalizedName | None = None) -> Account:
    """All that is said of a group. about: the package that is asked for, where one is."""
    records: list[tuple[str, Any]] = []
    names: set[NormalizedName] = set()
    for item in gathered.opened:
        records += [(item.source, record) for record in item.database.full(family).values()]
        names |= item.database.packages_of(family)
    malware = _malware_ids(gathered, family, [raw for _, raw in records], about)
    ids = malware_or_last(family, malware)
    account = account_of(ids, records)
    rating = rate(gathered.said_of(ids))
    if rating is None:
        # What only the entry of a package states, and not the record as a whole.
        gathered.read([name for name in sorted(names) if name not in gathered])
        held = (held for name in sorted(names) for held in gathered.about(name) if held.stored.id in ids)
        rating = rate([one.stored.stated for one in held])
    account = replace(account, malware=bool(malware))
    if rating is None:
        return account
    return replace(account, severity=rating.severity, score=rating.score, severity_source=rating.source)


def _malware_ids(
    gathered: Gathered, ids: Iterable[str], records: Iterable[Any], about: NormalizedName | None
) -> set[str]:
    """The malware ids that count: their record still stands, and is about the package; or nobody has a record."""
    malware = {item for item in ids if item.startswith(MALWARE_PREFIX)}
    known: set[str] = set()
    standing: set[str] = set()
    for raw in records if malware else ():
        try:
            record = record_from(raw)
        except BadRecord:
            continue
        known.add(record.id)
        if not gathered.is_withdrawn(record) and (
            about is None or any(entry.package == about for entry in record.affected)
        ):
            standing.add(record.id)
    return {item for item in malware if item in standing or item not in known}
