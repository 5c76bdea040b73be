"""Mistakes in policy files: each is told with its line and column, and what may have been meant; nothing is done."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from policy.writing import Machine
from safe_pip.errors import UsageError
from safe_pip.model import Level
from safe_pip.policy.layers import document_of, valid
from safe_pip.policy.positions import positions

MISTAKES = [
    ("levls = 1", "line 1, column 1: there is no key 'levls'; did you mean levels?"),
    ("[levels]\nyankd = 'block'", "line 2, column 1: there is no finding code 'yankd'; did you mean yanked?"),
    ("[levels]\nyanked = 'blok'", "line 2, column 10: 'blok' is not a level; did you mean block?"),
    (
        "[levels]\nyanked = {instal = 'note'}",
        "line 2, column 11: there is no key 'instal' in levels; did you mean install?",
    ),
    ("[levels]\nyanked = {}", "line 2, column 10: this gives no level."),
    ("[levels]\nyanked = true", 'line 2, column 10: this is true or false, and a text is wanted, such as "allow".'),
    ("levels = 'note'", "line 1, column 10: this is a text, and a table is wanted."),
    ("[cooldown]\nminimum-age = 3", "line 2, column 15: this is a whole number, and a text is wanted"),
    ("[cooldown]\nminimum-age = '3 days'", "line 2, column 15: '3 days' is not a duration; write one as 30m"),
    ("[cooldown]\npackages = {'a b' = '1d'}", "line 2, column 13: 'a b' matches no name that a package can have"),
    ("[cooldown]\npackages = {'-*' = '1d'}", "line 2, column 13: '-*' matches no name that a package can have"),
    (
        "[cooldown]\npackages = {'flask<<3' = '1d'}",
        "line 2, column 13: '<<3' is not a specifier of versions (PEP 440).",
    ),
    (
        "[cooldown]\nindexes = {'ftp://a.example/' = '1d'}",
        "line 2, column 12: 'ftp://a.example/' is not an http or https",
    ),
    (
        "[sources]\nindexes = ['https://me:secret@a.example/']",
        "line 2, column 12: a URL in a policy may have no user and",
    ),
    ("[sources]\nrequire-hashes = 1", "line 2, column 18: this is a whole number, and true or false is wanted."),
    ("[vulnerabilities]\nblock-at = 'hihg'", "line 2, column 12: 'hihg' is not a severity; did you mean high?"),
    ("[vulnerabilities]\nepss = {source = 'a.csv', at = 2.5}", "line 2, column 32: a probability is a number from 0"),
    (
        "[provenance]\ntrust-root = 'https://a.example/root.json'",
        "line 2, column 14: 'https://a.example/root.json' cannot",
    ),
    ("[vulnerabilities]\nepss = {source = 'a.csv'}", "line 2, column 1: this needs at."),
    ("[vulnerabilities]\nunfixable = 'avoid'", "line 2, column 13: 'avoid' is not a level"),
    (
        "[vulnerabilities]\nkev = {source = 'http://a.example/kev'}",
        "line 2, column 17: 'http://a.example/kev' is not https.",
    ),
    ("[[exceptions]]\nexpires = 2026-12-31", "line 1, column 1: an exception names either an id or a code."),
    ("[[exceptions]]\nid = 'X'\ncode = 'yanked'\nexpires = 2026-12-31", "line 1, column 1: an exception names either"),
    ("[[exceptions]]\nid = 'X'", "line 1, column 1: an exception needs a day on which it ends"),
    (
        "[[exceptions]]\nid = 'X'\nexpires = '2026-02-30'",
        "line 3, column 11: this is not a day; write one as 2026-12-31.",
    ),
    ("[[exceptions]]\nid = 'X'\nexpires = 2026-02-03T00:00:00", "line 3, column 11: this is not a day"),
    (
        "[[exceptions]]\nid = 'Yanked'\nuntil-fixed = true",
        "line 2, column 6: yanked is a finding code, and no id",
    ),
    ("minimum-age = '3d'", "line 1, column 1: there is no key 'minimum-age'; it belongs into [cooldown]."),
    (
        "[levels]\nyanked = 'block'\nlongest-exception = '90d'",
        "line 3, column 1: there is no finding code 'longest-exception'; it belongs above all tables.",
    ),
    (
        "[profiles.ci]\nextends = []",
        "line 2, column 1: there is no key 'extends' in profiles; it belongs above all tables.",
    ),
    (
        "[cooldown.levels]\nyanked = 'block'",
        "line 1, column 1: there is no key 'levels' in cooldown; it is a table of its own, [levels].",
    ),
    ("yanked = 'block'", "line 1, column 1: there is no key 'yanked'; it belongs into [levels]."),
    (
        "[sources]\nindexes = ['file://srv/simple']",
        "line 2, column 12: 'file://srv/simple' is not an http or https URL",
    ),
    ("[vulnerabilities]\nkev = {source = 'file:///kev.json'}", "line 2, column 17: 'file:///kev.json' is neither"),
    ("[packages]\ndenied = ['flask>3,<2']", "line 2, column 11: no version satisfies '>3,<2'."),
    ("allow = ['MIT']", "line 1, column 1: there is no key 'allow'; it belongs into [licenses] or [builds]."),
    ("[builds]\ndeny = []", "line 2, column 1: there is no key 'deny' in builds; there is only allow."),
    ("[levels]\nyanked = 'BLOCK'", "line 2, column 10: 'BLOCK' is not a level; did you mean block?"),
    ("[licenses]\nallow = ['MTI']", "line 2, column 10: 'MTI' is not a licence that SPDX knows; did you mean MIT?"),
    ("longest-exception = '\u0663d'", "line 1, column 21: '\u0663d' is not a duration"),
    ("[levels]\nyanked = " + "9" * 5_000, "line 2: a number has too many digits."),
    ("[[exceptions]]\ncode = 'exception-expired'\nuntil-fixed = true", "line 2, column 8: a finding about the policy"),
    ("[[exceptions]]\ncode = 'old-advisories'\nuntil-fixed = true", "line 2, column 8: a finding about the policy"),
    (
        "[[exceptions]]\ncode = 'malware'\npackage = 'x'\nuntil-fixed = true",
        "line 2, column 8: malware is excepted by its id and one package, and by no code",
    ),
    ("[[exceptions]]\nid = 'mal-1'\nuntil-fixed = true", "line 1, column 1: malware is excepted for one package only"),
    (
        "[[exceptions]]\nid = 'MAL-1'\npackage = 'x*'\nuntil-fixed = true",
        "line 3, column 11: malware is excepted for one package only, and not for a pattern",
    ),
    (
        "[[exceptions]]\nid = 'X'\nuntil-fixed = true\njustification = 'because'",
        "line 4, column 17: 'because' is not a",
    ),
    ("[[exceptions]]\nid = 'X'\nuntil-fixed = true\nsha256 = 'ab'", "line 4, column 10: a sha256 has 64"),
    ("[[overrides]]\nlevels = {yanked = 'note'}", "line 1, column 1: this needs packages."),
    ("[[overrides]]\npackages = []\nlevels = {yanked = 'note'}", "line 2, column 12: this list is empty."),
    (
        "[licenses]\nallow = ['Apache2']",
        "line 2, column 10: 'Apache2' is not a licence that SPDX knows; did you mean Apache-2.0?",
    ),
    ("[licenses]\nallow = ['MIT OR ISC']", "line 2, column 10: this joins several licences; list each by itself."),
    ("[packages]\nonly-below = {foo = ['b!r']}", "line 2, column 22: 'b!r' cannot be the name of a package."),
    ("[packages]\ndenied = [{use-instead = 'x'}]", "line 2, column 11: this needs name."),
    ("[advisories]\nsources = ['ftp://x.example/']", "line 2, column 12: 'ftp://x.example/' is neither a file nor"),
    ("may-relax = ['profiles']", "line 1, column 14: 'profiles' is not a table that can be relaxed"),
    ("[profiles.ci]\nextends = 'x.toml'", "line 2, column 1: there is no key 'extends' in profiles"),
    ("[levels\n", "line 1, column 8: this is not TOML"),
    ("a = 1\na = 2\n", "line 2, column 6: this is not TOML"),
    ('x = "\\u0000\x07"', "this is not TOML"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[said[:60] for _, said in MISTAKES])
def test_a_mistake_is_told_with_its_place(machine: Machine, text: str, said: str) -> None:
    """Whoever has to look for a mistake may give up, and go without a policy."""
    machine.write(text)

    with pytest.raises(UsageError) as caught:
        machine.load()

    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("safe-pip.toml, line ")
    assert said in caught.value.message
    assert caught.value.hint


def test_malware_is_excepted_by_id_and_package(machine: Machine) -> None:
    """What the messages above ask for is taken, with a specifier as well."""
    machine.write(user="[[exceptions]]\nid = 'MAL-2026-1'\npackage = 'weak<2'\nuntil-fixed = true\n")

    assert [str(item.packages) for item in machine.load().settings.exceptions] == ["weak<2"]


def test_all_mistakes_are_told_at_once(machine: Machine) -> None:
    """A file mended in ten rounds costs ten runs; of very many, twenty are enough."""
    machine.write("\n".join(f"wrong{number} = 1" for number in range(30)))

    with pytest.raises(UsageError) as caught:
        machine.load()

    assert caught.value.message == "safe-pip.toml has 30 mistakes."
    details: tuple[str, ...] = caught.value.details  # type: ignore[attr-defined]
    assert [detail.split(",")[1] for detail in details[:20]] == [f" line {number}" for number in range(1, 21)]
    assert details[20:] == ("… and 10 more.",)


def test_very_many_mistakes() -> None:
    """A cloned project must not make the guard look for what was meant by each of a hundred thousand words."""
    document = document_of("\n".join(f"level{number} = 1" for number in range(30)), "safe-pip.toml", None)
    assert document is not None

    with pytest.raises(UsageError):
        valid(document)

    assert ["did you mean levels?" in what for _, what in document.mistakes] == [True] * 20 + [False] * 10


def test_places_in_a_pyproject(machine: Machine) -> None:
    """A mistake is where it is in the file, and not in the table; what other tools have there is not looked at."""
    text = '[project]\nname = "x"\n[tool.other]\nlevls = 1\nt = """\n[tool.safe-pip]\nx = 1\n"""\n[tool.safe-pip]\n'
    machine.write(pyproject=f"{text}levels.yankd = 'note'\n")

    with pytest.raises(UsageError, match=r"^pyproject\.toml, line 10, column 8: there is no finding code 'yankd'"):
        machine.load()


def test_a_pyproject_without_a_policy_is_let_be(machine: Machine) -> None:
    """pip installs where a pyproject.toml is broken; so does a guard that has nothing to read in it."""
    machine.write(pyproject="[project\nbroken")

    assert machine.load().project is None


def test_a_table_with_an_escaped_name_is_found(machine: Machine) -> None:
    """TOML may write the name of the table in another way, and it is the same table."""
    machine.write(pyproject='[tool."safe\\u002dpip".levels]\nyanked = "block"\n')

    assert machine.load().settings.levels["yanked"].install is Level.BLOCK


def test_values_are_what_they_say(machine: Machine) -> None:
    """Every kind of value, from the file to the settings, with its line."""
    machine.write(
        user="""
