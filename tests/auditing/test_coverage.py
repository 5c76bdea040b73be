"""What each kind of input tells of each code: nothing that a policy has block is left out in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from auditing.conftest import Audit, put
from conftest import ROOT
from fakes import metadata_text, wheel
from safe_pip.audit_coverage import COVERAGE, Input, untold
from safe_pip.codes import CODES
from safe_pip.inventory import AuditInput, Dependency, InputKind, Inventory
from safe_pip.model import Level, Origin, PolicyLine
from safe_pip.settings import LICENSE_CODES, Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Override, Weight
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import Licenses, Sources

WRITTEN = PolicyLine("levels", Origin("safe-pip.toml", 3))
ROW = re.compile(r"^\| ((?:`[a-z-]+`(?:, )?)+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
KINDS: dict[Input, tuple[InputKind, ...]] = {
    "installed": ("environment", "path"),
    "locked": ("lock", "sbom"),
    "listed": ("requirements", "project"),
}


def raised(code: str, level: Level = Level.BLOCK) -> Settings:
    """A policy that gives a code a level, and all that the code needs to mean anything."""
    return Settings(
        levels={**BUILT_IN_LEVELS, code: Weight(level, level, WRITTEN)},
        licenses=Licenses(("MIT",)) if code in LICENSE_CODES else Licenses(),
        sources=Sources(indexes=("https://index.example/simple",)) if code == "source-not-allowed" else Sources(),
    )


def inventory(kind: InputKind) -> Inventory:
    """One package, as an input of some kind names it."""
    source = AuditInput(kind, f"the {kind}")
    return Inventory(source, (Dependency(NormalizedName("acme"), "1.0", source),))


@pytest.mark.parametrize("code", list(CODES))
def test_what_blocks_is_looked_for_or_told(code: str) -> None:
    """Could not check is never clean, for every code and every kind of input; and what is looked for is no gap."""
    for kind, inputs in KINDS.items():
        told = COVERAGE[code][kind]
        of_pages = told == "asked" and (CODES[code].kind == "index" or code in LICENSE_CODES)
        for one in map(inventory, inputs):
            with_pages, _ = untold([one], raised(code), pages=True)
            without, _ = untold([one], raised(code), pages=False)
            assert [gap.code for gap in with_pages] == ["not-looked-for"] * (told == "no")
            assert [gap.code for gap in without] == ["not-looked-for"] * (told == "no" or of_pages)
            weaker, notes = untold([one], raised(code, Level.WARN), pages=True)
            assert weaker == ()
            assert [code in note for note in notes.values()] == [True] * (told == "no")
            assert untold([one], Settings(), pages=False) == ((), {})


def test_the_table_is_what_the_page_says() -> None:
    """Whoever sets a level for audits looks there for what it will find."""
    page = (ROOT / "docs" / "explanation" / "policy.md").read_text("utf-8")
    shown = {
        code: tuple("never" if cell.strip() == "–" else cell.strip() for cell in cells)
        for codes, *cells in ROW.findall(page)
        for code in re.findall(r"`([a-z-]+)`", codes)
    }

    assert shown == {code: tuple(COVERAGE[code].values()) for code in CODES}


def test_only_what_is_there_counts(tmp_path: Path) -> None:
    """A level for some packages says nothing of an input that has none of them; and a waived code is no gap."""
    weights = {"startup-hook": Weight(Level.BLOCK, Level.BLOCK, WRITTEN)}
    one = inventory("lock")

    def gaps(pattern: str) -> int:
        return len(untold([one], Settings(overrides=(Override(PackagePattern(pattern), weights),)), pages=True)[0])

    assert (gaps("acme"), gaps("other-*")) == (1, 0)


# --------------------------------------------------------------------------- what is looked for, in real inputs

LOCK = 'version = 1\nrequires-python = ">=3.10"\n[[package]]\nname = "{name}"\nversion = "1.0"\n'
LOCK += 'source = {{registry = "https://index.example/simple"}}\n'


def _policy(here: Path, text: str) -> list[str]:
    (here / "policy.toml").write_text(text, "utf-8")
    return ["--policy", "policy.toml"]


def _locked(here: Path, name: str = "acme") -> list[str]:
    (here / "uv.lock").write_text(LOCK.format(name=name), "utf-8")
    return ["--lock", "uv.lock", "--universal"]


def _licensed(license: str) -> bytes:
    """The metadata of acme 1.0; without the field where the licence is empty."""
    line = f"\nLicense-Expression: {license}" if license else ""
    return metadata_text("acme", "1.0").replace(b"\n\n", f"{line}\n\n".encode(), 1)


def _installed(here: Path, license: str = "") -> list[str]:
    (put(here / "site", "acme", "1.0") / "METADATA").write_bytes(_licensed(license))
    return ["--path", "site"]


@pytest.mark.parametrize("named", [_locked, _installed], ids=["lock", "path"])
def test_a_denied_package(audit: Audit, here: Path, named: Callable[[Path], list[str]]) -> None:
    """What must not come in must not be there either, whoever brought it, and no index is needed to say so."""
    policy = _policy(here, '[packages]\ndenied = [{name = "acme", use-instead = "acme2"}]\n')

    words = named(here)

    ran = audit(*words, *policy, "--offline")

    assert ran.code == 1, ran.err
    assert ran.err.count("acme 1.0 is denied by the policy. (denied-package, block)") == 1
    assert audit(*words).code == 0


def test_a_package_that_is_wanted_below_another(audit: Audit, here: Path) -> None:
    """Where an input tells who needs whom, that decides; where it lists names alone, it is unchecked."""
    policy = _policy(here, '[packages.only-below]\nacme = ["app"]\n')
    put(here / "site", "acme", "1.0")
    put(here / "site", "app", "1.0", requires=["acme"], asked=True)
    assert audit("--path", "site", *policy).code == 0
    (here / "site" / "acme-1.0.dist-info" / "REQUESTED").touch()

    ran = audit("--path", "site", *policy)
    assert (ran.code, "acme may come in only through app." in ran.err) == (1, True)

    (here / "requirements.txt").write_text("acme==1.0\napp==1.0\n", "utf-8")
    ran = audit("-r", "requirements.txt", "--no-deps", *policy)
    assert (ran.code, "nothing tells who needs acme" in ran.err) == (3, True), ran.err


LICENSES = '[licenses]\nallow = ["MIT"]\n'


@pytest.mark.parametrize(
    ("license", "code", "said"),
    [
        ("MIT", 0, ""),
        ("GPL-3.0-only", 1, "is licensed GPL-3.0-only, which the policy does not allow."),
        ("", 0, "acme 1.0 does not say its licence. (license-unknown, warn)"),
    ],
)
def test_licences_of_what_is_installed(audit: Audit, here: Path, license: str, code: int, said: str) -> None:
    """The metadata lies there, and says it as it does before an install."""
    ran = audit(*_installed(here, license), *_policy(here, LICENSES))

    assert ran.code == code, ran.err
    assert said in ran.err


@pytest.mark.parametrize(
    ("license", "code", "said"),
    [("MIT", 0, ""), ("GPL-3.0-only", 1, "acme 1.0 is licensed GPL-3.0-only, which the policy does not allow.")],
)
def test_licences_of_what_a_lock_file_names(audit: Audit, here: Path, license: str, code: int, said: str) -> None:
    """A team that has a list of licences audits its lock file: the metadata beside the very file tells."""
    audit.index.sidecars = True
    audit.index.add(wheel(here.parent / "made", "acme", "1.0", metadata=_licensed(license)))

    ran = audit(*_locked(here), *_policy(here, LICENSES), PIP_INDEX_URL=audit.index.url)

    assert ran.code == code, ran.err
    assert said in ran.err


def test_licences_that_nobody_can_tell(audit: Audit, here: Path) -> None:
    """Offline, or of a version that the index has not, the licence is not known, and that is not clean."""
    url = {"PIP_INDEX_URL": audit.index.url}
    policy = _policy(here, LICENSES)

    offline = audit(*_locked(here), *policy, "--offline", **url)
    assert (offline.code, "not looked for: only an index tells, and none was asked" in offline.err) == (3, True)
    unlisted = audit(*_locked(here), *policy, **url)
    assert (unlisted.code, "not looked for: the index does not list it" in unlisted.err) == (3, True), unlisted.err
    assert audit(*_locked(here), *policy, "--allow", "not-looked-for", **url).code == 0


def test_what_several_inputs_name_is_one_finding(audit: Audit, here: Path) -> None:
    """A package that is denied is told once, with every place that names it, as an advisory is."""
    policy = _policy(here, '[packages]\ndenied = [{name = "acme"}]\n')
    (here / "other").mkdir()
    (here / "other" / "uv.lock").write_text(LOCK.format(name="acme"), "utf-8")

    words = [*_locked(here), "--lock", "other/uv.lock", *_installed(here), *policy, "--offline"]
    ran = audit(*words, format="safe-pip-json")

    assert ran.code == 1, ran.err
    assert [finding["code"] for finding in ran.json["findings"]] == ["denied-package"]
