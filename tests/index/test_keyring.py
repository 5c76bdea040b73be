"""The user's keyring: asked as pip asks it, only when a server wants a login, and for that server alone."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes import Answer, Asked, FakeIndex, wheel
from index.servers import Site, Wire, says, self_signed
from keyrings import FakeKeyring
from safe_pip.errors import FetchError
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.model import Network
from safe_pip.urls import credentials_in

SECRET = "k3yr1ng-p4ss"
LOGIN = ("me@home", SECRET)
GET = ["--mode=creds", "--output=json", "get"]


def basic(user: str, password: str) -> str:
    """The header value of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def keyring(program: FakeKeyring, notes: list[str] | None = None, provider: str = "auto", **more: object) -> Keyring:
    """What asks the program, for a target that has nothing."""
    say = [].append if notes is None else notes.append
    return Keyring(provider, {"PATH": program.path()}, "/nowhere", say=say, **more)  # type: ignore[arg-type]


def closed(site: Site, path: str = "/x", login: tuple[str, str] = LOGIN) -> None:
    """Let a path be read with a login only."""

    def answer(asked: Asked) -> Answer | None:
        return None if asked.headers.get("authorization") == basic(*login) else Answer(b"who?", 401)

    site.override(path, answer)


def sent(site: Site) -> list[str | None]:
    """The logins that a server was told."""
    return [asked.headers.get("authorization") for asked in site.asked]


def host(site: Site) -> str:
    """Host and port of a server."""
    return site.base.removeprefix("http://")


# --------------------------------------------------------------------------- the program


def test_a_login_is_asked_for_once(tmp_path: Path) -> None:
    """A keyring may have a person unlock it: two dozen threads that ask at once must not open two dozen windows."""
    program = FakeKeyring(tmp_path, {"s": LOGIN})
    asks = keyring(program)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: asks.find("s", None), range(24)))

    assert answers == [LOGIN] * 24
    assert program.asked() == [[*GET, "s"]]


def test_what_it_does_not_know_is_asked_for_once(tmp_path: Path) -> None:
    """No login is an answer too, and nothing that a person has to hear of."""
    notes: list[str] = []
    program = FakeKeyring(tmp_path, {"s": LOGIN})
    asks = keyring(program, notes)

    assert [asks.find("t", None), asks.find("t", None), asks.find("s", "other"), asks.find("s", "me@home")] == [
        None,
        None,
        None,
        LOGIN,
    ]
    assert program.asked() == [[*GET, "t"], [*GET, "s", "other"], [*GET, "s", "me@home"]]
    assert notes == []


@pytest.mark.parametrize(("service", "user"), [("s", "--keyring-path=/tmp/theirs"), ("-bbackend", None), ("s", "-h")])
def test_a_user_that_looks_like_an_option_is_not_asked_for(tmp_path: Path, service: str, user: str | None) -> None:
    """A requirements file may name an index with any user in it, and the program has options that load modules."""
    program = FakeKeyring(tmp_path, {"s": LOGIN})
    asks = keyring(program)

    assert asks.find(service, user) is None
    assert program.asked() == []
    assert asks.find("s", None) == LOGIN


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            "print('usage: unrecognized arguments: --mode=creds', file=sys.stderr); sys.exit(2)",
            "its program is too old; version 25.2.1 or newer is needed",
        ),
        ("print('hello'); sys.exit(0)", "its answer cannot be read"),
        ("print('[]'); sys.exit(0)", "its answer cannot be read"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe\\x00'); sys.exit(0)", "its answer cannot be read"),
        ('print(\'{"username": null, "password": 5}\'); sys.exit(0)', "its answer has no user and password"),
    ],
)
def test_a_keyring_that_fails_is_left_alone(tmp_path: Path, before: str, said: str) -> None:
    """A broken keyring is no reason to end an install that may not need it; what it printed may hold a password."""
    notes: list[str] = []
    program = FakeKeyring(tmp_path, {"s": LOGIN}, f"print({SECRET!r}, file=sys.stderr); {before}")
    asks = keyring(program, notes)

    assert [asks.find("s", None), asks.find("t", None)] == [None, None]
    assert notes == [f"Note: keyring is left out: {said}."]
    assert len(program.asked()) == 1