longest-exception = "2w"
[[overrides]]
packages = ["Acme_*", "flask < 3"]
levels = {yanked = {audit = "warn"}}
[[exceptions]]
id = "PYSEC-2026-1"
package = "flask<3"
expires = "2026-12-31"
reason = "because"
[vulnerabilities]
epss = {source = "scores/epss.csv", at = 1}
[cooldown]
minimum-age = "90m"
[packages]
only-below = {foo = ["B_ar"]}
[licenses]
allow = ["apache-2.0 with llvm-exception"]
[advisories]
sources = ["osv", "data/"]
warn-after = "never"
[sources]
require-hashes = true
[provenance]
trust-root = "keys/root.json"
"""
    )

    settings = machine.load().settings

    assert settings.longest_exception == timedelta(weeks=2)
    assert [str(item.packages) for item in settings.overrides] == ["acme-*", "flask<3"]
    weight = settings.weight("yanked", "acme-log", "1.0")
    assert (weight.install, weight.audit) == (Level.WARN, Level.WARN)
    assert (weight.line.origin, str(weight.line_of("audit").origin)) == (None, f"{shown(machine)}, line 5")
    (exception,) = settings.exceptions
    assert (exception.what, exception.expires, exception.reason) == ("PYSEC-2026-1", date(2026, 12, 31), "because")
    assert str(exception.line) == f'[[exceptions]] id = "PYSEC-2026-1" ({shown(machine)}, line 6)'
    assert settings.vulnerabilities.epss is not None
    assert settings.vulnerabilities.epss.source == str(machine.user.parent / "scores/epss.csv")
    assert settings.vulnerabilities.epss.at == 1.0
    assert settings.cooldown.minimum_age == timedelta(minutes=90)
    assert settings.packages.only_below[0].parents == ("b-ar",)
    assert settings.licenses.allow == ("Apache-2.0 WITH LLVM-exception",)
    assert settings.advisories.sources == ("osv", str(machine.user.parent / "data"))
    assert settings.advisories.warn_after is None
    assert settings.provenance.trust_root == str(machine.user.parent / "keys/root.json")
    assert str(settings.provenance.line.origin) == f"{shown(machine)}, line 25"
    assert settings.levels["hash-missing"].install is Level.BLOCK
    assert settings.levels["hash-missing"].line.setting == "sources.require-hashes = true"


@pytest.mark.parametrize("base", ["file:///srv/simple", "file:///srv/simple/"])
def test_an_index_may_be_a_folder(machine: Machine, base: str) -> None:
    """pip takes one as an index, and what it has is from an index: who lists indexes has to be able to list it."""
    machine.write(
        user=f'[sources]\nindexes = ["{base}"]\npinned = {{acme = "{base}"}}\n[cooldown]\nindexes = {{"{base}" = "1h"}}'
    )
    settings = machine.load().settings

    assert settings.sources.indexes == ("file:///srv/simple/",)
    assert settings.sources.pinned[0].index == settings.cooldown.indexes[0][0] == "file:///srv/simple/"


def shown(machine: Machine) -> str:
    """The user's file, as it is seen from the project."""
    return "../.config/safe-pip/safe-pip.toml"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# " + b"x" * 1_000_000, "is larger than 1,000,000 bytes"),
        (b"\n\n# \xff", "safe-pip.toml, line 3: it is not UTF-8."),
        (b"a" + b".a" * 1_000 + b" = 1", "line 1: a key has too many parts"),
        (b"a = " + b"[" * 50_000, "is nested too deeply"),
    ],
    ids=["large", "not UTF-8", "dots", "nested"],
)
def test_files_that_would_cost_too_much(machine: Machine, content: bytes, said: str) -> None:
    """A cloned project must not be able to make the guard hang or fall over."""
    (machine.project / "safe-pip.toml").write_bytes(content)

    with pytest.raises(UsageError, match=said):
        machine.load()


