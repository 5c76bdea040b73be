"""The table of options against pip's own: every one is there, is refused by name or means what it means to pip."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from conftest import Guard, Venv, run
from request.asking import AskPip, Case, differences, request_of, values_of
from safe_pip.errors import UnsupportedOption, UsageError
from safe_pip.model import FormatControl, ReleaseControl, Target
from safe_pip.request.options import OWN_OPTIONS, OWN_VARIABLES, Option, all_options, pip_options
from safe_pip.request.questions import HelpRequested

VALUED = ("store", "append", "group", "format", "release", "feature")
REFUSED = [option for option in all_options() if option.refused]
REFUSED_BY_PIP_NAME = [(option, flag) for option in pip_options() if option.refused for flag in option.flags]


@pytest.fixture(autouse=True)
def _isolated(surroundings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here in an environment of its own, and in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def value_for(option: Option) -> str:
    """A value that an option could take."""
    return "fast-deps" if option.dest == "use_feature" else "value"


# --------------------------------------------------------------------------- completeness


def test_the_table_is_pips(ask_pip: AskPip) -> None:
    """An option that pip has and the table lacks would be a usage error; one pip lacks would fail in the last step."""
    (told,) = ask_pip([Case(("--every-option",))])
    of_pip = {(frozenset(flags), takes_value) for flags, takes_value in told["flags"]}
    assert {(frozenset(option.flags), option.action in VALUED) for option in pip_options()} == of_pip


def test_the_help_of_pip_names_nothing_else(environ: dict[str, str]) -> None:
    """What a person reads in pip's help can be typed after safe-pip install as well."""
    shown = run([sys.executable, "-m", "pip", "install", "--help"], {**environ, "COLUMNS": "250"})
    named = set(re.findall(r"^ {1,2}(?:-\w, )?(--[a-z][\w-]*)", shown.out, re.MULTILINE))
    assert len(named) > 60, shown.out
    assert named <= {flag for option in pip_options() for flag in option.flags}


def test_own_options_do_not_collide_with_pips() -> None:
    """An option of ours under a name of pip's would change what a command means (the outer contract)."""
    assert not {flag for option in OWN_OPTIONS for flag in option.flags} & {
        flag for option in pip_options() for flag in option.flags
    }
    assert set(OWN_VARIABLES.values()) <= {flag[2:] for option in OWN_OPTIONS for flag in option.flags}


# --------------------------------------------------------------------------- refusals

# Written out once more, so that to take one of them is a decision and not an oversight.
NOT_TAKEN = {
    *("--editable", "--src", "--build-constraint", "--config-settings"),
    *("--no-build-isolation", "--check-build-dependencies", "--use-pep517"),
    *("--use-feature", "--use-deprecated"),
}


def test_these_options_are_not_taken() -> None:
    """Whoever takes one has to make it do something: this list says that nothing does yet."""
    refused = {next(flag for flag in option.flags if flag.startswith("--")) for option in REFUSED}
    assert refused == NOT_TAKEN


def forms(option: Option, flag: str) -> Iterator[list[str]]:
    """Every way to write an option on the command line."""
    value = value_for(option)
    if option.action not in VALUED:
        yield [flag]
    elif flag.startswith("--"):
        yield [flag, value]
        yield [f"{flag}={value}"]
    else:
        yield [flag, value]
        yield [f"{flag}{value}"]
        yield [f"-q{flag[1:]}{value}"]


@pytest.mark.parametrize(("option", "flag"), REFUSED_BY_PIP_NAME, ids=lambda item: item if type(item) is str else "")
def test_a_refused_option_is_refused_by_name(option: Option, flag: str) -> None:
    """An option that is not taken must never be passed over: the answer would no longer be pip's."""
    for form in forms(option, flag):
        with pytest.raises(UnsupportedOption) as caught:
            values_of("name", *form)
        assert caught.value.exit_code == 2
        assert caught.value.message.startswith(flag), form
        assert caught.value.message.endswith(f"is not supported by safe-pip: {option.refused}.")


