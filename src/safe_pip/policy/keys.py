"""Every key that a policy file may have: its kind, what it means, an example, and how a project may change it.

Reading, did-you-mean, the JSON Schema, the reference and the strictness all follow this table.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping

from safe_pip.codes import CODES
from safe_pip.model import Level
from safe_pip.policy.between import some_level, whole_exception
from safe_pip.policy.kinds.locations import Place, Url
from safe_pip.policy.kinds.names import Codes, License, Name, Packages
from safe_pip.policy.kinds.scalars import Boolean, Choice, Day, Duration, Probability, Sha256, Text
from safe_pip.policy.kinds.tables import Either, Key, Map, OneOrMore, Table
from safe_pip.policy.strictness import SEVERITIES, level_at_least, one_of, severity_at_least, severity_at_most, sooner

_NO_AVOID = {level.word: level for level in Level if level is not Level.AVOID}
LEVEL = Choice("a level", {level.word: level for level in Level})
_REST = Choice("a level", _NO_AVOID)
_SEVERITY = Choice("a severity", {word: word for word in SEVERITIES})
_LEVELS = Map(
    Codes(tuple(CODES)),
    Either(
        Table(
            (
                Key("install", LEVEL, "The level for `install`, `download` and `wheel`."),
                Key("audit", LEVEL, "The level for `audit`."),
            ),
            some_level,
        ),
        LEVEL,
    ),
)
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""Why a vulnerability does not bear on a product (OpenVEX 0.2, status justifications)."""