def test_a_folder_by_the_name_of_a_policy(machine: Machine) -> None:
    """What is there and cannot be read is not what is not there."""
    (machine.project / "safe-pip.toml").mkdir()

    with pytest.raises(UsageError, match=r"safe-pip\.toml cannot be read: it is not a file"):
        machine.load()


def test_positions_of_everything() -> None:
    """Quotes, comments, arrays over lines, inline tables, arrays of tables: no place may be another one's."""
    text = (
        "# [a]\n"
        'a . "b.c" = """x\n# = [\n""" # x\n'
        "[[t]]\nk = [ # [\n  'x]', {m = 1, n = [2,\n 3]},\n]\n"
        "[t.u]\nd = 1979-05-27 07:32:00 # d\n"
        "[[t]]\nk = 2\n"
    )
    found = positions(text)

    assert {path: (*spot.key, *spot.value) for path, spot in found.items()} == {
        ("a",): (2, 1, 2, 1),
        ("a", "b.c"): (2, 5, 2, 13),
        ("t",): (5, 1, 5, 1),
        ("t", 0): (5, 1, 5, 1),
        ("t", 0, "k"): (6, 1, 6, 5),
        ("t", 0, "k", 0): (7, 3, 7, 3),
        ("t", 0, "k", 1): (7, 9, 7, 9),
        ("t", 0, "k", 1, "m"): (7, 10, 7, 14),
        ("t", 0, "k", 1, "n"): (7, 17, 7, 21),
        ("t", 0, "k", 1, "n", 0): (7, 22, 7, 22),
        ("t", 0, "k", 1, "n", 1): (8, 2, 8, 2),
        ("t", 0, "u"): (10, 1, 10, 1),
        ("t", 0, "u", "d"): (11, 1, 11, 5),
        ("t", 1): (12, 1, 12, 1),
        ("t", 1, "k"): (13, 1, 13, 5),
    }


def test_control_characters_do_not_reach_the_message(machine: Machine) -> None:
    """A file may come from a clone, and what it says may end on a terminal."""
    machine.write('"lev\\u001b[31mels" = 1\n')

    with pytest.raises(UsageError) as caught:
        machine.load()

    assert caught.value.message.isprintable()


def test_nothing_is_read_where_there_is_nothing(machine: Machine, tmp_path: Path) -> None:
    """The built-in policy is what it was: with no file, no note and no line of any."""
    loaded = machine.load()

    assert (loaded.settings.files, loaded.settings.notes, loaded.draft) == ((), (), None)
    assert {line.line.origin for line in loaded.lines} == {None}
    assert loaded.lines[0].key == "levels.malware"
