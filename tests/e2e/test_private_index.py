"""Indexes as companies have them: behind a login, a certificate or a proxy, with nothing of that shown to anybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Guard, Ran, Venv
from fakes import Answer, FakeIndex, wheel
from index.servers import Proxy, Site, Wire, over_tls, self_signed, tunnel
from keyrings import FakeKeyring

SECRET = "pr1v4te+p4ss"
LOGIN = ("me", SECRET)


@pytest.fixture
def private(tmp_path: Path) -> Iterator[FakeIndex]:
    """An index that answers only to a login."""
    with FakeIndex(login=LOGIN, json=True) as server:
        server.add(wheel(tmp_path / "private", "acme", "1.0", requires=["acme-lib"]))
        server.add(wheel(tmp_path / "private", "acme-lib", "2.0"))
        yield server


def everything(ran: Ran, *folders: Path) -> str:
    """All that a run has left for somebody to read: what it wrote, and every file below some folders."""
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return "".join([ran.out, ran.err, *(f"{path}\n{path.read_bytes().decode('latin-1')}" for path in files)])


def installed(venv: Venv) -> list[str]:
    """What is in an environment."""
    return venv.freeze()


@pytest.mark.parametrize("way", ["option", "variable", "file", "default", "with a user"])
def test_a_login_from_keyring(
    guard: Guard, private: FakeIndex, venv: Venv, tmp_path: Path, environ: dict[str, str], way: str
) -> None:
    """The whole way: read after a refusal, used for pages and files, asked for once, and shown nowhere."""
    program = FakeKeyring(tmp_path / "bin", {f"{private.url}/": LOGIN})
    more = {"PATH": program.path(environ["PATH"])}
    options = []
    if way == "option":
        options = ["--keyring-provider", "subprocess", "--no-input"]
    elif way == "variable":
        more |= {"PIP_KEYRING_PROVIDER": "subprocess", "PIP_NO_INPUT": "1"}
    elif way == "file":
        (tmp_path / "pip.conf").write_text("[global]\nkeyring-provider = subprocess\nno-input = yes\n", "utf-8")
        more |= {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    url = private.url.replace("http://", "http://me@") if way == "with a user" else private.url
    log = tmp_path / "logs" / "pip.log"
    log.parent.mkdir()

    ran = guard.install(
        *("--index-url", url, "--format", "json", "--log", str(log), "-v", "acme", *options), target=venv, **more
    )

    assert ran.code == 0, ran.err
    assert {"acme==1.0", "acme-lib==2.0"} <= set(installed(venv))
    asked = ["--mode=creds", "--output=json", "get", f"{private.url}/"]
    assert program.asked() == [[*asked, "me"] if way == "with a user" else asked]
    assert SECRET not in everything(ran, tmp_path / "cache", log.parent, venv.path)


def test_no_input_leaves_the_keyring_closed(
    guard: Guard, private: FakeIndex, venv: Venv, tmp_path: Path, environ: dict[str, str]
) -> None:
    """As in pip; and the error says what else there is."""
    program = FakeKeyring(tmp_path / "bin", {f"{private.url}/": LOGIN})
    ran = guard.install(
        *("--index-url", private.url, "--no-input", "acme"), target=venv, PATH=program.path(environ["PATH"])
    )
    assert ran.code == 3
    assert program.asked() == []
    assert "401" in ran.said
    assert "keyring" in ran.said


def test_a_keyring_that_fails(
    guard: Guard, private: FakeIndex, venv: Venv, tmp_path: Path, environ: dict[str, str]
) -> None:
    """A note says so, and the refusal of the server is what ends the run."""
    program = FakeKeyring(tmp_path / "bin", {}, f"print({SECRET!r}); sys.exit(0)")
    ran = guard.install(*("--index-url", private.url, "acme"), target=venv, PATH=program.path(environ["PATH"]))
    assert ran.code == 3
    assert ran.said.count("Note: keyring is left out: its answer cannot be read.") == 1
    assert SECRET not in everything(ran, tmp_path / "cache")


@pytest.mark.parametrize("way", ["url", "netrc", "requirements file"])
def test_a_login_that_is_given(guard: Guard, private: FakeIndex, venv: Venv, tmp_path: Path, way: str) -> None:
    """Each way that pip knows, over the whole install; the login stays out of the report and of direct_url.json."""
    quoted = SECRET.replace("+", "%2B")
    closed = private.url.replace("http://", f"http://me:{quoted}@")
    more, arguments = {}, ["--index-url", closed, "acme"]
    if way == "netrc":
        netrc = tmp_path / "home" / ".netrc"
        netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n", "utf-8")
        netrc.chmod(0o600)
        arguments = ["--index-url", private.url, "acme"]
    elif way == "requirements file":
        # A requirements file on the index's own server is read with the index's login.
        private.override("/r.txt", lambda asked: Answer(b"acme\n") if "authorization" in asked.headers else None)
        arguments = ["--index-url", closed, "-r", f"{private.base}/r.txt"]

    ran = guard.install("--format", "json", *arguments, target=venv, **more)

    assert ran.code == 0, ran.err
    assert {"acme==1.0", "acme-lib==2.0"} <= set(installed(venv))
    told = everything(ran, tmp_path / "cache", venv.path)
    assert SECRET not in told
    assert quoted not in told


def test_files_on_another_server_get_no_login(guard: Guard, private: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """An index whose files are redirected to a store: the store is asked without the index's login."""
    with Site() as store:
        for path in (tmp_path / "private").iterdir():
            store.override(f"/{path.name}", Answer(path.read_bytes()))
            private.override(private.file(path), Answer(b"", 302, {"Location": f"{store.base}/{path.name}"}))
        closed = private.url.replace("http://", f"http://me:{SECRET.replace('+', '%2B')}@")

        ran = guard.install("--index-url", closed, "acme", target=venv)

        assert ran.code == 0, ran.err
        assert store.asked
        assert not any("authorization" in asked.headers for asked in store.asked)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The server's certificate with its key and alone, and the client's."""
    server = self_signed(tmp_path_factory.mktemp("server"))
    client = self_signed(tmp_path_factory.mktemp("client"), "client")
    return {"server": server[0], "trusted": server[1], "client": client[0], "clients": client[1]}


def test_a_client_certificate(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, certificates: dict) -> None:  # type: ignore[type-arg]
    """--client-cert with --cert, from pip's configuration too: without it the server says nothing at all."""
    index.add(wheel(tmp_path, "acme", "1.0"))
    url = f"{over_tls(index, certificates['server'], certificates['clients'])}/simple"
    options = ["--index-url", url, "--retries", "0", "acme"]

    without = guard.install("--cert", str(certificates["trusted"]), *options, target=venv)
    given = guard.install(
        *options, target=venv, PIP_CERT=str(certificates["trusted"]), PIP_CLIENT_CERT=str(certificates["client"])
    )

    assert without.code == 3
    assert "--client-cert" in without.said
    assert given.code == 0, given.err
    assert "acme==1.0" in installed(venv)


