"""What is tried of the readers of policies, of their editor, and of lists of scores."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from fuzzing import formats
from fuzzing.mutating import mutated, spoiled_json
from fuzzing.sense import told, writable
from safe_pip.advisories.risk import RiskSources
from safe_pip.advisories.sources import Context
from safe_pip.errors import UsageError
from safe_pip.policy import Places, load
from safe_pip.policy.allowing import Wanted, exception_of
from safe_pip.policy.editing import add_exception
from safe_pip.policy.files import PolicyError
from safe_pip.policy.strictness import strictness
from safe_pip.report.plain import printable

# --------------------------------------------------------------------------- policies


def policy_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.POLICIES, formats.POLICY_WORDS)


def policy(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A policy file: of a project, which cannot loosen the user's; of the user; or one that is named."""
    whose = chance.choice(("project", "pyproject", "user", "named"))
    profile = "ci" if b"profiles.ci" in data and chance.random() < 0.7 else None
    project, user = folder / "home" / "project", folder / "home" / "user.toml"
    if not project.is_dir():
        (project / ".git").mkdir(parents=True)
        (project / "other.toml").write_text(formats.FIXED_POLICY)
    own, other = project / "safe-pip.toml", project / "pyproject.toml"
    if whose == "pyproject":
        data = b"[tool.safe-pip]\n" + re.sub(rb"^(\[\[?)", rb"\1tool.safe-pip.", data, flags=re.MULTILINE)
    for path, name in ((own, "project"), (other, "pyproject")):
        path.unlink(missing_ok=True)
        if whose == name or (whose == "named" and name == "project"):
            path.write_bytes(data)
    user.write_bytes(data if whose == "user" else formats.FIXED_POLICY.encode())
    places = Places(project, (), user, folder / "home", str(own) if whose == "named" else None, profile)
    try:
        loaded = load(places)
    except PolicyError as error:
        told(error)
        return False
    _sensible(loaded.lines, loaded.settings.notes)
    for pattern in (
        *(each.packages for each in loaded.settings.overrides),
        *(each.packages for each in loaded.settings.exceptions),
        *(each[0] for each in loaded.settings.cooldown.packages),
    ):
        assert pattern is None or pattern.matches("flask", "1.0") in (True, False)
    if whose in ("project", "pyproject"):
        settings = loaded.settings
        assert settings.cooldown.minimum_age >= timedelta(days=3)
        assert settings.sources.require_hashes
        assert not settings.exceptions
        for code, weight in _user_alone(folder, places).items():
            assert strictness(settings.levels[code].install) >= strictness(weight.install)
            assert strictness(settings.levels[code].audit) >= strictness(weight.audit)
    return True


def _sensible(lines: Any, notes: Any) -> None:
    for line in lines:
        writable(printable(line.key), printable(line.value))
        for origin in (each.origin for each in (line.line, *(item for _, item in line.overruled))):
            assert origin is None or origin.line is None or origin.line >= 1
    writable(*map(printable, notes))


_ALONE: dict[str, Mapping[str, Any]] = {}


def _user_alone(folder: Path, places: Places) -> Mapping[str, Any]:
    """The levels without any project."""
    if not _ALONE:
        empty = folder / "empty"
        empty.mkdir()
        _ALONE["levels"] = load(places._replace(folder=empty, profile=None, home=None)).settings.levels
    return _ALONE["levels"]


def editing_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.POLICIES, formats.POLICY_WORDS)


def editing(data: bytes, chance: random.Random, folder: Path) -> bool:
    """An exception put into a policy file, of words that a person may give: every other byte stays as it was."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    words = [chance.choice((chance.choice(formats.EXCEPTION_WORDS), None)) for _ in range(5)]
    what, package = chance.choice(formats.EXCEPTION_WORDS[:4]), chance.choice(formats.EXCEPTION_WORDS[4:7])
    odd = chance.random() < 0.5
    wanted = Wanted(
        words[0] or what if odd else what,
        words[1] if odd else package,
        words[2] if odd else "30d",
        chance.random() < 0.3,
        words[3] if odd else chance.choice(("why", "\x7f \\ \"'ü")),
        words[4] if odd else None,
    )
    try:
        exception = exception_of(wanted, date(2026, 11, 20), chance.choice((None, timedelta(days=90))))
    except UsageError as error:
        told(error)
        exception = {"id": "PYSEC-2026-1", "package": "weak<2", "reason": "why", "expires": date(2026, 12, 31)}
    try:
        edited = add_exception(text, exception, "safe-pip.toml", prefix=chance.choice(((), (), ("tool", "safe-pip"))))
    except PolicyError as error:
        told(error)
        return False
    assert len(edited.text) > len(text)
    assert edited.text.endswith(text[_common(text, edited.text) :])
    assert edited.text.split("\n")[edited.line - 1].rstrip("\r") == edited.added[0]
    return True


def _common(one: str, other: str) -> int:
    return next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), len(one))


# --------------------------------------------------------------------------- likelihood


def epss_bytes(chance: random.Random) -> bytes:
    data = mutated(chance, formats.EPSS, formats.EPSS_WORDS)
    if chance.random() < 0.3:
        data = gzip.compress(data, mtime=0)
        if chance.random() < 0.5:
            data = mutated(chance, [data], [b"\x1f\x8b"])
    return data


def kev_bytes(chance: random.Random) -> bytes:
    return spoiled_json(chance, formats.KEV, formats.KEV_WORDS)


def _risk(kind: str, data: bytes, folder: Path) -> bool:
    path = folder / "scores"
    path.write_bytes(data)
    sources = RiskSources(**{kind: str(path)})
    try:
        risk, unchecked = sources.read(cast(Context, None))
    except UsageError as error:
        told(error)
        return False
    assert not unchecked
    scores = risk.epss if kind == "epss" else risk.kev
    assert scores
    for identifier, score in scores.items():
        assert identifier.startswith("CVE-")
        assert identifier.isprintable()
        assert 0 <= score <= 1
    return True


def epss(data: bytes, chance: random.Random, folder: Path) -> bool:
    """Scores in a file: CVE ids, and numbers from 0 to 1."""
    return _risk("epss", data, folder)


def kev(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A catalog in a file: CVE ids."""
    return _risk("kev", data, folder)
