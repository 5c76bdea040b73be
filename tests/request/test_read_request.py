"""The request as a whole: conflicts of options and target, the order of things, strategies and hash mode."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from conftest import Guard, Venv, run
from request.asking import AskPip, Case, pips_reading, reading, request_of
from safe_pip.errors import TargetError, UsageError
from safe_pip.model import Destination, Network, Target
from safe_pip.request.default_index import DefaultIndex, default_index, pip_folder

# Every test in an environment of its own, and in an empty folder.
pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def plain(target: Target) -> Target:
    """A target that is no virtual environment, and shows the user's packages."""
    return dataclasses.replace(target, is_virtual=False, user_site="/home/somebody/site-packages")


@pytest.fixture
def managed(plain: Target) -> Target:
    """A target that is managed by something else (PEP 668)."""
    return dataclasses.replace(plain, externally_managed="Use the system's packages.\nOr a virtual environment.")


# --------------------------------------------------------------------------- conflicts


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", "--target", "t"], "--user and --target cannot be used together"),
        (["--user", "--prefix", "/p"], "--user and --prefix cannot be used together"),
        (["--require-hashes", "--no-require-hashes"], "--require-hashes and --no-require-hashes cannot be used"),
        (["--pre", "--only-final=a"], "--pre cannot be used with"),
        (["--target", "file"], "--target file: there is a file of that name"),
    ],
)
def test_options_that_conflict(arguments: list[str], said: str, plain: Target) -> None:
    """Each names another place or rule: to follow one of them would be a guess."""
    Path("file").touch()
    with pytest.raises(UsageError) as caught:
        request_of("name", *arguments, target=plain)
    assert said in caught.value.message
    assert caught.value.exit_code == 2


def test_the_same_options_conflict_for_pip(venv: Venv, here: Path) -> None:
    """The list above is pip's: it refuses each of them, too."""
    Path("file").touch()
    for arguments in (
        ["--user", "--target", "t"],
        ["--user", "--prefix", "/p"],
        ["--require-hashes", "--no-require-hashes"],
        ["--pre", "--only-final=a"],
        ["--target", "file"],
        ["--user"],
        ["--require-virtualenv", "--user"],
    ):
        ran = venv.pip("install", "--dry-run", "--no-index", "name", *arguments, cwd=here)
        assert ran.code != 0
        assert "No matching distribution" not in ran.err, arguments


def test_user_needs_a_user_site(target: Target, plain: Target) -> None:
    """In a virtual environment the user's packages are not seen: what is installed there would be lost."""
    assert target.user_site is None
    with pytest.raises(UsageError, match="its user site-packages are not visible"):
        request_of("name", "--user", target=target)
    assert request_of("name", "--user", target=plain).destination.user is True
    assert request_of("name", "--no-user", "--target", "t", target=target).destination.user is False


def test_a_virtual_environment_can_be_required(target: Target, plain: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """PIP_REQUIRE_VIRTUALENV is set by people who never want to touch the system's Python."""
    assert request_of("name", "--require-virtualenv", target=target)
    with pytest.raises(UsageError, match="is not in a virtual environment, and --require-virtualenv asks for one"):
        request_of("name", "--require-venv", target=plain)
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    with pytest.raises(UsageError, match="is not in a virtual environment"):
        request_of("name", target=plain)
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "0")
    assert request_of("name", target=plain)


# --------------------------------------------------------------------------- PEP 668


def test_a_managed_python_is_left_alone(managed: Target) -> None:
    """The system's package manager owns it; its own words say what to do instead."""
    for more in ([], ["--user"], ["--dry-run"], ["--no-user"], ["--report", "-"]):
        with pytest.raises(TargetError) as caught:
            request_of("name", *more, target=managed)
        assert "is managed by the system (PEP 668)" in caught.value.message
        assert "Use the system's packages.\nOr a virtual environment." in caught.value.message
        assert "--break-system-packages" in caught.value.hint
        assert caught.value.exit_code == 2
    silent = dataclasses.replace(managed, externally_managed="")
    with pytest.raises(TargetError, match="is managed by the system"):
        request_of("name", target=silent)