def test_a_keyring_that_never_answers(tmp_path: Path) -> None:
    """One that waits for a window which nobody sees must not stop an install; nor may what it has started."""
    notes: list[str] = []
    # The child keeps the pipes open after its parent has been killed, and would be waited for.
    before = "import subprocess, time; subprocess.Popen(['/bin/sleep', '30']); time.sleep(30)"
    program = FakeKeyring(tmp_path, {"s": LOGIN}, before)

    assert keyring(program, notes, seconds=0.5).find("s", None) is None
    assert notes == ["Note: keyring is left out: its program did not end within 0.5 seconds."]


def test_a_keyring_that_cannot_be_run(tmp_path: Path) -> None:
    """Its interpreter may be gone, as after an upgrade of Python."""
    notes: list[str] = []
    program = FakeKeyring(tmp_path, {})
    program.program.write_text("#!/no/such/python\n")

    assert keyring(program, notes).find("s", None) is None
    assert notes == ["Note: keyring is left out: its program cannot be run (No such file or directory)."]


def test_no_keyring_at_all(tmp_path: Path) -> None:
    """Most people have none: only who names it hears that it is not there."""
    notes: list[str] = []
    for provider in ("auto", "subprocess"):
        assert Keyring(provider, {"PATH": str(tmp_path)}, "/nowhere", say=notes.append).find("s", None) is None
    assert notes == ["Note: keyring is left out: there is no keyring program on PATH, the target's own aside."]


@pytest.mark.parametrize(
    ("provider", "asks", "expected"),
    [
        ("auto", True, LOGIN),
        ("auto", False, None),
        ("subprocess", False, LOGIN),
        ("disabled", True, None),
    ],
)
def test_who_asks_it(tmp_path: Path, provider: str, asks: bool, expected: tuple[str, str] | None) -> None:
    """pip under --no-input asks only a provider that was named: a keyring may open a window."""
    assert keyring(FakeKeyring(tmp_path, {"s": LOGIN}), None, provider, asks=asks).find("s", None) == expected


@pytest.mark.parametrize("linked", [False, True])
def test_nothing_of_the_target_is_run(tmp_path: Path, linked: bool) -> None:
    """A keyring in the environment that is installed into is code of packages, and would run before the verdict."""
    own = FakeKeyring(tmp_path / "venv" / "bin", {"s": ("target", "x")})
    users = FakeKeyring(tmp_path / "users", {"s": LOGIN})
    first = own.folder
    if linked:
        first = tmp_path / "links"
        first.mkdir()
        (first / "keyring").symlink_to(own.program)
    path = os.pathsep.join([str(first), str(own.folder), str(users.folder)])

    assert Keyring("subprocess", {"PATH": path}, str(tmp_path / "venv")).find("s", None) == LOGIN
    assert own.asked() == []
    assert str(own.folder) not in users.calls()[0][1]["PATH"].split(os.pathsep)


def test_nothing_of_the_current_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloned repository may hold a file named keyring, and a keyringrc.cfg that names a folder of code."""
    here = FakeKeyring(tmp_path / "clone" / "tools", {"s": ("clone", "x")})
    users = FakeKeyring(tmp_path / "users", {"s": LOGIN})
    monkeypatch.chdir(tmp_path / "clone")
    path = os.pathsep.join(["tools", "", str(users.folder)])

    assert Keyring("subprocess", {"PATH": path}, "/nowhere").find("s", None) == LOGIN
    assert here.asked() == []
    assert users.calls()[0][2] == str(users.folder)


def test_the_environment_of_the_program(tmp_path: Path) -> None:
    """It needs the user's own settings, and none that would put other packages than its own into it."""
    program = FakeKeyring(tmp_path, {"s": LOGIN})
    given = {
        "PATH": program.path(),
        "DBUS_SESSION_BUS_ADDRESS": "unix:x",
        "PYTHON_KEYRING_BACKEND": "a.b",
        "PYTHONPATH": "/target",
        "PYTHONHOME": "/target",
        "VIRTUAL_ENV": "/target",
    }

    Keyring("auto", given, "/target").find("s", None)

    ((_, environ, _),) = program.calls()
    assert environ.items() >= {
        ("DBUS_SESSION_BUS_ADDRESS", "unix:x"),
        ("PYTHON_KEYRING_BACKEND", "a.b"),
        ("PYTHONIOENCODING", "utf-8"),
    }
    assert "/target" not in environ.values()


