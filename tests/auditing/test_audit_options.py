"""The command line of ``safe-pip audit``: pip-audit's, as argparse takes it, and safe-pip's own."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auditing.conftest import Audit
from conftest import ROOT
from safe_pip import __version__
from safe_pip.cli import main
from safe_pip.cli.help import audit_help
from safe_pip.errors import UnsupportedOption, UsageError
from safe_pip.request.audit_command_line import parse_audit
from safe_pip.request.audit_given import AuditOptions
from safe_pip.request.audit_options import VARIABLES, audit_options
from safe_pip.request.questions import HelpRequested


def given(*words: str, **environ: str) -> dict[str, Any]:
    """What the options differ in from those of an empty command line."""
    options, empty = parse_audit(words, environ), AuditOptions()
    names = AuditOptions.__dataclass_fields__
    return {name: getattr(options, name) for name in names if getattr(options, name) != getattr(empty, name)}


# Each written as pip-audit takes it; tried on pip-audit 2.10.1.
TAKEN: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    (("-l",), {"local": True}),
    (("--local",), {"local": True}),
    (("-r", "a", "-rb", "--requirement=c"), {"requirements": ("a", "b", "c")}),
    (("-lS",), {"local": True, "strict": True}),
    (("-dSr", "a"), {"dry_run": True, "strict": True, "requirements": ("a",)}),
    (("-fjson",), {"format": "json"}),
    (("-f=json",), {"format": "json"}),
    (("--form", "json"), {"format": "json"}),
    (("--desc",), {"desc": "on"}),
    (("--desc", "off"), {"desc": "off"}),
    (("--desc=auto", "--aliases=on"), {"aliases": "on"}),
    (("-vv", "--verbose"), {"verbose": 3}),
    (("--ignore-vuln", "A", "--ignore", "B"), {"ignores": ("A", "B")}),
    ((".",), {"project": "."}),
    ((".", "--locked"), {"project": ".", "locked": True}),
    (("--locked", "."), {"project": ".", "locked": True}),
    (("--", "."), {"project": "."}),
    (("--path", "a", "--path", "b"), {"paths": ("a", "b")}),
    (("-s", "osv", "-spypi"), {"services": ("osv", "pypi")}),
    (("--vuln", "osv"), {"services": ("osv",)}),
    (
        ("--progress-spinner", "off", "--skip", "--cache-dir", "x"),
        {"spinner": "off", "skip_editable": True, "cache_dir": "x"},
    ),
    (("--timeout", "3"), {"pip": ("--timeout=3",)}),
    (("-o", "x", "--output", "y"), {"output": "y"}),
    (
        ("-r", "a", "--index-url", "u", "--extra-index-url", "v"),
        {"requirements": ("a",), "pip": ("--index-url=u", "--extra-index-url=v")},
    ),
    # What safe-pip has on top does not take an abbreviation away from pip-audit.
    (("--al", "on"), {"aliases": "on"}),
    (("--so", "name"), {"sort": "name"}),
    (("--off",), {"offline": True}),
    ((".", "--extra", "x", "--all-groups"), {"project": ".", "extras": ("x",), "all_groups": True}),
    (("--lock", "uv.lock", "--universal"), {"locks": ("uv.lock",), "universal": True}),
    (
        ("-r", "a", "-c", "b", "--pre", "--no-binary", "x,y"),
        {"requirements": ("a",), "pip": ("--constraint=b", "--pre", "--no-binary=x,y")},
    ),
]


@pytest.mark.parametrize(("words", "expected"), TAKEN)
def test_what_is_taken(words: tuple[str, ...], expected: dict[str, Any]) -> None:
    """Every spelling of pip-audit, and what it means."""
    assert given(*words) == expected


REFUSED = [
    (("-l", "-r", "x"), "--local cannot be used with --requirement"),
    (("-l", "."), "--local cannot be used with a project folder"),
    (("-l", "--path", "x"), "--local cannot be used with --path"),
    (("--locked",), "--locked needs a project folder"),
    (("--require-hashes",), "--require-hashes is for requirements files"),
    (("--no-deps",), "--no-deps is for requirements files"),
    (("--disable-pip", "."), "--disable-pip is for requirements files"),
    (("--index-url", "x"), "--index-url is for what is resolved"),
    (("--extra-index-url", "x"), "--extra-index-url is for what is resolved"),
    (("--extra", "x"), "--extra is for a project or a lock file"),
    (("--group", "x", "-r", "a"), "--group is for a project or a lock file"),
    (("--universal", "."), "--universal is for lock files"),
    (("--python", "x", "--path", "y"), "--python and --path"),
    (("--req", "x"), "'--req' may mean --require-hashes, --requirement"),
    (("--zzz",), "There is no option '--zzz'"),
    (("-r",), "expected one argument"),
    (("a", "b"), "Unrecognized arguments: b"),
    (("-z",), "Unrecognized arguments: -z"),
    (("-f", "yaml"), "--format cannot be 'yaml'"),
    (("-s", "x"), "--vulnerability-service cannot be 'x'"),
    (("--desc", "."), "--desc cannot be '.'"),
    (("--fail-on", "x"), "--fail-on cannot be 'x'"),
    (("--min-severity", "moderate"), "--min-severity cannot be 'moderate'"),
    (("-r", ""), "--requirement is given nothing"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_is_refused(words: tuple[str, ...], said: str) -> None:
    """By name and with what to do; pip-audit passes over some of these in silence."""
    with pytest.raises(UsageError) as error:
        parse_audit(words, {})

    assert said in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (("--fix",), {}, "--fix is not supported by safe-pip"),
        (("--fi",), {}, "--fix is not supported by safe-pip"),
        (("-s", "esms"), {}, "--vulnerability-service esms is not supported"),
        ((), {"PIP_AUDIT_VULNERABILITY_SERVICE": "esms"}, "(from PIP_AUDIT_VULNERABILITY_SERVICE)"),
    ],
)
def test_what_is_known_and_not_taken(words: tuple[str, ...], environ: dict[str, str], said: str) -> None:
    """Refused with the reason, wherever it comes from."""
    with pytest.raises(UnsupportedOption) as error:
        parse_audit(words, environ)

    assert said in error.value.message


@pytest.mark.parametrize(
    ("environ", "words", "expected"),
    [
        ({"PIP_AUDIT_FORMAT": "markdown"}, (), {"format": "markdown"}),
        ({"PIP_AUDIT_FORMAT": "markdown"}, ("-f", "json"), {"format": "json"}),
        ({"PIP_AUDIT_FORMAT": "markdown", "SAFE_PIP_FORMAT": "json"}, (), {"format": "markdown"}),
        ({"SAFE_PIP_FORMAT": "json"}, (), {"format": "json"}),
        ({"PIP_AUDIT_VULNERABILITY_SERVICE": "osv"}, (), {"services": ("osv",)}),
        ({"PIP_AUDIT_VULNERABILITY_SERVICE": "osv"}, ("-s", "local"), {"services": ("local",)}),
        ({"PIP_AUDIT_DESC": "on", "PIP_AUDIT_OUTPUT": "x"}, (), {"desc": "on", "output": "x"}),
        ({"PIP_AUDIT_PROGRESS_SPINNER": "off"}, (), {"spinner": "off"}),
        ({"PIP_AUDIT_OSV_URL": "u", "SAFE_PIP_OSV_URL": "v"}, (), {"osv_url": "u"}),
        ({"SAFE_PIP_ADVISORIES": "a b", "SAFE_PIP_OFFLINE": "1"}, (), {"advisories": ("a", "b"), "offline": True}),
        ({"SAFE_PIP_PRIVATE": "acme-* x", "PIP_AUDIT_FORMAT": ""}, (), {"private": ("acme-*", "x")}),
    ],
)
def test_variables(environ: dict[str, str], words: tuple[str, ...], expected: dict[str, Any]) -> None:
    """The command line is the strongest, then pip-audit's variables, then safe-pip's."""
    assert given(*words, **environ) == expected


def test_a_variable_that_says_nothing_of_use_is_named() -> None:
    """Somebody set it somewhere else."""
    with pytest.raises(UsageError, match="PIP_AUDIT_FORMAT cannot be 'yaml'"):
        parse_audit([], {"PIP_AUDIT_FORMAT": "yaml"})
    with pytest.raises(UsageError, match="SAFE_PIP_OFFLINE: 'perhaps'"):
        parse_audit([], {"SAFE_PIP_OFFLINE": "perhaps"})


def test_the_help_shows_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what it means, or among those that are refused; however it is asked for."""
    assert main(["audit", "--help"], {}) == main(["help", "audit"], {}) == main(["audit", "-lh"], {}) == 0
    shown = capsys.readouterr()
    text = audit_help()
    assert (shown.out, shown.err) == (text * 3, "")
    taken, refused = text.split("\nRefused by name in this version:\n")
    for option in audit_options():
        flags = ", ".join(option.flags)
        if option.refused:
            assert option.flags[-1] in re.split(r"[,\s]+", refused)
        else:
            assert re.search(rf"^  {re.escape(f'{flags} {option.metavar}'.rstrip())}(  |$)", taken, re.MULTILINE), flags
            assert option.help.split()[0] in taken
    assert all(len(line) <= 100 and line == line.rstrip() for line in text.splitlines())


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``-V`` as of pip-audit."""
    assert main(["audit", "-V"], {}) == 0
    assert capsys.readouterr().out == f"safe-pip {__version__}\n"


def test_help_is_an_end_before_mistakes() -> None:
    """As for argparse: what stands after it is not looked at."""
    with pytest.raises(HelpRequested):
        parse_audit(["-h", "a", "b", "c"], {})


def test_own_options_may_stand_before_the_command(audit: Audit, here: object) -> None:
    """As for every command of safe-pip's."""
    before = ["--format", "json", "--advisories", str(audit.advisories), "--offline"]
    code = main([*before, "audit", "--path", "gone"], audit.environ)

    assert code == 2


def test_every_option_and_variable_is_in_the_reference() -> None:
    """What nobody can read of, nobody can rely on."""
    text = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    section = text.split("## safe-pip audit\n")[1].split("\n## ")[0].replace("\\|", "|")

    for option in audit_options():
        name = f"{', '.join(option.flags)} {option.metavar}".rstrip()
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}` |"))
        assert ("refused" in row) == bool(option.refused)
    assert all(f"| `{variable}` |" in section for variable in VARIABLES)