@pytest.mark.parametrize(
    "more",
    [
        *(["--break-system-packages"], ["-t", "t"], ["--prefix", "/p"], ["--root", "/r"]),
        ["--dry-run", "--report", "-"],
    ],
    ids=str,
)
def test_a_managed_python_may_be_named_or_passed_by(more: list[str], managed: Target) -> None:
    """Packages put elsewhere do not touch it, and the user may insist; pip makes the same exceptions."""
    assert request_of("name", *more, target=managed)


def test_break_system_packages_reaches_pip(managed: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip asks the same question again in the last step."""
    assert (
        "--break-system-packages"
        in request_of("name", "--break-system-packages", target=managed).destination.pip_options
    )
    monkeypatch.setenv("PIP_BREAK_SYSTEM_PACKAGES", "1")
    assert "--break-system-packages" in request_of("name", target=managed).destination.pip_options


# --------------------------------------------------------------------------- what is asked


def test_nothing_to_install(target: Target, ask_pip: AskPip) -> None:
    """A command without a requirement is a mistake; a file that is empty is not, as with pip."""
    Path("empty.txt").touch()
    cases = [Case(()), Case(("-c", "empty.txt")), Case(("-r", "empty.txt")), Case((" ",))]
    answers = ask_pip([dataclasses.replace(case, cwd=Path.cwd(), read=True) for case in cases])
    assert ["error" in told for told in answers] == [True, True, False, False]
    for case in cases[:2]:
        with pytest.raises(UsageError, match="There is nothing to install"):
            request_of(*case.arguments, target=target)
    for case in cases[2:]:
        assert request_of(*case.arguments, target=target).requirements == ()


def test_the_order_is_pips(target: Target, ask_pip: AskPip, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver asks in this order, so that it decides between answers that are equally right."""
    Path("r.txt").write_text("three\none>1\n-c c.txt\n")
    Path("s.txt").write_text("four\n")
    Path("c.txt").write_text("two<9\n")
    Path("d.txt").write_text("one<9\n")
    monkeypatch.setenv("PIP_REQUIREMENT", "s.txt")
    monkeypatch.setenv("PIP_CONSTRAINT", "d.txt")
    arguments = ("-r", "r.txt", "two", "one", "-c", "c.txt", "two>1")
    environ = {"PIP_REQUIREMENT": "s.txt", "PIP_CONSTRAINT": "d.txt"}
    (told,) = ask_pip([Case(arguments, environ, Path.cwd(), read=True)])
    request = request_of(*arguments, target=target)
    assert reading(request) == pips_reading(told)
    assert [item.text for item in request.requirements] == ["two", "one", "two>1", "four", "three", "one>1"]
    assert [item.text for item in request.constraints] == ["one<9", "two<9", "two<9"]
    assert [str(item.origin) for item in request.requirements[2:5]] == [
        "the command line",
        "s.txt, line 1",
        "r.txt, line 1",
    ]


def test_a_bare_request(target: Target) -> None:
    """The defaults are pip's, and the default index is asked of pip, never written down (DESIGN)."""
    request = request_of("name", target=target)
    assert request.network == Network()
    assert request.destination == Destination()
    assert request.search.index_urls == (default_index().url,)
    assert request.search.default_file_host == default_index().file_host
    assert not request.dry_run
    assert not request.selection.require_hashes


def test_the_default_index_is_pips(ask_pip: AskPip) -> None:
    """pip's own answer to the question, from its own options."""
    (told,) = ask_pip([Case()])
    assert default_index().url == told["options"]["index_url"]
    assert (pip_folder() / "__pip-runner__.py").is_file()


@pytest.mark.parametrize("arguments", [["-i", "http://a.example"], ["--no-index"]], ids=str)
def test_the_default_index_is_not_asked_for_in_vain(arguments: list[str], target: Target) -> None:
    """To ask takes a moment, and whoever names an index of their own must not depend on the other."""

    def never() -> DefaultIndex:
        raise AssertionError("nobody needs it")

    search = request_of("name", *arguments, target=target, default=never).search
    assert search.default_file_host is None


# --------------------------------------------------------------------------- hash mode


@pytest.mark.parametrize(
    ("arguments", "file", "expected"),
    [
        ([], "one==1", False),
        ([], "one==1 --hash=sha256:<digest>", True),
        ([], "two\none==1 --hash=sha256:<digest>", True),
        (["--no-require-hashes"], "one==1 --hash=sha256:<digest>", False),
        ([], "one==1 --hash=sha256:<digest>\n--no-require-hashes", False),
        (["--require-hashes"], "one==1", True),
        ([], "--require-hashes\none==1", True),
        ([], "one @ https://h.example/one.zip#sha256=<digest>", False),
    ],
)
def test_one_hash_asks_for_all(
    arguments: list[str], file: str, expected: bool, target: Target, ask_pip: AskPip
) -> None:
    """Hash mode is what protects a pinned file; a hash in a URL does not switch it on, and pip agrees on each."""
    Path("r.txt").write_text(file.replace("<digest>", "ab" * 32))
    given = (*arguments, "-r", "r.txt")
    (told,) = ask_pip([Case(given, cwd=Path.cwd(), read=True)])
    assert bool(told["options"]["require_hashes"]) is expected
    assert request_of(*given, target=target).selection.require_hashes is expected


def test_a_given_hash_is_kept_without_hash_mode(target: Target) -> None:
    """--no-require-hashes frees the others; what is pinned by a digest stays pinned."""
    Path("r.txt").write_text(f"one==1 --hash=sha256:{'AB' * 32}\ntwo\n")
    one, two = request_of("--no-require-hashes", "-r", "r.txt", target=target).requirements
    assert one.hashes == {("sha256", "ab" * 32)}
    assert two.hashes is None


def test_a_hash_conflict_in_a_file(target: Target) -> None:
    """The command line and a file can contradict each other as well."""
    Path("r.txt").write_text("one\n--no-require-hashes\n")
    with pytest.raises(UsageError, match="--require-hashes and --no-require-hashes cannot be used together"):
        request_of("--require-hashes", "-r", "r.txt", target=target)


# --------------------------------------------------------------------------- the program


def test_the_program_names_the_conflict(guard: Guard, venv: Venv) -> None:
    """One sentence and one hint, exit code 2, and nothing on stdout."""
    ran = guard.install("name", "--user", "--target", "t", target=venv)
    assert (ran.code, ran.out) == (2, "")
    assert "--user and --target cannot be used together." in ran.err
    assert "Traceback" not in ran.err


def test_no_password_leaves_the_program(guard: Guard, venv: Venv) -> None:
    """The whole way, in text and in JSON: an index with a password, and mistakes beside it."""
    secret = "http://user:se@cret@127.0.0.1:9/simple"
    (guard.cwd / "r.txt").write_text(f"-i {secret}\nname @ {secret}/x y\n")
    for arguments in (
        ["name", "-i", secret],
        ["-r", "r.txt"],
        [f"name @ {secret}/name-1.0-py3-none-any.whl"],
        ["-r", f"{secret}/r.txt"],
        ["-i", secret.replace("127.0.0.1:9", "[x"), "name"],
        ["--timeout", secret, "name"],
        ["--proxy", secret, "-i", "http://127.0.0.1:9/simple", "name"],
    ):
        for form in ("text", "json"):
            ran = guard.install("--retries", "0", "--dry-run", "--format", form, *arguments, target=venv)
            assert ran.code in (2, 3, 4), (arguments, ran.err)
            assert "cret" not in ran.out + ran.err, arguments
            assert "Traceback" not in ran.err
            assert "unexpected" not in ran.err, ran.err


def test_a_planted_pip_is_not_asked(guard: Guard, venv: Venv) -> None:
    """A folder named pip in the current folder must not answer for pip, nor run."""
    mark = guard.cwd / "mark"
    (guard.cwd / "pip").mkdir()
    (guard.cwd / "pip" / "__init__.py").write_text(f"open({str(mark)!r}, 'w')\n")
    script = Path(sys.executable).with_name("safe-pip")
    if not script.exists():
        pytest.skip("safe-pip is not installed beside the Python that runs the tests")
    surroundings = {**guard.environ, "VIRTUAL_ENV": str(venv.path)}
    ran = run(
        [str(script), "install", "--dry-run", "-i", "http://127.0.0.1:9", "--retries", "0", "name"],
        surroundings,
        guard.cwd,
    )
    assert ran.code in (3, 4), ran.err
    assert not mark.exists()
    assert os.listdir(guard.cwd) == ["pip"]