def test_a_client_certificate_that_is_not_there(guard: Guard, index: FakeIndex, venv: Venv) -> None:
    """Told by its path."""
    ran = guard.install("--client-cert", "no/such.pem", "acme", target=venv)
    assert ran.code in (2, 3)
    assert "no/such.pem" in ran.said


@pytest.mark.parametrize("way", ["--trusted-host", "PIP_TRUSTED_HOST", "requirements file"])
def test_a_trusted_host(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, certificates: dict[str, Path], way: str
) -> None:
    """Nobody knows its certificate; the user says that it does not matter. A file may not say so alone."""
    index.add(wheel(tmp_path, "acme", "1.0"))
    url = f"{over_tls(index, certificates['server'])}/simple"
    (tmp_path / "r.txt").write_text("--trusted-host 127.0.0.1\nacme\n")
    more = {"PIP_TRUSTED_HOST": "127.0.0.1"} if way.startswith("PIP") else {}
    options = {"--trusted-host": [way, "127.0.0.1", "acme"], "requirements file": ["-r", str(tmp_path / "r.txt")]}

    wanted = ["--index-url", url, *options.get(way, ["acme"])]
    ran = guard.install(*wanted, target=venv, **more)
    if way == "requirements file":
        assert ran.code == 1, ran.err
        assert "r.txt, line 1 has 127.0.0.1 trusted without a valid certificate" in ran.said
        ran = guard.install(*wanted, "--allow", "trusted-host", target=venv)

    assert ran.code == 0, ran.err
    assert "acme==1.0" in installed(venv)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_with_a_login(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, certificates: dict[str, Path], scheme: str
) -> None:
    """The proxy alone gets its login, in a tunnel as well, and nobody reads it."""
    index.add(wheel(tmp_path, "acme", "1.0"))
    url = index.url if scheme == "http" else f"{over_tls(index, certificates['server'])}/simple"
    with Proxy(LOGIN) if scheme == "http" else Wire(tunnel) as proxy:
        address = proxy.base.replace("http://", f"http://me:{SECRET.replace('+', '%2B')}@")
        ran = guard.install(
            *("--proxy", address, "--cert", str(certificates["trusted"]), "--index-url", url, "acme"), target=venv
        )
        assert ran.code == 0, ran.err
        assert proxy.asked
        if isinstance(proxy, Wire):
            assert all(b"\r\nProxy-Authorization: Basic " in asked for asked in proxy.asked)
    assert not any("proxy-authorization" in asked.headers for asked in index.asked)
    told = everything(ran, tmp_path / "cache", venv.path)
    assert SECRET not in told
    assert SECRET.replace("+", "%2B") not in told


