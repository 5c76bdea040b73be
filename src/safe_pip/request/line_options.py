"""The options on one line of a requirements file."""

from __future__ import annotations

import functools
import shlex
from dataclasses import replace

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.request.option_parser import OptionParser
from safe_pip.request.options import Option, all_options
from safe_pip.request.values import ControlBuilder, Values

# The options that may stand on a line of their own in a requirements file, and those that belong to the requirement
# before them (pip: req/req_file.py, SUPPORTED_OPTIONS and SUPPORTED_OPTIONS_REQ).
_LINE_OPTIONS = frozenset(
    {
        "index_url",
        "extra_index_urls",
        "no_index",
        "constraint_files",
        "requirement_files",
        "editable",
        "find_links",
        "no_binary",
        "only_binary",
        "prefer_binary",
        "require_hashes",
        "no_require_hashes",
        "pre",
        "all_releases",
        "only_final",
        "trusted_hosts",
        "use_feature",
        "config_settings",
    }
)
_HASH = Option(("--hash",), "hash", "append", "ALGORITHM:DIGEST")


@functools.cache
def _line_parser(editable: bool) -> OptionParser:
    rows = [option for option in all_options() if option.dest in _LINE_OPTIONS]
    if editable:
        rows = [replace(option, refused="") if option.dest == "editable" else option for option in rows]
    return OptionParser([*rows, _HASH])


def parse_line(
    text: str, *, formats: ControlBuilder, releases: ControlBuilder, editable: bool = False
) -> tuple[str, Values]:
    """Split one line of a requirements file into the requirement before its options, and the options.

    formats, releases: the controls so far, which the line's options change. editable: whether ``-e`` is taken.
    Raises UsageError with no place in it: the caller knows the file and the line.
    """
    words = text.split(" ")
    first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    requirement, rest = " ".join(words[:first]), " ".join(words[first:])
    try:
        arguments = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"The options cannot be split: {urls.shown(rest)}.") from error
    parser = _line_parser(editable)
    parser.sink = Values(formats=formats, releases=releases)
    if arguments:
        _, parser.sink.arguments = parser.parse_args(arguments)
    return requirement, parser.sink
