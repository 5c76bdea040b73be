"""The certificates that https is trusted by, read once for all sessions."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from functools import lru_cache

import requests.utils
import truststore


def context_for(bundle: str | None) -> ssl.SSLContext | None:
    """The certificates of a bundle, else those of the system, as pip has it since 24.2, and of certifi beside them.

    None where the bundle cannot be read.
    """
    context: ssl.SSLContext
    try:
        if bundle:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            folder = os.path.isdir(bundle)
            context.load_verify_locations(capath=bundle) if folder else context.load_verify_locations(cafile=bundle)
            return context
        paths = ssl.get_default_verify_paths()
        if sys.platform not in ("darwin", "win32") and (paths.cafile or (paths.capath and os.listdir(paths.capath))):
            # What truststore would do here as well, but anew for each connection.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.set_default_verify_paths()
        else:
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=requests.utils.DEFAULT_CA_BUNDLE_PATH)
    except OSError:
        return None
    return context


_kept_context = lru_cache(maxsize=8)(context_for)
_reading = threading.Lock()


def shared_context(bundle: str | None) -> ssl.SSLContext | None:
    """The same, read once for all sessions, also where several want it at once."""
    with _reading:
        return _kept_context(bundle)