@pytest.mark.parametrize("option", [option for option in pip_options() if option.refused], ids=lambda item: item.dest)
def test_a_refused_option_is_refused_wherever_it_is_configured(
    option: Option, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would find a setting that stops the run unless the place it stands in is named."""
    configuration = tmp_path / "some pip.conf"
    value = {"true": "yes", "false": "no"}.get(option.action, value_for(option))
    for flag in (flag for flag in option.flags if flag.startswith("--")):
        for section in ("global", "install"):
            configuration.write_text(f"[{section}]\n{flag[2:]} = {value}\n")
            monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
            with pytest.raises(UnsupportedOption, match=rf"{flag}.*\(from {re.escape(str(configuration))}\)"):
                values_of("name")
        configuration.write_text("")
        variable = f"PIP_{flag[2:].upper().replace('-', '_')}"
        monkeypatch.setenv(variable, value)
        with pytest.raises(UnsupportedOption, match=rf"{flag}.*\(from {variable}\)"):
            values_of("name")
        monkeypatch.delenv(variable)


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["--editable", "."], {}, "--editable is not supported by safe-pip: it concerns builds"),
        (["--edit=."], {}, "--editable is not supported"),
        (["-qe."], {}, "-e is not supported"),
        ([], {"PIP_SRC": "any"}, "--src (from PIP_SRC) is not supported"),
        ([], {"PIP_CONFIG_FILE": "pip.ini"}, "--src (from pip.ini) is not supported"),
        (["--keyring-provider", "import"], {}, "--keyring-provider=import is not supported"),
        (["-r", "r.txt"], {}, "-e (from r.txt, line 2) is not supported"),
    ],
)
def test_the_program_refuses_in_a_sentence(
    guard: Guard, venv: Venv, arguments: list[str], environ: dict[str, str], said: str
) -> None:
    """The whole way: exit code 2 and one sentence for people, whatever the option came from."""
    (guard.cwd / "pip.ini").write_text("[global]\nsrc = /somewhere\n")
    (guard.cwd / "r.txt").write_text("name\n-e .\n")
    ran = guard.install("--dry-run", "name", *arguments, target=venv, **environ)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


# --------------------------------------------------------------------------- options that are taken

HONOURED: list[tuple[list[str], str, Any]] = [
    (["--index-url", "http://a.example/simple"], "search.index_urls", ("http://a.example/simple",)),
    (["--pypi-url=http://a.example"], "search.index_urls", ("http://a.example",)),
    (
        ["-ihttp://a.example", "--extra-index-url", "http://b.example"],
        "search.index_urls",
        ("http://a.example", "http://b.example"),
    ),
    (["--no-index", "-i", "http://a.example"], "search.index_urls", ()),
    (["-f", "wheels", "--find-links=http://b.example"], "search.find_links", ("wheels", "http://b.example")),
    (["--no-deps"], "selection.no_deps", True),
    (["--no-dependencies"], "selection.no_deps", True),
    (["--only-deps"], "selection.only_deps", True),
    (["--only-dependencies"], "selection.only_deps", True),
    ([], "selection.upgrade_strategy", "to-satisfy-only"),
    (["-U"], "selection.upgrade_strategy", "only-if-needed"),
    (["-U", "--upgrade-strategy", "eager"], "selection.upgrade_strategy", "eager"),
    (["--upgrade-strategy", "eager"], "selection.upgrade_strategy", "to-satisfy-only"),
    (["--force-reinstall"], "selection.force_reinstall", True),
    (["-I"], "selection.ignore_installed", True),
    (["--target", "folder"], "selection.ignore_installed", True),
    (["--pre"], "selection.releases", ReleaseControl(frozenset({":all:"}))),
    (["--all-releases", "A_b"], "selection.releases", ReleaseControl(frozenset({"a-b"}))),
    (["--only-final=x,y"], "selection.releases", ReleaseControl(frozenset(), frozenset({"x", "y"}))),
    (["--no-binary", "A_b"], "selection.formats", FormatControl(frozenset({"a-b"}))),
    (["--only-binary", ":all:"], "selection.formats", FormatControl(frozenset(), frozenset({":all:"}))),
    (["--prefer-binary"], "selection.prefer_binary", True),
    (["--ignore-requires-python"], "selection.ignore_requires_python", True),
    (["--require-hashes"], "selection.require_hashes", True),
    (["--no-require-hashes"], "selection.require_hashes", False),
    (["--proxy", "http://p.example:1"], "network.proxy", "http://p.example:1"),
    (["--no-proxy-env"], "network.use_environment_proxies", False),
    (["--retries", "2"], "network.retries", 2),
    (["--timeout", "2.5"], "network.timeout", 2.5),
    (["--default-timeout=3"], "network.timeout", 3.0),
    (
        ["--trusted-host", "a.example", "--trusted-host", "b.example"],
        "network.trusted_hosts",
        ("a.example", "b.example"),
    ),
    (["--cert", "~/bundle.pem"], "network.cert", "<home>/bundle.pem"),
    (["--client-cert", "own.pem"], "network.client_cert", "own.pem"),
    (["-t", "folder"], "destination.target_dir", Path("<cwd>/folder")),
    (["--prefix", "/p"], "destination.prefix", "/p"),
    (["--root", "/r"], "destination.root", "/r"),
    ([], "destination.user", None),
    (["--no-user"], "destination.user", False),
    (["--dry-run"], "dry_run", True),
]


@pytest.mark.parametrize(("arguments", "where", "expected"), HONOURED, ids=lambda item: str(item)[:40])
def test_an_option_lands_in_the_request(arguments: list[str], where: str, expected: Any, target: Target) -> None:
    """An option that is read and then lost would be ignored after all."""
    if isinstance(expected, str | Path):
        places = str(expected).replace("<home>", os.environ["HOME"]).replace("<cwd>", str(Path.cwd()))
        expected = type(expected)(places)
    request = request_of("name", *arguments, target=target)
    assert attrgetter(where)(request) == expected


GIVEN_TO_PIP = [
    ((), {}),
    (("--no-compile",), {}),
    (("--compile", "--no-compile", "--compile"), {}),
    ((), {"PIP_NO_COMPILE": "no"}),
    ((), {"PIP_NO_COMPILE": "yes"}),
    ((), {"PIP_COMPILE": "off"}),
    (("--no-warn-script-location", "--no-warn-conflicts"), {}),
    ((), {"PIP_NO_WARN_SCRIPT_LOCATION": "0", "PIP_NO_WARN_CONFLICTS": "false"}),
    ((), {"PIP_NO_WARN_SCRIPT_LOCATION": "1", "PIP_NO_WARN_CONFLICTS": "true"}),
    (("--root-user-action=ignore", "--log", "some log.txt"), {}),
    (("--exists-action", "w"), {"PIP_EXISTS_ACTION": "s i"}),
    (("-I", "--force-reinstall", "--break-system-packages", "--ignore-requires-python"), {}),
    ((), {"PIP_FORCE_REINSTALL": "1", "PIP_LOG": "~/log", "PIP_ROOT_USER_ACTION": "ignore"}),
]


def test_what_concerns_only_the_last_step_is_given_to_pip(ask_pip: AskPip, target: Target) -> None:
    """pip, given the options handed on, must understand what it would have understood from the user."""
    names = {"compile", "warn_script_location", "warn_about_conflicts", "root_user_action", "log", "exists_action"}
    names |= {"ignore_installed", "force_reinstall", "override_externally_managed", "ignore_requires_python"}
    asked = [Case(arguments, environ) for arguments, environ in GIVEN_TO_PIP]
    handed = [
        request_of("name", *case.arguments, target=target, environ={**os.environ, **case.environ}).destination
        for case in asked
    ]
    original, again = ask_pip(asked), ask_pip([Case(destination.pip_options) for destination in handed])
    for case, first, second in zip(asked, original, again, strict=True):
        meant, understood = ({name: told["options"][name] for name in names} for told in (first, second))
        assert {name: value or None for name, value in understood.items()} == {
            # From its configuration pip has 1 and 0 for what is True and False.
            name: (bool(value) if value in (0, 1) else value) or None
            for name, value in meant.items()
        }, case


# --------------------------------------------------------------------------- pip as the oracle

_LISTS = {"PIP_EXTRA_INDEX_URL": "http://a.example http://b.example", "PIP_FIND_LINKS": "x\n y"}
AS_PIP: list[tuple[list[str], Mapping[str, str]]] = [
    # The command line extends a list that is configured.
    (["--extra-index-url", "http://c.example", "-f", "z"], _LISTS),
    (["-r", "a.txt", "--requirement=b.txt", "-cc.txt"], {"PIP_REQUIREMENT": "x.txt y.txt", "PIP_CONSTRAINT": "z.txt"}),
    (["--trusted-host", "a.example"], {"PIP_TRUSTED_HOST": "b.example c.example"}),
    (["--exists-action=w"], {"PIP_EXISTS_ACTION": "s i"}),
    (["--platform=a", "--abi", "b", "--impl=pp"], {"PIP_PLATFORM": "c d", "PIP_ABI": "e"}),
    (["--requirements-from=a.py"], {"PIP_REQUIREMENTS_FROM_SCRIPT": "b.py c.py"}),
    (["--only-depe"], {}),
    ([], {"PIP_ONLY_DEPENDENCIES": "1"}),
    (["--only-deps"], {"PIP_ONLY_DEPS": "off"}),
    # Counted, bundled and interspersed options.
    (["-vv", "name", "-qvU", "other", "-I"], {}),
    ([], {"PIP_VERBOSE": "2", "PIP_QUIET": "yes"}),
    (["-v"], {"PIP_VERBOSE": "2", "PIP_QUIET": "no"}),
    (["--", "--pre", "-x"], {}),
    (["-"], {}),
    # Abbreviations mean what they mean to pip, also where an option of ours begins alike.
    (["--al", "a", "--fo", "--dry", "--ind", "http://a.example"], {}),
    (["--all=b", "--for", "--prefi", "/p", "--prog=off", "--prox", "http://p.example"], {}),
    # Switches and their opposites.
    (["--user", "--no-user"], {}),
    (["--no-user", "--user"], {}),
    ([], {"PIP_USER": "0"}),
    ([], {"PIP_NO_USER": "0"}),
    ([], {"PIP_NO_USER": "1"}),
    ([], {"PIP_USER": "yes", "PIP_UPGRADE": "on", "PIP_NO_DEPS": "t", "PIP_PRE": "y", "PIP_NO_INDEX": "TRUE"}),
    (["--pre"], {"PIP_PRE": "n", "PIP_UPGRADE": "f", "PIP_NO_DEPENDENCIES": "off"}),
    # Empty values are dropped; the command line beats the environment.
    (["--timeout", "7"], {"PIP_TIMEOUT": "3", "PIP_RETRIES": "", "PIP_INDEX_URL": ""}),
    ([], {"PIP_DEFAULT_TIMEOUT": "4"}),
    ([], {"PIP_TIMEOUT": "3", "PIP_DEFAULT_TIMEOUT": "4"}),
    ([], {"PIP_INDEX_URL": "http://a.example", "PIP_PYPI_URL": "http://b.example"}),
    # Numbers as optparse reads them.
    (["--retries", "0x10", "--resume-retries", "010", "--timeout", "1e3"], {}),
    # Paths.
    (["--cert", "~/a", "--client-cert=~/b", "--log", "~nobody-here/c", "--target", "~/d"], {}),
    ([], {"PIP_CERT": "~/a", "PIP_CLIENT_CERT": "~/b"}),
    (["--client-cert", "own.pem"], {"PIP_CERT": "~/a", "PIP_CLIENT_CERT": "~/b"}),
    # Lower case and dashes.
    ([], {"PIP_no_index": "1", "PIP_RETRIES": "1", "PIP_Upgrade-Strategy": "eager"}),
    # Things that are no options of install.
    ([], {"PIP_FORMAT": "columns", "PIP_VERSION": "x", "PIP_HELP": "x", "PIP_NONSENSE": "1", "PIP_R": "x"}),
    (["--isolated"], {"PIP_INDEX_URL": "http://a.example", "PIP_PRE": "1"}),
    (["--use-feature", "truststore"], {"PIP_USE_FEATURE": "truststore no-binary-enable-wheel-cache"}),
    (["--no-cache-dir", "--disable-pip-version-check", "--no-python-version-warning"], {"PIP_NO_CACHE_DIR": "0"}),
    # Controls.
    (["--only-binary", "b"], {"PIP_NO_BINARY": "a,b", "PIP_ONLY_BINARY": ":all:"}),
    (["--only-final", "b"], {"PIP_ALL_RELEASES": "a,b"}),
]


def test_options_mean_what_they_mean_to_pip(ask_pip: AskPip) -> None:
    """Promise 3 begins here: the same words, variables and files must make the same values."""
    cases = [Case(("name", *arguments), environ) for arguments, environ in AS_PIP]
    defaults, *answers = ask_pip([Case(), *cases])
    for case, told in zip(cases, answers, strict=True):
        assert "error" not in told, case
        values = values_of(*case.arguments, environ={**os.environ, **case.environ})
        assert differences(values, told, defaults) == [], case


def test_controls_follow_pips_algebra(ask_pip: AskPip) -> None:
    """Names, :all: and :none: take each other's place in an order that is easy to get wrong."""
    rng = random.Random(26)
    flags = ["--no-binary", "--only-binary", "--all-releases", "--only-final"]
    parts = ["a", "B_c", "b.C", ":all:", ":none:", ""]
    cases = [
        Case(
            tuple(
                f"{rng.choice(flags)}={','.join(rng.choices(parts, k=rng.randint(1, 4)))}"
                for _ in range(rng.randint(1, 6))
            )
        )
        for _ in range(300)
    ]
    defaults, *answers = ask_pip([Case(), *cases])
    for case, told in zip(cases, answers, strict=True):
        assert differences(values_of(*case.arguments), told, defaults) == [], case


MISTAKES: list[tuple[list[str], Mapping[str, str], str]] = [
    (["--no-such-option"], {}, "no such option: --no-such-option"),
    (["-z"], {}, "no such option: -z"),
    (["--no"], {}, "ambiguous option: --no"),
    (["--index-url"], {}, "--index-url option requires 1 argument"),
    (["-r"], {}, "-r option requires 1 argument"),
    (["--pre=yes"], {}, "--pre option does not take a value"),
    (["--retries", "many"], {}, "--retries needs a number, and got 'many'"),
    (["--retries", "²"], {}, "--retries needs a number"),
    (["--retries", "1" * 5000], {}, "--retries needs a number"),
    (["--timeout", "soon"], {}, "--timeout needs a number"),
    (["--upgrade-strategy", "lazy"], {}, "--upgrade-strategy cannot be 'lazy'"),
    (["--progress-bar=pretty"], {}, "--progress-bar cannot be 'pretty'"),
    (["--exists-action", "x"], {}, "--exists-action cannot be 'x'"),
    (["--no-binary", "--pre"], {}, "--no-binary needs a value, and got '--pre'"),
    (["--only-final", "-x"], {}, "--only-final needs a value"),
    (["--refresh-package", "-r"], {}, "--refresh-package needs a value"),
    ([], {"PIP_PRE": "perhaps"}, "PIP_PRE: 'perhaps' is not a value for pre"),
    ([], {"PIP_NO_CACHE_DIR": "perhaps"}, "PIP_NO_CACHE_DIR: 'perhaps'"),
    ([], {"PIP_VERBOSE": "-1"}, "PIP_VERBOSE: '-1' is not a value"),
    ([], {"PIP_VERBOSE": "²"}, "PIP_VERBOSE: '²' is not a value"),
    ([], {"PIP_TIMEOUT": "soon"}, "PIP_TIMEOUT: --timeout needs a number"),
    ([], {"PIP_PROGRESS_BAR": "pretty"}, "PIP_PROGRESS_BAR: --progress-bar cannot be 'pretty'"),
    ([], {"PIP_EXISTS_ACTION": "s x"}, "PIP_EXISTS_ACTION: --exists-action cannot be 'x'"),
    ([], {"PIP_ONLY_BINARY": "-x"}, "PIP_ONLY_BINARY: --only-binary needs a value"),
]


def test_what_pip_refuses_is_refused_in_better_words(ask_pip: AskPip) -> None:
    """A mistake must not become a default; the sentence names the option or the variable."""
    cases = [Case(("name", *arguments), environ) for arguments, environ, _ in MISTAKES]
    for case, told, (_, _, said) in zip(cases, ask_pip(cases), MISTAKES, strict=True):
        assert "error" in told, case
        with pytest.raises(UsageError) as caught:
            values_of(*case.arguments, environ={**os.environ, **case.environ})
        assert said.lower() in caught.value.message.lower()
        assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--timeout", value] for value in ("0", "-1", "nan", "inf", "1e300")),
        *(["--retries", value] for value in ("-1", "9" * 400)),
    ],
    ids=lambda arguments: " ".join(arguments)[:20],
)
def test_numbers_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    """pip takes these at first, and ends in a traceback or waits for ever."""
    with pytest.raises(UsageError, match=f"{arguments[0]} cannot be"):
        values_of("name", *arguments)


