"""Where a file comes from: index-confusion, source-not-allowed, direct-url and vcs-not-pinned."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from collections.abc import Iterator

from safe_pip import urls
from safe_pip.model import Evidence, PolicyLine
from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.settings.tables import Pinned

_COMMIT = {"git": r"[0-9a-f]{40}|[0-9a-f]{64}", "hg": r"[0-9a-f]{40}", "svn": r"r?[0-9]+", "bzr": r"[0-9]+"}
"""What names one state for good, by kind of repository."""


def confused(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a name that several indexes have without saying that it is one project (PEP 708).

    A pin of the policy, though not of a project's own file alone, a hash that was asked for and a lock file settle
    which is meant. A file that all of them list alike is the same wherever it comes from; and an index that lists
    nothing but what the file's own index lists as well is a copy of that, and nobody else's.
    """
    project, item = candidacy.project, candidacy.item
    if project is None or len(project.homes) < 2 or project.related or candidacy.locked:
        return
    pin = pin_for(candidacy)
    if pin is not None and pin.settles:
        return
    if item is not None and (item.hashes or item.direct_url is not None):
        return
    if any(name == "sha256" and digest in project.mirrored for name, digest in candidacy.file.hashes):
        return
    taken = project.home_of(candidacy.file.listed_on)
    page = candidacy.file.listed_on or ""
    others = [
        home
        for home, other in zip(project.homes, project.pages, strict=False)
        if home != taken and (other, page) not in project.copies
    ]
    if not others:
        return
    from_ = urls.redacted(taken or candidacy.file.url)
    shown = " and ".join(map(urls.redacted, others))
    yield Concern(
        "index-confusion",
        f"{candidacy.named} comes from {from_}, but the name can be had from {shown} as well, and the indexes do not "
        "declare that they mean the same (PEP 708). Whoever may upload to either decides what is installed.",
        "on several indexes",
        f"Look only where you must, pin the file with --hash, or say in the policy where {candidacy.name} comes from: "
        f'sources.pinned = {{"{candidacy.name}" = "{from_}"}}',
        tuple(Evidence("index", urls.redacted(home)) for home in project.homes),
    )


def not_allowed(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file from elsewhere than the policy has it: its indexes, or the one that a name is pinned to.

    What lies on this machine outside of any index is the person's own, unless its name is pinned.
    """
    pin = pin_for(candidacy)
    file = candidacy.file
    home = candidacy.project.home_of(file.listed_on) if candidacy.project is not None else None
    place = home or file.listed_on or file.url
    if pin is not None:
        if not _lies_below(place, pin.index):
            rule = f"{pin.packages} may come from {urls.redacted(pin.index)} only"
            yield _elsewhere(candidacy, place, rule, pin.line)
        return
    sources = candidacy.settings.sources
    allowed = sources.indexes
    if allowed is None or (file.is_local and file.listed_on is None):
        return
    if not any(_lies_below(place, base) for base in allowed):
        may = " and ".join(map(urls.redacted, allowed)) or "none"
        rule = f"the policy allows {may} only" if allowed else "the policy allows no index"
        yield _elsewhere(candidacy, place, rule, sources.lines.get("indexes"))


def direct(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file by URL, from no index; a path on this machine that the user gave is the user's own."""
    item = candidacy.item
    if item is None or item.direct_url is None or (item.requested and urls.scheme(item.direct_url) == "file"):
        return
    url = urls.redacted(item.direct_url)
    if item.requested:
        message = f"{candidacy.name} is taken from {url}, and not from an index."
        help = "An index can yank a file or quarantine a project; who has the URL is told of neither."
    else:
        parent = item.chain[-2] if len(item.chain) > 1 else "a dependency"
        message = f"{parent} has {candidacy.name} taken from {url}, and not from an index."
        help = f"Ask for {candidacy.name} from an index yourself, or for a version of {parent} that does."
    yield Concern("direct-url", message, "by URL", help, (Evidence("URL", url),))


def not_pinned(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a version-control checkout by a name that may stand for another state tomorrow."""
    item = candidacy.item
    url = item.direct_url if item is not None and item.direct_url is not None else candidacy.file.url
    if not urls.is_vcs(url):
        return
    kind = urls.scheme(url).partition("+")[0]
    path = urls.without_fragment(url).rpartition("/")[2]
    _, at, revision = path.rpartition("@")
    if re.fullmatch(_COMMIT.get(kind, r"(?!)"), revision if at else "", re.IGNORECASE) is None:
        wanted = "a full commit" if kind in ("git", "hg") else "a revision"
        bare = urls.redacted(urls.without_fragment(url)).removesuffix(f"@{revision}")
        said = f"{revision!r}, which is a branch, a tag or a part of a commit" if at else "none"
        yield Concern(
            "vcs-not-pinned",
            f"{candidacy.name} is taken from version control without {wanted}: what is there may change.",
            "not at a full commit",
            f"Name it in full: {bare}@<commit>",
            (Evidence("revision", said),),
        )


def pin_for(candidacy: Candidacy) -> Pinned | None:
    """The index that the policy pins a name to; of several patterns that match the last one counts."""
    pins = reversed(candidacy.settings.sources.pinned)
    return next((pin for pin in pins if pin.packages.matches(candidacy.name, candidacy.version)), None)


def _elsewhere(candidacy: Candidacy, place: str, rule: str, line: PolicyLine | None) -> Concern:
    shown = urls.redacted(place)
    return Concern(
        "source-not-allowed",
        f"{candidacy.named} comes from {shown}, and {rule}.",
        f"from {shown}",
        "Ask for it from an index that the policy allows.",
        (Evidence("from", shown), *([Evidence("policy", str(line))] if line is not None else [])),
    )


def _lies_below(place: str, base: str) -> bool:
    """Whether a URL is a base or below it; neither credentials nor the spelling make a difference."""
    return _plain(place).startswith(_plain(base))


def _plain(url: str) -> str:
    """A URL as servers understand it: without credentials, query and default port, its dots resolved, as a folder."""
    try:
        parts = urllib.parse.urlsplit(urls.split_credentials(url)[0])
    except ValueError:
        return url
    host = parts.netloc.lower().removesuffix({"https": ":443", "http": ":80"}.get(parts.scheme, "/"))
    path = posixpath.normpath(f"/{urllib.parse.unquote(parts.path).lstrip('/')}").rstrip("/")
    return f"{parts.scheme}://{host}{path}/"