_NOT_BY_A_PROJECT = "not at all"
_TABLES = (
    Key(
        "levels",
        _LEVELS,
        "What each finding code weighs: `allow`, `note`, `warn`, `block` or `avoid`. One level counts for every "
        "command; `install` (also for `download` and `wheel`) and `audit` may have levels of their own.",
        '[levels]\nyanked = "block"\ntoo-new = {install = "avoid", audit = "note"}',
        tighten="may raise a level; `block` and `avoid` are alike, but of malware and a wrong hash",
    ),
    Key(
        "overrides",
        OneOrMore(
            Table(
                (
                    Key(
                        "packages",
                        OneOrMore(Packages(), single=True, empty=False),
                        "For which packages.",
                        required=True,
                    ),
                    Key("levels", _LEVELS, "The levels for them.", required=True),
                ),
            )
        ),
        "Levels for some packages. Of several that match, the last one that names the code counts.",
        '[[overrides]]\npackages = ["acme-*", "flask<3"]\nlevels = {too-new = "allow", archived = "warn"}',
        tighten="may raise levels, for packages that no override of the user or the system is about",
    ),
    Key(
        "vulnerabilities",
        Table(
            (
                Key(
                    "block-at",
                    _SEVERITY,
                    "The least severity that counts in full, with the level of the code `vulnerability`.",
                    '[vulnerabilities]\nblock-at = "high"',
                    '"low"',
                    "may lower the severity",
                    severity_at_most,
                ),
                Key(
                    "below",
                    _REST,
                    "The level of what is less severe than that.",
                    '[vulnerabilities]\nblock-at = "high"\nbelow = "note"',
                    '"warn"',
                    "may raise the level",
                    level_at_least,
                ),
                Key(
                    "unknown-severity",
                    _SEVERITY,
                    "The severity that a vulnerability counts as whose record has none.",
                    '[vulnerabilities]\nunknown-severity = "medium"',
                    '"critical"',
                    "may raise the severity",
                    severity_at_least,
                ),
                Key(
                    "unfixable",
                    _REST,
                    "The level of a vulnerability that no newer version fixes.",
                    '[vulnerabilities]\nunfixable = "block"',
                    '"warn"',
                    "may raise the level",
                    level_at_least,
                ),
                Key(
                    "scope",
                    Choice("a scope", {"all": "all", "direct": "direct"}),
                    "`direct` leaves what was not asked for by name at `note`.",
                    '[vulnerabilities]\nscope = "direct"',
                    '"all"',
                    "may say `all`",
                    one_of("direct", "all"),
                ),
                Key(
                    "epss",
                    Table(
                        (
                            Key(
                                "source",
                                Place(),
                                "A file or URL of scores, as FIRST publishes them (CSV).",
                                required=True,
                            ),
                            Key("at", Probability(), "From which probability on, 0 to 1.", required=True),
                        )
                    ),
                    "Vulnerabilities that are likely to be exploited (EPSS) are raised to `block`. Nothing is lowered.",
                    '[vulnerabilities]\nepss = {source = "epss.csv", at = 0.5}',
                    tighten="may name a source where there is none, or lower `at` of the same one",
                ),
                Key(
                    "kev",
                    Table((Key("source", Place(), "A file or URL of the catalog (JSON).", required=True),)),
                    "Vulnerabilities in CISA's catalog of those that are exploited (KEV) are raised to `block`.",
                    '[vulnerabilities]\nkev = {source = "https://feeds.example/kev.json"}',
                    tighten="may name a source where there is none",
                ),
            )
        ),
        "What vulnerabilities weigh.",
        '[vulnerabilities]\nblock-at = "medium"\nunfixable = "note"',
    ),
    Key(
        "exceptions",
        OneOrMore(
            Table(
                (
                    Key("id", Text(), "The id of an advisory; any of its aliases will do."),
                    Key("code", Codes(tuple(CODES)), "Or a finding code."),
                    Key("package", Packages(), "For which package, with a specifier if wanted; else for every one."),
                    Key("sha256", Sha256(), "For this very file only."),
                    Key("reason", Text(), "Why; it is shown in every report."),
                    Key("expires", Day(), "The last day on which it counts, in UTC."),
                    Key("until-fixed", Boolean(), "Whether it counts as long as there is no newer fixed version."),
                    Key(
                        "justification",
                        Choice("a justification of OpenVEX", {w: w for w in JUSTIFICATIONS}),
                        "OpenVEX's.",
                    ),
                ),
                whole_exception,
            )
        ),
        "Findings that are accepted, for a while or until there is a fix. They stay in the report.",
        '[[exceptions]]\nid = "PYSEC-2026-1"\npackage = "flask<3"\nreason = "the debugger is off"\n'
        'expires = 2026-12-31\njustification = "vulnerable_code_not_in_execute_path"',
        tighten=_NOT_BY_A_PROJECT,
    ),
    Key(
        "longest-exception",
        Duration(),
        "How far ahead `expires` may lie; an exception that lasts longer does not count.",
        'longest-exception = "90d"',
        tighten="may shorten it",
        stricter=sooner,
    ),
    Key(
        "cooldown",
        Table(
            (
                Key(
                    "minimum-age",
                    Duration(),
                    "How long ago a file must have been uploaded; younger ones are `too-new`.",
                    '[cooldown]\nminimum-age = "3d"',
                    '"24h"',
                    "may lengthen it",
                    operator.ge,
                ),
                Key(
                    "exempt-fixes",
                    Boolean(),
                    "Whether a version is let through that fixes an advisory on what it replaces.",
                    "[cooldown]\nexempt-fixes = false",
                    "true",
                    "may say false",
                    one_of(True, False),
                ),
                Key(
                    "indexes",
                    Map(Url(base=True), Duration()),
                    "Other ages for the files of some indexes, by base URL.",
                    '[cooldown]\nindexes = {"https://pypi.acme.example/simple/" = "0h"}',
                    tighten="may name indexes that are not named yet, with no shorter age than the one without",
                ),
                Key(
                    "packages",
                    Map(Packages(), Duration()),
                    "Other ages for some packages; they come before those of indexes.",
                    '[cooldown]\npackages = {"acme-*" = "0h"}',
                    tighten="may name packages that are not named yet, with no shorter age than any without",
                ),
            )
        ),
        "How old a file must be, counted from its own upload.",
        '[cooldown]\nminimum-age = "7d"\npackages = {"acme-*" = "0h"}',
    ),
    Key(
        "sources",
        Table(
            (
                Key(
                    "indexes",
                    OneOrMore(Url(base=True)),
                    "Indexes that files may come from, by base URL. Without it, every one that pip is configured with.",
                    '[sources]\nindexes = ["https://pypi.acme.example/simple/"]',
                    tighten="may leave some out",
                ),
                Key(
                    "pinned",
                    Map(Packages(), Url(base=True)),
                    "Names that may come from one index only.",
                    '[sources]\npinned = {"acme-*" = "https://pypi.acme.example/simple/"}',
                    tighten="may pin names that are not pinned yet",
                ),
                Key(
                    "require-hashes",
                    Boolean(),
                    "Whether every file must be named with its hash, as in a lock file; `hash-missing` then blocks.",
                    "[sources]\nrequire-hashes = true",
                    "false",
                    "may say true",
                    one_of(False, True),
                ),
            )
        ),
        "Where files may come from.",
        '[sources]\npinned = {"acme-*" = "https://pypi.acme.example/simple/"}',
    ),
    Key(
        "packages",
        Table(
            (
                Key(
                    "denied",
                    OneOrMore(
                        Either(
                            Table(
                                (
                                    Key("name", Packages(), "Which packages.", required=True),
                                    Key("use-instead", Text(), "What to use, for the message."),
                                    Key("reason", Text(), "Why, for the message."),
                                )
                            ),
                            Packages(),
                        )
                    ),
                    "Packages that are not wanted.",
                    '[packages]\ndenied = [{name = "pycrypto", use-instead = "pycryptodome"}, "nose<2"]',
                    tighten="may add some",
                ),
                Key(
                    "only-below",
                    Map(Packages(), OneOrMore(Name(), empty=False)),
                    "Packages that may come in only through one of some others, and not be asked for by themselves.",
                    '[packages]\nonly-below = {"acme-core" = ["acme-app", "acme-tool"]}',
                    tighten="may add some; all that match must hold",
                ),
            )
        ),
        "Which packages are wanted.",
        '[packages]\ndenied = ["pycrypto"]',
    ),
    Key(
        "licenses",
        Table(
            (
                Key(
                    "allow",
                    OneOrMore(License()),
                    "The licences that are accepted, as SPDX writes them. Without it, every licence is.",
                    '[licenses]\nallow = ["MIT", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception"]',
                    tighten="may leave some out",
                ),
                Key(
                    "packages",
                    Map(Packages(), OneOrMore(License(), single=True)),
                    "Further licences for some packages.",
                    '[licenses]\nallow = ["MIT"]\npackages = {"acme-*" = ["LicenseRef-Acme"]}',
                    tighten="may name licences that are accepted anyway",
                ),
            )
        ),
        "Which licences are accepted; see the codes `license-not-allowed` and `license-unknown`.",
        '[licenses]\nallow = ["MIT", "Apache-2.0"]',
    ),
    Key(
        "builds",
        Table(
            (
                Key(
                    "allow",
                    OneOrMore(Packages()),
                    "Packages whose build may run. Nothing is built in this version, whatever stands here.",
                    '[builds]\nallow = ["acme-*"]',
                    "[]",
                    "may leave some out",
                ),
            )
        ),
        "Which packages may be built.",
        '[builds]\nallow = ["acme-*"]',
    ),
    Key(
        "advisories",
        Table(
            (
                Key(
                    "sources",
                    OneOrMore(Place(("local", "osv", "pypi")), empty=False),
                    "Where advisories come from, where neither `--advisories` nor its variable says so: `local`, "
                    "`osv`, `pypi`, or a file, folder or URL of OSV records.",
                    '[advisories]\nsources = ["local", "advisories/"]',
                    '["local"]',
                    _NOT_BY_A_PROJECT,
                ),
                Key(
                    "warn-after",
                    Duration(never=True),
                    "From which age of the data there is a warning (`old-advisories`); `never` for none.",
                    '[advisories]\nwarn-after = "2d"',
                    '"7d"',
                    "may shorten it",
                    sooner,
                ),
                Key(
                    "incomplete-after",
                    Duration(never=True),
                    "From which age of the data nothing counts as checked; `never` for none.",
                    '[advisories]\nincomplete-after = "30d"',
                    '"never"',
                    "may shorten it",
                    sooner,
                ),
                Key(
                    "unavailable",
                    Choice("a choice here", {"incomplete": "incomplete", "warn": "warn"}),
                    "What it means that a source cannot be had: the check is incomplete, or there is a warning.",
                    '[advisories]\nunavailable = "warn"',
                    '"incomplete"',
                    "may say `incomplete`",
                    one_of("warn", "incomplete"),
                ),
            )
        ),
        "The advisory data itself.",
        '[advisories]\nsources = ["local"]\nincomplete-after = "30d"',
    ),
    Key(
        "provenance",
        Table(
            (
                Key(
                    "trust-root",
                    Place(remote=False),
                    "By which keys signatures of provenance are verified: a file, from the folder of the policy file, "
                    "as Sigstore has it (`trusted_root.json`). Without it, by those that come with "
                    "`safe-pip[attestations]`.",
                    '[provenance]\ntrust-root = "/etc/safe-pip/trusted_root.json"',
                    tighten=_NOT_BY_A_PROJECT,
                ),
            )
        ),
        "How provenance is verified; see the codes `invalid-provenance` and `changed-publisher`.",
        '[provenance]\ntrust-root = "/etc/safe-pip/trusted_root.json"',
    ),
)

