"""One exception, as a person asks for it: checked before it is written, so that what is written has effect."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from safe_pip import urls
from safe_pip.codes import CODES
from safe_pip.errors import UsageError
from safe_pip.policy.document import Document
from safe_pip.policy.keys import JUSTIFICATIONS
from safe_pip.policy.kinds import At, Kind, Value
from safe_pip.policy.kinds.names import Packages
from safe_pip.policy.kinds.scalars import Choice, Day, Duration, Sha256

_ID = re.compile(r"[A-Za-z][A-Za-z0-9]*[-:][A-Za-z0-9._:-]+")


@dataclass(frozen=True)
class Wanted:
    """What is asked for, in the texts of the command line."""

    what: str
    package: str | None = None
    until: str | None = None
    until_fixed: bool = False
    reason: str | None = None
    sha256: str | None = None
    justification: str | None = None


def exception_of(wanted: Wanted, today: date, longest: timedelta | None) -> dict[str, Any]:
    """The exception, key by key as TOML has it. Raises UsageError naming the option.

    longest: how far ahead its last day may lie, None for any.
    """
    told: dict[str, Any] = _named(wanted.what.strip())
    if wanted.package is None or not wanted.package.strip():
        raise UsageError("--package is missing.", "Say for which package: --package flask, or --package 'flask<3'.")
    pattern = _read("--package", Packages(), wanted.package.strip())
    told["package"] = str(pattern)
    if wanted.sha256 is not None:
        told["sha256"] = _read("--sha256", Sha256(), wanted.sha256.strip())
    if wanted.reason is None or not wanted.reason.strip():
        raise UsageError("--reason is missing.", "Say why, for whoever reads it next: --reason 'the debugger is off'.")
    told["reason"] = wanted.reason.strip()
    about_advisory = "id" in told or CODES[told["code"]].kind == "advisory"
    if wanted.until is not None:
        told["expires"] = _last_day(wanted.until.strip(), today, longest)
    elif not wanted.until_fixed:
        raise UsageError("--until is missing.", "Give a last day, --until 2026-12-31 or --until 30d, or --until-fixed.")
    elif not about_advisory:
        raise UsageError(
            f"--until-fixed is for advisories, and {told['code']} has none that could be fixed.", "Give --until DATE."
        )
    elif longest is not None:
        raise UsageError(
            f"--until-fixed has no last day, and the policy has no exception run longer than {longest.days} days.",
            f"Give --until {today + longest} or an earlier day beside it.",
        )
    if wanted.until_fixed:
        told["until-fixed"] = True
    if wanted.justification is not None:
        choice = Choice("a justification of OpenVEX", {word: word for word in JUSTIFICATIONS})
        told["justification"] = _read("--justification", choice, wanted.justification.strip())
    if str(told.get("id", "")).upper().startswith("MAL-") and not pattern.is_exact:
        raise UsageError(f"--package {pattern}: malware is accepted for one package only.", "Name the package.")
    return told


def _named(what: str) -> dict[str, str]:
    """The id or the code. Raises UsageError for what can be neither."""
    code = what.lower()
    if code == "malware":
        raise UsageError("The code malware covers nothing in an exception.", "Name the very advisory: its id is MAL-….")
    if code in CODES:
        if CODES[code].kind == "policy":
            raise UsageError(f"{code} is about the policy, and has no exceptions.", f"Set levels.{code} instead.")
        return {"code": code}
    # The ids of one database may have letters only; a word with a hyphen is otherwise a code with a slip.
    if _ID.fullmatch(what) and (any(map(str.isdigit, what)) or what.upper().startswith("GHSA-")):
        return {"id": what}
    close = difflib.get_close_matches(code, CODES, n=1)
    guess = f"Did you mean {close[0]}?" if close else "Say for instance PYSEC-2023-62 or yanked."
    raise UsageError(f"{urls.shown(what)} is neither the id of an advisory nor a finding code.", guess)


def _read(option: str, kind: Kind, text: str) -> Any:
    """A value by the same rules as in a policy file. Raises UsageError."""
    document = Document("", option, {})
    value = kind.read(text, At(document, ()))
    if document.mistakes:
        told = next(iter(document.mistakes))[1]
        raise UsageError(f"{option}: {told}{'' if told.endswith('?') else '.'}")
    return value


def _last_day(text: str, today: date, longest: timedelta | None) -> date:
    if re.fullmatch(r"\d+[a-z]", text):
        try:
            day: date = today + _read("--until", Duration(), text)
        except OverflowError as error:
            raise UsageError(f"--until {text} is too far away.", "Give a day, such as 2026-12-31.") from error
    else:
        day = _read("--until", Day(), text)
    if day < today:
        raise UsageError(f"--until {day}: that day is over.", f"Give a day from {today} on.")
    if longest is not None and day - today > longest:
        raise UsageError(
            f"--until {day}: the policy has no exception run longer than {longest.days} days.",
            f"Give {today + longest} or an earlier day.",
        )
    return day


def there_already(exceptions: tuple[Value, ...], wanted: Mapping[str, Any]) -> Value | None:
    """The exception of a file that is for the same finding, package and file; None where there is none."""
    return next((item for item in exceptions if _subject(item.raw) == _subject(wanted)), None)


def _subject(exception: Mapping[str, Any]) -> tuple[str, str, str]:
    what = str(exception.get("id", exception.get("code", ""))).strip().lower()
    package = exception.get("package")
    pattern = Packages().read(package, At(Document("", "", {}), ())) if package is not None else None
    return what, str(pattern or ""), str(exception.get("sha256", "")).lower()
