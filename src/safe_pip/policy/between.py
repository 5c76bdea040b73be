"""What must hold between the keys of one table, and is noted where it does not."""

from __future__ import annotations

from collections.abc import Mapping

from safe_pip.codes import CODES
from safe_pip.policy.kinds import At, Value


def some_level(found: Mapping[str, Value], at: At) -> None:
    """A table of levels by command gives at least one."""
    if not found:
        at.wrong("this gives no level")


def whole_exception(found: Mapping[str, Value], at: At) -> None:
    """An exception names one finding and an end, and malware by its id and for one package."""
    if ("id" in found) == ("code" in found):
        at.wrong("an exception names either an id or a code")
    elif "code" in found:
        code = found["code"].value
        if code == "malware":
            found["code"].at.wrong('malware is excepted by its id and one package, and by no code: id = "MAL-…"')
        elif CODES[code].kind == "policy":
            found["code"].at.wrong(f"a finding about the policy cannot be excepted; set levels.{code} instead")
    elif (word := found["id"].value.strip().lower()) in CODES:
        found["id"].at.wrong(f'{word} is a finding code, and no id; write code = "{word}"')
    elif word.startswith("mal-"):
        package = found.get("package")
        if package is None:
            at.wrong("malware is excepted for one package only, and none is named")
        elif not package.value.is_exact:
            package.at.wrong("malware is excepted for one package only, and not for a pattern")
    until_fixed = "until-fixed" in found and found["until-fixed"].value
    if "expires" not in found and not until_fixed:
        at.wrong("an exception needs a day on which it ends: expires = 2026-12-31, or until-fixed = true")
