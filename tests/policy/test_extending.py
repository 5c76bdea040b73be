"""Policies that extend others: files beside them, and URLs whose content must be what its digest says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import Answer, Asked, Server
from policy.writing import Machine
from safe_pip.errors import UsageError
from safe_pip.model import Level, Network

BLOCK = b'[levels]\nyanked = "block"\n'
QUICK = {"network": lambda: Network(timeout=5, retries=0, use_environment_proxies=False)}


class PolicyServer(Server):
    """Serves one policy."""

    content = BLOCK

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.base}/base.toml"

    def answer(self, asked: Asked) -> Answer:
        """The policy, whatever was asked for."""
        return Answer(self.content)


@pytest.fixture
def server() -> Iterator[PolicyServer]:
    """A server of a policy that blocks what is yanked."""
    with PolicyServer() as made:
        yield made


def extending(url: str, content: bytes = BLOCK) -> str:
    """A policy that extends a URL."""
    return f'extends = [{{url = "{url}", sha256 = "{hashlib.sha256(content).hexdigest()}"}}]\n'


def test_files_beside_the_file(machine: Machine) -> None:
    """What is extended counts less than the file itself, and what comes later counts more; each has its own folder."""
    folder = machine.project / "team"
    folder.mkdir()
    (folder / "one.toml").write_text('extends = "two.toml"\n[levels]\nyanked = "note"\narchived = "warn"\n')
    (folder / "two.toml").write_text('[levels]\nyanked = "block"\narchived = "block"\nlate-file = "block"\n')
    machine.write(
        named='extends = ["team/one.toml", "last.toml"]\n[levels]\nyanked = "allow"\n', last='levels.archived = "note"'
    )

    settings = machine.load(named="named.toml").settings

    found = {code: settings.levels[code].install.word for code in ("yanked", "archived", "late-file")}
    assert found == {"yanked": "allow", "archived": "note", "late-file": "block"}
    assert settings.files == ("team/two.toml", "team/one.toml", "last.toml", "named.toml")
    assert str(settings.levels["late-file"].line) == 'levels.late-file = "block" (team/two.toml, line 4)'


def test_what_a_project_extends_is_the_projects(machine: Machine) -> None:
    """Else a project would loosen by extending a file of its own."""
    machine.write('extends = ["team.toml"]\n', team='may-relax = ["levels"]\n[levels]\nyanked = "allow"\n')
    settings = machine.load().settings

    assert settings.levels["yanked"].install is Level.WARN
    assert len(settings.notes) == 2


SECRET = 'password = "hunter2"\n[[[\n'
OUTSIDE = [
    "{secret}",
    "../.secrets.toml",
    "~/.secrets.toml",
    "link.toml",
    "folder/.secrets.toml",
    "../project/../.secrets.toml",
]


@pytest.fixture
def secret(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the user's own that is no policy, with links to it in the project."""
    monkeypatch.setenv("HOME", str(machine.root / "home"))
    place = machine.root / "home" / ".secrets.toml"
    place.write_text(SECRET, "utf-8")
    (machine.project / "link.toml").symlink_to(place)
    (machine.project / "folder").symlink_to(place.parent)
    return place


@pytest.mark.parametrize("named", OUTSIDE)
@pytest.mark.parametrize("how", ["project", "pyproject", "named", "home is a repository"])
def test_what_lies_outside_is_never_shown(machine: Machine, secret: Path, named: str, how: str) -> None:
    """A pull request must not have the log of CI tell what is in the files of the machine that runs it."""
    text = f'extends = ["{named.format(secret=secret)}"]\n'
    if how == "pyproject":
        (machine.project / "pyproject.toml").write_text(f"[tool.safe-pip]\n{text}", "utf-8")
    else:
        machine.write(text)
    if how == "home is a repository":
        (machine.project / ".git").rmdir()
        (machine.root / "home" / ".git").mkdir()

    with pytest.raises(UsageError) as caught:
        machine.load(**({"named": "safe-pip.toml"} if how == "named" else {}))

    told = f"{caught.value.message} {caught.value.hint} {getattr(caught.value, 'details', ())}"
    assert "outside of the project" in told
    assert not any(word in told for word in ("hunter2", "password", "TOML", "secrets.toml, line"))
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("named", ["/nowhere/x.toml", "../x.toml", "~/x.toml", "//server/share/x.toml"])
def test_what_is_not_there_is_told_alike(machine: Machine, secret: Path, named: str) -> None:
    """Nor whether a file is there: the answer is the same for one that is not."""
    machine.write(f'extends = ["{named}"]\n')
    with pytest.raises(UsageError, match="lies outside of the project, where a project's own file may not lead"):
        machine.load()


