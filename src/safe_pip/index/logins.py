"""User and password: which belong to an address, and how they are sent."""

from __future__ import annotations

import posixpath
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import TypeVar

import requests
import requests.auth
import requests.utils

from safe_pip import urls
from safe_pip.index.keyring import Keyring

Value = TypeVar("Value")


class Logins:
    """User and password by URL, so that no other host ever sees them.

    known: by index URL or other address, without the credentials themselves. What it does not hold is looked up in
    netrc, and after a refusal in the keyring. indexes: the base URLs that the keyring may know logins by.
    Source: pip's network/auth.py, _get_new_credentials, _get_index_url and handle_401.
    """

    def __init__(
        self, known: Mapping[str, tuple[str, str]], indexes: Iterable[str] = (), keyring: Keyring | None = None
    ) -> None:
        self._known = list(known.items())
        self._indexes = [(url, url) for url in (urls.split_credentials(index)[0] for index in indexes)]
        self._keyring = keyring
        self._kept: dict[tuple[str, str], tuple[str, str]] = {}

    def find(self, url: str) -> tuple[str, str] | None:
        """The login for a URL: of the addresses on its very host and port the one that shares the longest path."""
        found = _nearest(url, self._known)
        if found is not None and found[1]:
            return found
        kept = self._kept.get(_origin(url))
        if kept is not None and found is not None and found[0] != kept[0]:
            kept = None
        return requests.utils.get_netrc_auth(url) or kept or found

    def after_refusal(self, url: str, given: tuple[str, str] | None) -> tuple[str, str] | None:
        """The login that the keyring has for a URL to which the server said 401; None where it is not to be asked.

        given: what the URL itself named. Who has given a password is not helped by another one.
        """
        stated = given or _nearest(url, self._known)
        if self._keyring is None or (stated is not None and stated[1]):
            return None
        user = stated[0] if stated is not None else None
        index = _nearest(url, self._indexes)
        scheme, host = _origin(url)
        if index is None and scheme == "http" and _nearest(f"https://{host}/", self._indexes) is not None:
            return None
        services = ([f"{index.rstrip('/')}/"] if index is not None else []) + [host]
        for service in services:
            found = self._keyring.find(service, user)
            if found is not None:
                self._kept[scheme, host] = found
                return found
        return None


def _nearest(url: str, known: Iterable[tuple[str, Value]]) -> Value | None:
    """What is known by the address on a URL's host and port that shares the most of its path; the first of several.

    What is known by https is for https alone.
    """
    scheme, host = _origin(url)
    path = _folder(url)
    shared = [
        (len(posixpath.commonpath([path, _folder(address)])), value)
        for address, value in known
        if _origin(address)[1] == host and (scheme == "https" or _origin(address)[0] != "https")
    ]
    return max(shared, key=lambda item: item[0])[1] if shared else None


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _folder(url: str) -> str:
    return posixpath.normpath(f"/{urllib.parse.urlsplit(url).path.strip('/')}")


class Login(requests.auth.AuthBase):
    """Basic authentication with one login, or none; given with every request, so that requests adds none itself."""

    def __init__(self, login: tuple[str, str] | None) -> None:
        self._login = login

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._login is not None:
            requests.auth.HTTPBasicAuth(*(_header_bytes(text) for text in self._login))(request)
        return request


def _header_bytes(text: str) -> bytes:
    """Latin-1 as pip sends it, and UTF-8 where that cannot say it (RFC 7617)."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
