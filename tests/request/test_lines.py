"""One requirement as it is written: read as pip reads it, and refused in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import sdist, wheel
from request.asking import AskPip, Case, as_pip_tells, comparable
from safe_pip.errors import UsageError
from safe_pip.model import COMMAND_LINE, Origin
from safe_pip.request.lines import parse_hashes, parse_requirement

HERE = Origin("r.txt", 7)


@pytest.fixture
def folder(surroundings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with projects and archives in it."""
    place = tmp_path / "here"
    for project in ("project", "my project", "odd[name]"):
        (place / project).mkdir(parents=True)
        (place / project / "pyproject.toml").write_text("[project]\nname = 'project'\nversion = '1'\n")
    (place / "old").mkdir()
    (place / "old" / "setup.py").write_text("")
    (place / "empty").mkdir()
    (place / "list").write_text("name==1\n")
    wheel(place, "some-wheel", "1.0")
    wheel(place / "a b#c", "some-wheel", "1.0")
    sdist(place, "some_sdist", "1.0")
    monkeypatch.chdir(place)
    return place


# --------------------------------------------------------------------------- what is taken

TAKEN = [
    "name",
    "Name.With_all-Kinds",
    "name==1.0",
    "name == 1.0 , != 1.0.1,<2",
    "name~=1.4.2",
    "name===anything-goes",
    "name==1.*",
    "name (>=1,<2)",
    "name>=1.0.dev0,<2!0",
    "name==1.0+local.1",
    "name>=1,",
    "name[]",
    "name[Extra_One, two]>1",
    "name [extra]",
    "name; python_version > '3'",
    "name;python_version<'2' and os_name=='posix'",
    'name[x]>=1; (extra == "y" or sys_platform != "win32") and python_full_version ~= "3.9"',
    "name ;",
    "name;   ",
    "  name  ",
    "name @ https://host.example/name-1.0-py3-none-any.whl",
    "name@https://host.example/name-1.0.tar.gz",
    "name[x] @ https://host.example/n.zip ; python_version > '3'",
    "name @ https://host.example/n.zip#sha256=abc&egg=other",
    "name @ file:///tmp/name-1.0-py3-none-any.whl",
    "name @ git+https://host.example/name.git@v1#subdirectory=sub",
    "https://host.example/Some_Name-1.0-py3-none-any.whl",
    "https://host.example/some_name-1.0-1-py3-none-any.whl?a=b#sha256=abc",
    "https://host.example/name-1.0.tar.gz",
    "https://host.example/name-1.0.tar.gz#egg=Some_Name",
    "https://host.example/name-1.0.tar.gz#egg=name&subdirectory=sub",
    "https://host.example/name-1.0.tar.gz ; python_version > '3'",
    "https://host.example/name-1.0.tar.gz;a=b",
    "HTTPS://host.example/name-1.0.tar.gz",
    "https://host.example/a+b(c)!%2B%7e/é/name-1.0+local-py3-none-any.whl",
    "git+https://host.example/name.git@main#egg=name",
    "git+ssh://git@host.example/name.git",
    "./project",
    "project/",
    "./project[x, y]",
    "./project [x]",
    "./project ; python_version > '3'",
    "./my project",
    "./old",
    "./missing/../project",
    "../here/project",
    "./some_wheel-1.0-py3-none-any.whl",
    "some_wheel-1.0-py3-none-any.whl",
    "some_wheel-1.0-py3-none-any.whl[x]",
    "./a b#c/some_wheel-1.0-py3-none-any.whl",
    "some_sdist-1.0.tar.gz",
    "./some_sdist-1.0.tar.gz[x]; python_version > '3'",
    "file:./some_wheel-1.0-py3-none-any.whl",
    "file:some_wheel-1.0-py3-none-any.whl",
    "file:../here/some_wheel-1.0-py3-none-any.whl",
    "project",  # a name: without a separator a folder does not count
    "empty",
]