RELAXABLE = tuple(key.name for key in _TABLES)
"""What ``may-relax`` may list."""

_OF_FILES = (
    Key(
        "extends",
        OneOrMore(
            Either(
                Table(
                    (
                        Key("url", Url(safe=True), "Where it is: https, or http on this machine.", required=True),
                        Key("sha256", Sha256(), "The digest of its content.", required=True),
                    )
                ),
                Text(printable=True),
            ),
            single=True,
        ),
        "Other policy files that this one goes on from: paths from the folder of this file, or URLs with the sha256 of "
        "their content. What they say counts less than what this file says.",
        'extends = ["team.toml", {url = "https://policies.acme.example/base.toml", sha256 = "' + "0" * 64 + '"}]',
        tighten="may extend files of the project and URLs, which then count as the project's",
    ),
    Key(
        "may-relax",
        OneOrMore(Choice("a table that can be relaxed", {name: name for name in RELAXABLE})),
        "What a project's own file may loosen. Only files of the user or the system can say so.",
        'may-relax = ["exceptions"]',
        "[]",
        _NOT_BY_A_PROJECT,
    ),
    Key(
        "profiles",
        Map(Text(), Table(_TABLES)),
        "Tables that are laid over the rest where `--profile NAME` chooses them.",
        '[profiles.ci.levels]\nunknown-age = "warn"\n\n[profiles.ci.cooldown]\nminimum-age = "7d"',
        tighten="may have profiles; in them it may do what it may do elsewhere",
    ),
)

ROOT = Table((*_OF_FILES[:1], *_TABLES, *_OF_FILES[1:]))
"""The whole of a policy file."""


def _walk(table: Table, above: str = "") -> Iterator[Key]:
    for key in table.keys:
        named = key._replace(name=f"{above}{key.name}")
        if key.example:
            yield named
        if isinstance(key.kind, Table):
            yield from _walk(key.kind, f"{named.name}.")


KEYS: tuple[Key, ...] = tuple(_walk(ROOT))
"""Every key that has an example, by its whole name, such as ``cooldown.minimum-age``."""

BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}
"""The same, to look up."""