def test_pips_configuration_sets_no_option_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip.conf in an environment or a PIP_ variable must not waive a finding, nor PIP_FORMAT stop the run."""
    configuration = tmp_path / "pip.conf"
    names = [flag[2:] for option in OWN_OPTIONS for flag in option.flags]
    configuration.write_text("[global]\n" + "".join(f"{name} = nonsense\n" for name in names))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    for name in names:
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", "nonsense")
    assert not values_of("name").given.keys() & {option.dest for option in OWN_OPTIONS}


def test_our_own_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of the outer contract: each option has its variable, and the command line beats it."""
    monkeypatch.setenv("SAFE_PIP_ADVISORIES", "a.zip b.zip")
    monkeypatch.setenv("SAFE_PIP_OFFLINE", "1")
    monkeypatch.setenv("SAFE_PIP_FORMAT", "json")
    values = values_of("name", "--format", "text", "--advisories", "c.zip")
    assert values.texts("advisories") == ["a.zip", "b.zip", "c.zip"]
    assert values.flag("offline")
    assert values.text("format") == "text"
    monkeypatch.setenv("SAFE_PIP_FORMAT", "xml")
    with pytest.raises(UsageError, match="SAFE_PIP_FORMAT: --format cannot be 'xml'"):
        values_of("name")


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["name", "--hel"], ["-qh"]], ids=" ".join)
def test_help_is_asked_for(arguments: list[str]) -> None:
    """Help wins over whatever else stands on the line, as everywhere."""
    with pytest.raises(HelpRequested):
        values_of(*arguments)