def test_a_requirement_is_what_it_is_to_pip(ask_pip: AskPip, folder: Path) -> None:
    """Name, versions, extras, marker and URL decide what is installed; none may differ from pip's reading."""
    answers = ask_pip([Case((text,), cwd=folder, read=True) for text in TAKEN])
    for text, told in zip(TAKEN, answers, strict=True):
        assert "error" not in told, text
        read = parse_requirement(text, COMMAND_LINE)
        assert [as_pip_tells(read)] == [comparable(item) for item in told["requirements"]], text


def test_a_requirement_keeps_what_people_wrote() -> None:
    """Messages show the text, and pip is given the spelling of the name in the last step."""
    read = parse_requirement("Some_Name[x] >= 1", HERE)
    assert (read.text, read.origin, read.name, read.spelling) == ("Some_Name[x] >= 1", HERE, "some-name", "Some_Name")
    assert parse_requirement("https://h.example/Some_Name-1.0-py3-none-any.whl", HERE).spelling == "some-name"
    assert parse_requirement("https://h.example/x.zip", HERE).name is None


def test_a_path_is_made_absolute(folder: Path) -> None:
    """The last step runs elsewhere: a relative path would name another file there."""
    for text in ("./some_wheel-1.0-py3-none-any.whl", "some_wheel-1.0-py3-none-any.whl[x]"):
        assert parse_requirement(text, HERE).url == f"file://{folder}/some_wheel-1.0-py3-none-any.whl"


# --------------------------------------------------------------------------- what is refused

REFUSED = {
    "name=1": ("is not a requirement", "did you mean == ?"),
    "name==": ("is not a requirement", "such as flask>=3.0"),
    "name other": ("is not a requirement", "such as flask>=3.0"),
    "name[x": ("is not a requirement", ""),
    "name[x]]": ("is not a requirement", ""),
    "name[x y]": ("is not a requirement", ""),
    "-name": ("", ""),
    "name-": ("is not a requirement", ""),
    "näme": ("is not a requirement", ""),
    "==1.0": ("is not a requirement", ""),
    "name; python_version": ("has a marker that cannot be read", "A marker is written like"),
    "name; nonsense == '1'": ("has a marker that cannot be read", ""),
    "name @ https://host.example/a;b": ("has a marker that cannot be read", ""),
    "; python_version > '3'": ("is not a requirement", ""),
    "name @": ("is not a requirement", ""),
    "name @ https://host.example/a b": ("is not a requirement", "no space in the URL"),
    "http://[broken/name-1.0.zip": ("", ""),
    "./missing": ("is not a requirement", "It looks like a path, and there is no file or folder './missing'."),
    "./odd[name]": ("is not a requirement", "It looks like a path"),  # the brackets are taken for extras
    "./empty": ("the folder './empty' is not a Python project", "neither a pyproject.toml nor a setup.py"),
    "./list": ("is not a requirement", "If './list' is a requirements file, write -r before it."),
    "./some_wheel-1.0-py3-none-any.whl[x y]": ("has extras that cannot be read", ""),
    "./project[../other]": ("has extras that cannot be read", ""),
    "https://host.example/name.whl": ("'name.whl' is not the name of a wheel", "NAME-VERSION-PYTHON-ABI-PLATFORM.whl"),
    "https://host.example/name-1.0-py3-none.whl": ("is not the name of a wheel", ""),
    "https://host.example/n.zip#egg=name[x]": ("#egg='name[x]' is not the name of a project", "NAME[EXTRA] @ URL"),
    "https://host.example/n.zip#egg=": ("is not the name of a project", ""),
    "https://host.example/n.zip#egg=-name": ("is not the name of a project", ""),
}
# pip takes these at first, and fails when it comes to fetch them.
REFUSED_LATER_BY_PIP = {
    "name @ ./some_wheel-1.0-py3-none-any.whl": ("does not name a URL", "with its scheme"),
    "name @ project": ("does not name a URL", "with its scheme"),
    "missing.whl": ("there is no file 'missing.whl'", "read from the current folder"),
    "./missing.zip": ("there is no file './missing.zip'", "read from the current folder"),
    "missing.tar.gz[x]": ("there is no file 'missing.tar.gz[x]'", ""),
}