@pytest.mark.parametrize("name", ["safe-pip.toml", "pyproject.toml"])
def test_a_policy_that_is_a_link(machine: Machine, secret: Path, name: str) -> None:
    """The file itself may be a link as well, and must not lead out either."""
    secret.write_text(f"[tool.safe-pip]\n{SECRET}", "utf-8")
    (machine.project / name).symlink_to(secret)
    with pytest.raises(UsageError, match=f"^{name} is a link that leads out of the project, and is not followed"):
        machine.load()


def test_links_within_the_project_and_named_files(machine: Machine, secret: Path) -> None:
    """A link to another file of the project is as good as that; and who names a file of their own is led anywhere."""
    (machine.project / "team.toml").write_text('[levels]\nyanked = "block"\n', "utf-8")
    (machine.project / "alias.toml").symlink_to("team.toml")
    machine.write('extends = ["alias.toml"]\n')
    assert machine.load().settings.levels["yanked"].install is Level.BLOCK

    team = machine.root / "team.toml"
    team.write_text('extends = ["home/.secrets.toml"]\n', "utf-8")
    with pytest.raises(UsageError, match="line 2, column 3: this is not TOML"):
        machine.load(named=str(team))


def test_the_url_of_a_file(machine: Machine) -> None:
    """A file is named by its path, and a URL with a digest is one of a server."""
    machine.write('extends = ["file:///etc/passwd"]\n')
    with pytest.raises(UsageError, match="line 1, column 12: 'file:///etc/passwd' is a URL"):
        machine.load()


@pytest.mark.parametrize(
    ("text", "others", "said"),
    [
        ('extends = "safe-pip.toml"', {}, "line 1, column 11: safe-pip.toml extends itself by a round way"),
        (
            'extends = "a.toml"',
            {"a": 'extends = "b.toml"', "b": 'extends = "a.toml"'},
            "b.toml, line 1, column 11: a.toml extends",
        ),
        (
            'extends = "p0.toml"',
            {f"p{n}": f'extends = "p{n + 1}.toml"' for n in range(8)},
            "more than 5 deep",
        ),
        (f"extends = {['a.toml'] * 30}", {"a": "[levels]"}, "more than 20 policy files"),
        (
            'extends = "missing.toml"',
            {},
            "line 1, column 11: missing.toml cannot be read: there is no such file",
        ),
        ('extends = "https://a.example/x.toml"', {}, "is a URL, and has no digest"),
        (
            'extends = [{url = "http://a.example/x", sha256 = "%s"}]' % ("0" * 64),
            {},
            "'http://a.example/x' is not https",
        ),
        ('extends = "a.toml"', {"a": "[levels]\nyankd = 'note'"}, "a.toml, line 2, column 1: there is no finding code"),
        ('extends = ["a.toml", "a\\u0000b"]', {"a": ""}, "line 1, column 22: 'a\\x00b' cannot be the path of a file"),
        ('extends = "~nobody-here/x.toml"', {}, "x.toml cannot be read: there is no such file"),
        ('extends = "pyproject.toml"', {}, "cannot be read: there is no such file"),
    ],
    ids=["itself", "circle", "deep", "many", "missing", "no digest", "http", "mistake", "NUL", "nobody", "pyproject"],
)
def test_what_cannot_be_extended(machine: Machine, text: str, others: dict[str, str], said: str) -> None:
    """Each ends the run with the place, and within bounds."""
    machine.write(text, **others)
    with pytest.raises(UsageError) as caught:
        machine.load()

    assert said in caught.value.message
    assert caught.value.hint


def test_a_url_is_fetched_once_and_kept(machine: Machine, server: PolicyServer, tmp_path: Path) -> None:
    """It is there without a network, and a server that is down stops nobody."""
    machine.write(extending(server.url))
    more = {"cache": tmp_path / "cache", **QUICK}

    assert machine.load(**more).settings.levels["yanked"].install is Level.BLOCK
    assert machine.load(**more).settings.levels["yanked"].install is Level.BLOCK
    assert machine.load(**more, offline=True).settings.files == (server.url, "safe-pip.toml")
    assert len(server.asked) == 1