# --------------------------------------------------------------------------- --pre


@pytest.mark.parametrize("other", ["--all-releases=a", "--only-final=a", "--only-final=:all:"])
def test_pre_conflicts(other: str, target: Target, ask_pip: AskPip) -> None:
    """Both say which pre-releases are taken; pip refuses the pair, and so must we."""
    (told,) = ask_pip([Case(("name", "--pre", other), read=True)])
    assert "--pre cannot be used with --all-releases or --only-final" in told["error"]
    with pytest.raises(UsageError, match="--pre cannot be used with --all-releases or --only-final"):
        request_of("name", "--pre", other, target=target)


PRE_IN_FILES = [
    (["--pre"], "--only-final name\n"),
    (["--pre"], "--only-final :all:\n"),
    (["--pre"], "--all-releases :none:\n"),
    (["--only-final", "name"], "--pre\n"),
    (["--only-final", ":all:"], "--pre\n"),
    (["--all-releases", "name"], "--pre\n"),
    ([], "--pre\n--only-final other\n"),
    ([], "--only-final other\n--pre\n"),
    ([], "--all-releases :all:\n--only-final other\n"),
]


def test_pre_and_files_change_each_other(ask_pip: AskPip, target: Target) -> None:
    """Only on the command line do they conflict; a line of a file changes what stands, in order."""
    cases = []
    for number, (arguments, text) in enumerate(PRE_IN_FILES):
        Path(f"{number}.txt").write_text(text)
        cases.append(Case(("name", *arguments, "-r", f"{number}.txt"), cwd=Path.cwd(), read=True))
    for case, told in zip(cases, ask_pip(cases), strict=True):
        releases = request_of(*case.arguments, target=target).selection.releases
        assert [sorted(names) for names in releases] == told["options"]["release_control"], case