@pytest.mark.parametrize(("text", "said"), {**REFUSED, **REFUSED_LATER_BY_PIP}.items())
def test_a_mistake_is_explained(text: str, said: tuple[str, str], folder: Path) -> None:
    """The message names the place and the text; the hint says what to write instead."""
    with pytest.raises(UsageError) as caught:
        parse_requirement(text, HERE)
    assert caught.value.message.startswith("r.txt, line 7: ")
    assert said[0] in caught.value.message
    assert said[1] in caught.value.hint


def test_what_pip_refuses_is_refused(ask_pip: AskPip, folder: Path) -> None:
    """The table above must hold mistakes only: pip, asked the same, takes none of them."""
    for text, told in zip(
        REFUSED, ask_pip([Case(("--", text), cwd=folder, read=True) for text in REFUSED]), strict=True
    ):
        assert "error" in told, text


# --------------------------------------------------------------------------- hashes

DIGEST = "ab" * 32


def test_hashes_are_collected() -> None:
    """Any one of several may match; case does not matter, and none is not the same as an empty set."""
    assert parse_hashes([], HERE) is None
    assert parse_hashes([f"sha256:{DIGEST.upper()}", f"sha512:{DIGEST}"], HERE) == {
        ("sha256", DIGEST),
        ("sha512", DIGEST),
    }


@pytest.mark.parametrize(
    "text",
    [
        "md5:abcd",
        "sha1:abcd",
        "sha224:abcd",
        "SHA256:abcd",
        "sha256",
        "sha256:",
        ":abcd",
        "sha256:xyz",
        "",
        "sha256=ab",
    ],
)
def test_a_weak_or_broken_hash_is_refused(text: str) -> None:
    """A digest that protects nothing must not look as if it did."""
    with pytest.raises(UsageError, match=r"r\.txt, line 7: --hash=.* is not a hash") as caught:
        parse_hashes([f"sha256:{DIGEST}", text], HERE)
    assert "sha256, sha384, sha512" in caught.value.hint


# --------------------------------------------------------------------------- attacks


@pytest.mark.parametrize(
    "text",
    [
        "name==" + "1" * 5000,
        "name>=1." + "1" * 5000 + ".*",
        "name<1+local" + "1" * 5000,
        "name; " + "(" * 20_000,
        "name; " + "(" * 2000 + "os_name == 'x'" + ")" * 2000,
        "name; " + "not " * 20_000,
        "name" + "[" * 200_000,
        "name[" + "]" * 200_000,
        "name " + " " * 1_000_000 + "x",
        " " * 1_000_000 + "[x]",
        "-" * 1_000_000,
        "https://host.example/" + "%" * 1_000_000 + "?a b",
        "https://host.example/n.zip#egg=" + "-" * 1_000_000,
        "https://host.example/" + "a" * 300_000 + ".whl",
        "./" + "a" * 1_000_000,
        "./" + "../" * 100_000 + "x.whl",
        "name @ https://" + "@" * 1_000_000 + " x",
        "\x00",
        "./\x00.whl",
        "name\x00",
    ],
    ids=lambda text: f"{text[:20]!r}-{len(text)}",
)
@pytest.mark.timeout(60)
def test_a_monster_is_refused_at_once_and_briefly(text: str) -> None:
    """A line made to hang or crash the guard ends in a short message; numbers too long would crash while resolving."""
    with pytest.raises(UsageError) as caught:
        parse_requirement(text, HERE)
    assert len(caught.value.message) + len(caught.value.hint) < 1500


