"""The table of keys, the reference and the schema are one: what one of them knows, all of them know."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest

from policy.writing import Machine
from safe_pip.policy import KEYS, schema
from safe_pip.policy.kinds.tables import Key
from safe_pip.policy.merging import BUILT_IN
from safe_pip.policy.toml_text import text_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "policy.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```", REFERENCE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
by_name = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)


@by_name
def test_every_key_is_in_the_reference(key: Key) -> None:
    """With what it means, its example, its default, and what a project may do with it."""
    text = " ".join(REFERENCE.read_text("utf-8").split())
    depth = "###" if "." in key.name else "##"

    assert f"{depth} {key.name} {' '.join(key.doc.split())}" in text
    assert f"{key.example}\n" in BLOCKS
    assert not key.default or f"Built in: `{key.default}`" in text
    assert not key.tighten or f"A project: {key.tighten}." in text


@by_name
def test_every_example_is_valid(machine: Machine, key: Key) -> None:
    """An example that is refused, or does nothing, is worse than none. Read here, and by the schema."""
    example = key.example if key.name != "extends" else 'extends = ["team.toml"]\n'
    machine.write(user="# empty", named=example, team="[levels]\n")
    found = tomllib.loads(key.example)

    assert machine.load(named="named.toml").settings.files[-1] == "named.toml"
    assert key.name.split(".")[0] in found
    jsonschema.validate(as_json(found), schema())


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_of_the_reference_is_valid(machine: Machine, block: str) -> None:
    """People copy what they see."""
    jsonschema.validate(as_json(tomllib.loads(block)), schema())
    if "extends" not in block:
        machine.write(named=block)
        machine.load(named="named.toml")


def as_json(found: object) -> object:
    """Dates as the texts that editors make of them."""
    return json.loads(json.dumps(found, default=str))


def test_the_schema_is_one() -> None:
    """Of the draft that it names, and with no key that the table does not have."""
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)

    names = {key.name for key in KEYS}
    assert {name for name in names if "." not in name} == set(made["properties"])
    assert made["properties"]["cooldown"]["properties"].keys() == {
        name.removeprefix("cooldown.") for name in names if name.startswith("cooldown.")
    }


@pytest.mark.parametrize(
    "text",
    [
        "levls = {}",
        'levels = {yankd = "note"}',
        'levels = {yanked = "blok"}',
        'cooldown = {minimum-age = "3 days"}',
        'exceptions = [{id = "X", until_fixed = true}]',
        'profiles = {ci = {extends = "x"}}',
        "sources = {require-hashes = 1}",
        "overrides = [{packages = [], levels = {}}]",
        'extends = [{url = "https://a.example/"}]',
    ],
)
def test_the_schema_refuses_what_is_refused(machine: Machine, text: str) -> None:
    """An editor that shows no error where the guard has one is no help."""
    machine.write(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(tomllib.loads(text)), schema())
    with pytest.raises(Exception, match=r"safe-pip\.toml"):
        machine.load()


def test_every_key_has_its_strictness() -> None:
    """A key that nobody has thought about must not be one that a project can loosen."""
    for key in KEYS:
        if "." in key.name or key.name == "longest-exception":
            assert key.tighten, key.name
    assert {name for name in BUILT_IN if "." in name} <= {key.name for key in KEYS}


@pytest.mark.parametrize("value", [{"a b": [1, 2.5, True]}, 'quo"te\n\x7f\\', ["ä", {"x-y": {}}]])
def test_values_written_as_toml(value: object) -> None:
    """What ``policy show`` prints can be put into a file, and means the same there."""
    assert tomllib.loads(f"k = {text_of(value)}")["k"] == value