def test_content_that_has_changed(machine: Machine, server: PolicyServer, tmp_path: Path) -> None:
    """Whoever can change what a server has must not be able to change the policy: both digests are told."""
    machine.write(extending(server.url))
    server.content = b'[levels]\nyanked = "allow"\n'
    with pytest.raises(UsageError) as caught:
        machine.load(cache=tmp_path / "cache", **QUICK)

    assert hashlib.sha256(BLOCK).hexdigest() in caught.value.message
    assert hashlib.sha256(server.content).hexdigest() in caught.value.message
    assert not list((tmp_path / "cache").rglob("*")), "nothing of it is kept"


def test_what_is_kept_is_hashed_again(machine: Machine, server: PolicyServer, tmp_path: Path) -> None:
    """The cache is a folder like any other; a file in it that is not what its name says is not believed."""
    machine.write(extending(server.url))
    more = {"cache": tmp_path / "cache", **QUICK}
    machine.load(**more)
    (kept,) = (tmp_path / "cache" / "policies").iterdir()
    kept.write_bytes(b'[levels]\nyanked = "allow"\n')

    assert machine.load(**more).settings.levels["yanked"].install is Level.BLOCK
    assert len(server.asked) == 2


def test_a_url_that_cannot_be_had(machine: Machine, tmp_path: Path) -> None:
    """Not there, not kept: to go on with less of the policy would be a hole."""
    machine.write(extending("http://127.0.0.1:9/base.toml"))

    with pytest.raises(
        UsageError, match=r"^The policy http://127.0.0.1:9/base.toml cannot be had: no connection"
    ) as caught:
        machine.load(cache=tmp_path / "cache", **QUICK)
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match=r"is not on this machine(.|\n)*--offline asks no one") as caught:
        machine.load(cache=tmp_path / "cache", offline=True)
    assert hashlib.sha256(BLOCK).hexdigest() in caught.value.message


def test_too_large_a_policy(machine: Machine, server: PolicyServer) -> None:
    """A server that never ends must not fill the memory."""
    server.content = b"# " + b"x" * 1_100_000
    machine.write(extending(server.url, server.content))

    with pytest.raises(UsageError, match="larger than 1,000,000 bytes"):
        machine.load(**QUICK)


def test_a_policy_from_a_url_reads_no_file(machine: Machine, server: PolicyServer) -> None:
    """What a server gives has no folder, and does not choose files of this machine."""
    server.content = b'extends = "/etc/passwd"\n'
    machine.write(extending(server.url, server.content))

    with pytest.raises(UsageError, match="a policy from a URL can only extend URLs"):
        machine.load(**QUICK)


# --------------------------------------------------------------------------- profiles


def test_a_profile_is_laid_over_the_rest(machine: Machine) -> None:
    """Also over what a weaker file's profile, or a stronger file's tables, say."""
    machine.write(
        system='[levels]\nyanked = "note"\n[profiles.dev.levels]\nyanked = "allow"\nlate-file = "allow"\n',
        user='[levels]\nyanked = "block"\n[profiles]\ndev.levels.late-file = "warn"\nci.levels.yanked = "note"\n',
    )

    def levels(**more: str) -> tuple[str, str]:
        found = machine.load(**more).settings.levels
        return found["yanked"].install.word, found["late-file"].install.word

    assert levels() == ("block", "note")
    assert levels(profile="dev") == ("allow", "warn")
    assert levels(profile="ci") == ("note", "note")
    line = machine.load(profile="dev").settings.levels["late-file"].line
    assert line.setting == 'profiles.dev.levels.late-file = "warn"'


def test_a_profile_that_there_is_not(machine: Machine) -> None:
    """A run with another policy than the one that was chosen would be a hole; those that there are, are named."""
    machine.write("[profiles.ci]\n[profiles.dev]\n")
    with pytest.raises(UsageError, match=r"^There is no profile 'prod'\.") as caught:
        machine.load(profile="prod")

    assert caught.value.hint == "Choose one of: ci, dev."
    with pytest.raises(UsageError):
        machine.load(profile="prod", folder=machine.root)


def test_a_profile_that_a_variable_chooses_is_told(machine: Machine) -> None:
    """The same as for the policy itself."""
    machine.write("[profiles.ci]\n")

    assert machine.load(profile="ci", by_environment=frozenset({"profile"})).settings.notes == (
        "SAFE_PIP_PROFILE chooses the profile ci",
    )