@pytest.mark.parametrize(
    "text",
    [
        "./some_wheel-1.0-py3-none-any.whl[x --index-url http://evil.example]",
        "./some_wheel-1.0-py3-none-any.whl[x]\n--index-url http://evil.example",
        "https://h.example/name-1.0-py3-none-any.whl?\n--index-url=http://evil.example",
        "https://h.example/name-1.0-py3-none-any.whl?x --index-url=http://evil.example",
        "https://h.example/name-1.0-py3-none-any.whl#x --index-url=http://evil.example",
        "https://h.example/name-1.0-py3-none-any.whl?\u2028--index-url=http://evil.example",
        "https://h.example/name-1.0-py3-none-any.whl?\x85--index-url=http://evil.example",
        "name @ https://h.example/name-1.0-py3-none-any.whl?\n--index-url=http://evil.example",
        "name @ https://h.example/name-1.0-py3-none-any.whl\x0b--index-url=http://evil.example",
        "name\n--index-url http://evil.example",
        "name -r other.txt",
        "name --hash=sha256:ab",
        "name[x\n-r other.txt]",
    ],
)
def test_no_text_smuggles_an_option(text: str, folder: Path) -> None:
    """Names and URLs are written into a file for pip in the last step: none may begin a new line or word there."""
    try:
        read = parse_requirement(text, HERE)
    except UsageError:
        return
    # Quoted in the path of a URL it is harmless.
    assert read.url is not None
    assert not any(char.isspace() or not char.isprintable() for char in read.url), read.url


@pytest.mark.parametrize(
    "text",
    ["n\x1b[31mame", "name @ \x1b]0;x\x07", "./\x1b[2J.whl", "name; \x9b31m", "https://h.example/n.zip#egg=%1b[31m"],
)
def test_control_characters_are_written_out(text: str, folder: Path) -> None:
    """A message that is printed must not steer the terminal."""
    with pytest.raises(UsageError) as caught:
        parse_requirement(text, HERE)
    assert (caught.value.message + caught.value.hint).isprintable()


SECRET = "https://user:se@cret@host.example"


@pytest.mark.parametrize(
    "text",
    [
        f"name @ {SECRET}/a b",
        f"{SECRET}/name.whl",
        f"{SECRET}/name-1.0-py3-none-any.whl?\nx",
        f"{SECRET}/n.zip#egg={SECRET}",
        f"name @ {SECRET}/a;b",
        f"name; {SECRET}",
        f"name=={SECRET}",
        f"name {SECRET}",
        f"name[{SECRET}]",
        f"git+{SECRET}/x.git#egg=-",
        f"./{SECRET}.whl",
        f"{SECRET}[/name.whl",
        f"name @ x{SECRET}",
    ],
)
def test_no_error_shows_a_password(text: str) -> None:
    """Errors end in logs; what stands before the @ of a URL must not."""
    with pytest.raises(UsageError) as caught:
        parse_requirement(text, HERE)
    said = caught.value.message + caught.value.hint
    assert "cret" not in said
    assert "user:" not in said
    with pytest.raises(UsageError) as caught:
        parse_hashes([text], HERE)
    assert "cret" not in caught.value.message


WORDS = (
    "name == 1.0 >= [ ] x , ; @ https:// u:secret@ host.example / #egg= .whl .tar.gz ./ -r --hash= ' \" ( )"
    " python_version % ${X} file: git+ é ~ \\ ?"
)
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\x1b", "\u202e"])


@settings(derandomize=True, max_examples=400, deadline=None, database=None)
@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=60)))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    """Nothing that can be typed may end in a traceback, or in a message that shows a password or steers a terminal."""
    try:
        read = parse_requirement(text, HERE)
    except UsageError as error:
        said = error.message + error.hint
        assert said.isprintable()
        assert "://u:secret@" not in said
    else:
        assert read.name is not None or read.url is not None