def test_a_proxy_that_wants_a_login(guard: Guard, index: FakeIndex, venv: Venv) -> None:
    """It is the proxy that refuses, and not the index: the message says where the login goes."""
    with Proxy(LOGIN) as proxy:
        ran = guard.install("--proxy", proxy.base, "acme", target=venv)
    assert ran.code == 3
    assert "407" in ran.said
    assert "--proxy" in ran.said


def test_relative_links_and_a_base(guard: Guard, venv: Venv, tmp_path: Path) -> None:
    """Pages link as they like: from where they were redirected to, from a base, and with a login of their own."""
    with Site() as site:
        files = {name: wheel(tmp_path, name, "1.0") for name in ("one", "two", "three")}
        for path in files.values():
            site.override(f"/deep/files/{path.name}", Answer(path.read_bytes()))
        html = {"Content-Type": "text/html"}
        one, two, three = (path.name for path in files.values())
        site.override("/simple/one/", Answer(b"", 302, {"Location": "/deep/pages/one"}))
        site.override("/deep/pages/one", Answer(f'<a href="../files/{one}">{one}</a>'.encode(), 200, html))
        based = f'<base href="{site.base}/deep/"><a href="files/{two}">{two}</a>'
        site.override("/simple/two/", Answer(based.encode(), 200, html))
        signed = f'<a href="{site.base.replace("//", f"//me:{SECRET}@")}/deep/files/{three}">{three}</a>'
        site.override("/simple/three/", Answer(signed.encode(), 200, html))

        ran = guard.install(
            "--index-url", f"{site.base}/simple", "--format", "json", "one", "two", "three", target=venv
        )

    assert ran.code == 0, ran.err
    assert {"one==1.0", "two==1.0", "three==1.0"} <= set(installed(venv))
    assert SECRET not in everything(ran, tmp_path / "cache")


def test_a_folder_and_two_servers_at_once(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """A file: index beside two others: each has a part of what is wanted, and the newest of what two have is taken.

    A name that two have is refused until the user says that it is fine.
    """
    local = tmp_path / "mirror" / "app"
    made = wheel(local, "app", "1.0", requires=["lib", "tool"])
    (local / "index.html").write_text(f'<a href="{made.name}">{made.name}</a>')
    index.add(wheel(tmp_path, "lib", "1.0"))
    with FakeIndex() as extra:
        extra.add(wheel(tmp_path / "extra", "lib", "1.1"))
        extra.add(wheel(tmp_path / "extra", "tool", "1.0"))
        wanted = ["--extra-index-url", extra.url, "--extra-index-url", (tmp_path / "mirror").as_uri(), "app"]
        refused = guard.install(*wanted, target=venv)
        ran = guard.install(*wanted, "--allow", "index-confusion:lib", target=venv)
    assert refused.code == 1
    assert f"lib 1.1 comes from {extra.url}, but the name can be had from {index.url} as well" in refused.said
    assert ran.code == 0, ran.err
    assert {"app==1.0", "lib==1.1", "tool==1.0"} <= set(installed(venv))
    assert sorted(os.listdir(local)) == [made.name, "index.html"]