# --------------------------------------------------------------------------- when it is asked


def test_a_server_that_wants_no_login(site: Site, tmp_path: Path) -> None:
    """Nobody's keyring is opened for a public index."""
    program = FakeKeyring(tmp_path, {host(site): LOGIN})
    with Http(Network(timeout=5), keyring=keyring(program), indexes=[site.base]) as http:
        http.get(f"{site.base}/x", limit=100)
        site.override("/y", Answer(b"", 403))
        with pytest.raises(FetchError):
            http.get(f"{site.base}/y", limit=100)
    assert program.asked() == []


def test_a_server_that_wants_one(site: Site, tmp_path: Path) -> None:
    """After a refusal, by the index's URL and then by its host; from then on the login is sent at once."""
    closed(site)
    program = FakeKeyring(tmp_path, {host(site): LOGIN})
    with Http(Network(timeout=5), keyring=keyring(program), indexes=[f"{site.base}/simple"]) as http:
        for _ in range(2):
            assert http.get(f"{site.base}/x", limit=100).content == b"this is /x"
    assert program.asked() == [[*GET, f"{site.base}/simple/"], [*GET, host(site)]]
    assert sent(site) == [None, basic(*LOGIN), basic(*LOGIN)]


def test_a_user_in_the_url(site: Site, tmp_path: Path) -> None:
    """The password is looked up for that very user."""
    closed(site)
    program = FakeKeyring(tmp_path, {f"{site.base}/simple/": LOGIN})
    index = site.base.replace("http://", "http://me%40home@") + "/simple"
    with Http(Network(timeout=5), credentials_in([index]), keyring=keyring(program), indexes=[index]) as http:
        assert http.get(f"{site.base}/x", limit=100).content == b"this is /x"
        assert http.get(f"{site.base}/y", limit=100).content == b"this is /y"
    assert program.asked() == [[*GET, f"{site.base}/simple/", "me@home"]]
    assert sent(site) == [basic("me@home", ""), basic(*LOGIN), basic(*LOGIN)]


def test_a_password_in_the_url_is_not_replaced(site: Site, tmp_path: Path) -> None:
    """Who gives a wrong password is to hear of it."""
    closed(site)
    program = FakeKeyring(tmp_path, {host(site): LOGIN})
    index = site.base.replace("http://", "http://me:wrong@")
    with Http(Network(timeout=5), credentials_in([index]), keyring=keyring(program), indexes=[index]) as http:
        with pytest.raises(FetchError) as raised:
            http.get(f"{site.base}/x", limit=100)
        with pytest.raises(FetchError):
            http.get(f"{index}/x", limit=100)
    assert raised.value.status == 401
    assert program.asked() == []


def test_a_login_that_is_refused_as_well(site: Site, tmp_path: Path) -> None:
    """The server is asked twice and no more, and the error does not hold the login."""
    site.override("/x", Answer(b"", 401))
    program = FakeKeyring(tmp_path, {host(site): LOGIN})
    with Http(Network(timeout=5), keyring=keyring(program)) as http, pytest.raises(FetchError) as raised:
        http.get(f"{site.base}/x", limit=100)
    assert sent(site) == [None, basic(*LOGIN)]
    assert SECRET not in str(raised.value) + raised.value.hint
    assert "keyring" in raised.value.hint


