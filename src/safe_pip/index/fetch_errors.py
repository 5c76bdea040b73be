"""What went wrong in asking a server, in words, without the credentials of a URL or of a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from safe_pip import urls
from safe_pip.errors import FetchError

_HINTS = {
    401: "Give user and password in the URL, in ~/.netrc, or to keyring.",
    403: "Check the URL, and that the login given for it may read this.",
    407: "Give user and password of the proxy with --proxy.",
}


class BrokenOff(FetchError):
    """An answer began and did not come to its end; asking once more may help."""


class TooLarge(FetchError):
    """An answer is larger than it may be."""


def check_status(answer: requests.Response, url: str, headers: Mapping[str, str]) -> None:
    """Raise FetchError for a status that was not asked for. headers: of the request."""
    status = answer.status_code
    wanted = {200, 203}
    if "Range" in headers:
        wanted.add(206)
    if "If-None-Match" in headers or "If-Modified-Since" in headers:
        wanted.add(304)
    if status not in wanted:
        hint = _HINTS.get(status, "")
        reason = f"the server answered {status} {_words(answer.reason)}".rstrip()
        raise FetchError(urls.redacted(url), reason, status, hint)


def _words(reason: Any) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason or "")


def fetch_error(url: str, error: Exception, kind: type[FetchError] = FetchError) -> FetchError:
    """What went wrong, in words, without the credentials of the URL or of a proxy."""
    hint = ""
    if isinstance(error, requests.exceptions.SSLError) and not _is_about_certificate(error):
        # A server that wants to see a certificate says so, or only hangs up.
        reason = f"no secure connection ({_cause(error)})"
        hint = "If the server wants to be shown a certificate, give it with --client-cert PATH."
    elif isinstance(error, requests.exceptions.SSLError):
        reason = f"its certificate cannot be trusted ({_cause(error)})"
        hint = "Give the certificates to trust with --cert, or --trusted-host HOST if you must."
    elif isinstance(error, requests.exceptions.ProxyError):
        reason = f"the proxy cannot be used ({_cause(error)})"
    elif isinstance(error, requests.exceptions.Timeout | TimeoutError) or "timed out" in str(error):
        reason = "no answer in time"
        hint = "Try again, or allow more time with --timeout SECONDS."
    elif isinstance(error, requests.exceptions.ConnectionError):
        reason = f"no connection ({_cause(error)})"
    else:
        reason = _cause(error)
    return kind(urls.redacted(url), urls.redacted(reason), hint=hint)


def _is_about_certificate(error: Exception) -> bool:
    """Whether it is the server's certificate that made an encrypted connection fail."""
    signs = ("CERTIFICATE_VERIFY_FAILED", "CertVerificationError", "CertificateError")
    return any(sign in str(error) for sign in signs)


def _cause(error: BaseException) -> str:
    """The innermost plain reason of an error of requests or urllib3, which also name it within their texts."""
    while not (isinstance(error, OSError) and error.strerror):
        inner = [getattr(error, "reason", None), *error.args, error.__cause__]
        found = next((item for item in inner if isinstance(item, BaseException)), None)
        if found is None:
            return str(error) or type(error).__name__
        error = found
    return error.strerror


def senseless(url: str) -> FetchError:
    """The error for a part of a file that is not what it says, or not what was asked for."""
    return FetchError(urls.redacted(url), "the server's answer to a request for a part of the file makes no sense")


def too_large(url: str, limit: int) -> FetchError:
    """The error for an answer that is larger than it may be. limit: bytes."""
    return TooLarge(urls.redacted(url), f"the answer is larger than {limit:,} bytes")
