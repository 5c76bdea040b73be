"""Run as a program, never imported: asks pip what it makes of arguments, configuration and requirements files.

It reads a list of cases from stdin and writes a list of answers, one each, to stdout, all in JSON. The first argument
is the folder that holds pip. Only the parser and the reader of ``pip install`` are asked: nothing is resolved.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from pip._internal.cli import cmdoptions
from pip._internal.commands import create_command
from pip._internal.utils.temp_dir import global_tempdir_manager, tempdir_registry


def plain(value: Any) -> Any:
    """A value of an option in a form that JSON has."""
    if hasattr(value, "no_binary"):
        return [sorted(value.no_binary), sorted(value.only_binary)]
    if hasattr(value, "only_final"):
        return [sorted(value.all_releases), sorted(value.only_final)]
    if isinstance(value, set):
        return sorted(value)
    return value if isinstance(value, (str, int, float, list, type(None))) else repr(value)


def requirement(item: Any) -> dict[str, Any]:
    """What pip has read of one requirement."""
    return {
        "name": item.req and item.req.name,
        "specifier": str(item.req.specifier) if item.req else "",
        "extras": sorted(item.extras),
        "marker": item.markers and str(item.markers),
        "url": item.link and item.link.url,
        "constraint": item.constraint,
        "hashes": item.hash_options,
    }


def answer(arguments: list[str], *, read: bool) -> dict[str, Any]:
    """The values of all options; with ``read`` also what the files say, after which the options may have changed."""
    # A list that pip fills in place, and that would go on to the next case.
    cmdoptions.dependency_groups.keywords["default"] = []
    command = create_command("install", isolated="--isolated" in arguments)
    if arguments == ["--every-option"]:
        options = command.parser.option_list_all
        return {"flags": [[option._short_opts + option._long_opts, option.takes_value()] for option in options]}
    found: dict[str, Any] = {}
    with command.main_context():
        command.tempdir_registry = command.enter_context(tempdir_registry())
        command.enter_context(global_tempdir_manager())
        options, words = command.parse_args(arguments)
        if read:
            cmdoptions.check_release_control_exclusive(options)
            finder = command._build_package_finder(options=options, session=command.get_default_session(options))
            items = command.get_requirements(words, options, finder, command.get_default_session(options))
            found = {
                "requirements": [requirement(item) for item in items],
                "index_urls": finder.index_urls,
                "find_links": finder.find_links,
                "prefer_binary": finder.prefer_binary,
                "trusted_hosts": list(finder.trusted_hosts),
            }
        return {"arguments": words, "options": {name: plain(value) for name, value in vars(options).items()}, **found}


def main() -> None:
    """Answer every case; what pip refuses, with the error."""
    own, surroundings = sys.stdout, dict(os.environ)
    sys.stdout = sys.stderr
    answers: list[dict[str, Any]] = []
    for case in json.load(sys.stdin):
        os.environ.clear()
        os.environ.update({**surroundings, **case["environ"]})
        os.chdir(case["cwd"])
        try:
            answers.append(answer(list(case["arguments"]), read=case["read"]))
        except SystemExit as error:
            answers.append({"error": f"exit {error.code}"})
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(answers, own)


if __name__ == "__main__":
    main()
