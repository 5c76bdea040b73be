"""Every finding code, with what it weighs where no policy says otherwise. The one list that all others follow.

Each code has a heading in docs/reference/findings.md, and a rule in ``rules`` or a place in ``judge``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from safe_pip.model import Level

Kind = Literal["advisory", "index", "source", "bytes", "package", "policy"]
"""What has to be looked at: advisories, the pages of an index, where a file comes from, a file's bytes, what a package
says of itself, or the policy."""


class Code(NamedTuple):
    """A finding code. install, audit: its level in the built-in policy.

    candidate: whether it can be told of a candidate before its bytes are here, so that the resolver can avoid it.
    """

    code: str
    kind: Kind
    install: Level
    audit: Level
    candidate: bool


_ALLOW, _NOTE, _WARN, _BLOCK, _AVOID = Level

_EVERY = (
    # What is on record.
    Code("malware", "advisory", _BLOCK, _BLOCK, True),
    Code("vulnerability", "advisory", _BLOCK, _BLOCK, True),
    # What the index says of a project and its files. An audit asks no index by itself, and tells what it has seen.
    Code("quarantined", "index", _AVOID, _BLOCK, True),
    Code("archived", "index", _NOTE, _ALLOW, True),
    Code("deprecated", "index", _NOTE, _ALLOW, True),
    Code("yanked", "index", _WARN, _ALLOW, True),
    Code("too-new", "index", _AVOID, _ALLOW, True),
    Code("unknown-age", "index", _ALLOW, _ALLOW, True),
    Code("late-file", "index", _NOTE, _ALLOW, True),
    Code("lost-wheels", "index", _WARN, _ALLOW, True),
    Code("lost-provenance", "index", _WARN, _ALLOW, True),
    Code("changed-publisher", "index", _WARN, _ALLOW, True),
    Code("invalid-provenance", "index", _BLOCK, _ALLOW, True),
    Code("name-confusion", "index", _WARN, _ALLOW, True),
    # Where a file comes from, and how that was settled.
    Code("index-confusion", "source", _BLOCK, _ALLOW, True),
    Code("source-not-allowed", "source", _BLOCK, _ALLOW, True),
    Code("direct-url", "source", _NOTE, _ALLOW, True),
    Code("vcs-not-pinned", "source", _WARN, _ALLOW, True),
    Code("trusted-host", "source", _BLOCK, _ALLOW, False),
    Code("index-change", "source", _WARN, _ALLOW, False),
    Code("hash-missing", "source", _ALLOW, _ALLOW, False),
    # What a package is, and says of itself.
    Code("build-required", "package", _BLOCK, _ALLOW, True),
    Code("denied-package", "package", _BLOCK, _BLOCK, True),
    Code("license-not-allowed", "package", _BLOCK, _BLOCK, True),
    Code("license-unknown", "package", _WARN, _WARN, True),
    Code("new-dependency", "package", _NOTE, _ALLOW, False),
    # The bytes.
    Code("hash-mismatch", "bytes", _BLOCK, _BLOCK, False),
    Code("metadata-mismatch", "bytes", _BLOCK, _BLOCK, False),
    Code("unsafe-archive", "bytes", _BLOCK, _ALLOW, False),
    Code("record-mismatch", "bytes", _WARN, _ALLOW, False),
    Code("unrecorded-code", "bytes", _BLOCK, _ALLOW, False),
    Code("startup-hook", "bytes", _BLOCK, _ALLOW, False),
    Code("new-hook", "bytes", _BLOCK, _ALLOW, False),
    Code("file-shadowing", "bytes", _BLOCK, _ALLOW, False),
    Code("surprising-script", "bytes", _WARN, _ALLOW, False),
    Code("native-code", "bytes", _WARN, _ALLOW, False),
    # What the policy itself has to say.
    Code("exception-expired", "policy", _WARN, _WARN, False),
    Code("exception-too-long", "policy", _WARN, _WARN, False),
    Code("exception-unused", "policy", _NOTE, _ALLOW, False),
    Code("old-advisories", "policy", _WARN, _WARN, False),
    # Where the policy has a source that cannot be had be a warning; otherwise it is no finding, but unchecked.
    Code("advisories-unavailable", "policy", _WARN, _WARN, False),
)

CODES = {entry.code: entry for entry in _EVERY}
"""The table, by code."""

MUST_BE_SEEN = frozenset({"malware", "hash-mismatch"})
"""What ``--avoid`` does not step around, nor a project's own policy: whoever runs into it has to know."""

CODES_OF_INSTALLED = (
    "record-mismatch",
    "unrecorded-code",
    "startup-hook",
    "file-shadowing",
    "surprising-script",
    "native-code",
)
"""The codes about bytes that what is installed can have."""