def test_a_refused_login_of_netrc(site: Site, tmp_path: Path) -> None:
    """As in pip, an old password in netrc does not keep the keyring from being asked."""
    closed(site)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password old\n", "utf-8")
    program = FakeKeyring(tmp_path / "bin", {host(site): LOGIN})
    with Http(Network(timeout=5), keyring=keyring(program)) as http:
        assert http.get(f"{site.base}/x", limit=100).content == b"this is /x"
    assert sent(site) == [basic("me", "old"), basic(*LOGIN)]


def test_a_login_stays_on_its_host(site: Site, tmp_path: Path) -> None:
    """Neither a link nor a redirect carries it to another port, whose own login is looked up for itself."""
    closed(site)
    with Site() as other:
        site.override("/away", Answer(b"", 302, {"Location": f"{other.base}/y"}))
        closed(other, "/y", ("you", "2"))
        program = FakeKeyring(tmp_path, {host(site): LOGIN, host(other): ("you", "2")})
        with Http(Network(timeout=5), keyring=keyring(program), indexes=[site.base]) as http:
            http.get(f"{site.base}/x", limit=100)
            http.get(f"{other.base}/z", limit=100)
            assert http.get(f"{site.base}/away", limit=100).content == b"this is /y"
        assert sent(other) == [None, None, basic("you", "2")]
        assert SECRET not in repr(other.asked)
    assert program.asked() == [[*GET, f"{site.base}/"], [*GET, host(site)], [*GET, host(other)]]


def test_a_login_does_not_leave_https(site: Site, tmp_path: Path) -> None:
    """A server that sends https on to plain http is not given a password in clear, however often it says 401."""
    closed(site)
    both, alone = self_signed(tmp_path)
    program = FakeKeyring(tmp_path / "bin", {host(site): LOGIN})
    location = f"HTTP/1.1 302 Found\r\nLocation: {site.base}/x\r\nContent-Length: 0\r\n\r\n".encode()
    with Wire(says(location), both) as server:
        network = Network(timeout=5, retries=0, cert=str(alone))
        with Http(network, keyring=keyring(program)) as http, pytest.raises(FetchError) as raised:
            http.get(server.base, limit=100)
    assert raised.value.status == 401
    assert program.asked() == []


def test_plain_http_beside_an_https_index(site: Site, tmp_path: Path) -> None:
    """A page of an https index that links to plain http on the same host does not get a password sent in clear."""
    closed(site)
    program = FakeKeyring(tmp_path, {host(site): LOGIN})
    index = f"https://u:{SECRET}@{host(site)}/simple"
    with (
        Http(Network(timeout=5), credentials_in([index]), keyring=keyring(program), indexes=[index]) as http,
        pytest.raises(FetchError),
    ):
        http.get(f"{site.base}/x", limit=100)
    assert sent(site) == [None]
    assert program.asked() == []


# --------------------------------------------------------------------------- as pip does it


@pytest.mark.parametrize("user", ["", "me%40home@"])
@pytest.mark.parametrize("by_host", [True, False])
def test_pip_asks_the_same(index: FakeIndex, tmp_path: Path, environ: dict[str, str], user: str, by_host: bool) -> None:
    """The real pip, with the same program on PATH, asks for the same services in the same order."""
    index.login = LOGIN
    path = index.add(wheel(tmp_path, "foo", "1.0"))
    address = index.base.removeprefix("http://")
    logins = {address if by_host else f"{index.url}/": LOGIN}
    theirs, ours = FakeKeyring(tmp_path / "theirs", logins), FakeKeyring(tmp_path / "ours", logins)
    url = index.url.replace("http://", f"http://{user}")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "-d", str(tmp_path / "got")]
    done = subprocess.run(
        [*command, "--index-url", url, "foo"],
        env={**environ, "PATH": theirs.path(environ["PATH"])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    with Http(Network(timeout=5), credentials_in([url]), keyring=keyring(ours), indexes=[url]) as http:
        assert http.get(index.base + index.page("foo"), limit=10**6).status == 200
        assert http.get(index.file_url(path), limit=10**6).status == 200

    assert ours.asked() == list({tuple(asked): asked for asked in theirs.asked()}.values())