# --------------------------------------------------------------------------- what must not be shown

SECRET = "https://user:se@cret@host.example/simple"
LEAKS: list[tuple[list[str], Mapping[str, str]]] = [
    (["--timeout", SECRET], {}),
    (["--retries", SECRET], {}),
    (["--progress-bar", SECRET], {}),
    (["--no-binary", f"-{SECRET}"], {}),
    (["--use-feature", SECRET], {}),
    ([f"--{SECRET}"], {}),
    ([f"--pre={SECRET}"], {}),
    ([], {"PIP_PRE": SECRET}),
    ([], {"PIP_VERBOSE": SECRET}),
    ([], {"PIP_TIMEOUT": SECRET}),
    ([], {"PIP_EXISTS_ACTION": SECRET}),
    ([], {"SAFE_PIP_OFFLINE": SECRET}),
]


@pytest.mark.parametrize(("arguments", "environ"), LEAKS, ids=lambda item: str(item)[:30])
def test_no_error_shows_a_password(arguments: list[str], environ: Mapping[str, str]) -> None:
    """What was meant for an index ends in a log of a build: the user and the password must not."""
    with pytest.raises(UsageError) as caught:
        values_of("name", *arguments, environ={**os.environ, **environ})
    said = f"{caught.value.message} {caught.value.hint}"
    assert "cret" not in said
    assert "user:" not in said
