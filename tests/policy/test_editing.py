"""One exception more in a policy file: everything else of the file, every byte of it, stays as it was."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_pip.policy.editing import add_exception
from safe_pip.policy.files import PolicyError

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

EXCEPTION: dict[str, Any] = {
    "id": "PYSEC-2026-1",
    "package": "weak<2",
    "reason": 'the "debugger" is off \\ ünïcode',
    "expires": date(2026, 12, 31),
}
BLOCK = """\
id = "PYSEC-2026-1"
package = "weak<2"
reason = "the \\"debugger\\" is off \\\\ ünïcode"
expires = 2026-12-31
"""
INLINE = (
    '{id = "PYSEC-2026-1", package = "weak<2", reason = "the \\"debugger\\" is off \\\\ ünïcode", expires = 2026-12-31}'
)
TABLE = ("tool", "safe-pip")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", f"[[exceptions]]\n{BLOCK}", id="an empty file"),
        pytest.param("# ours\n", f"# ours\n\n[[exceptions]]\n{BLOCK}", id="a comment alone"),
        pytest.param("x = 1", f"x = 1\n\n[[exceptions]]\n{BLOCK}", id="no line end at its end"),
        pytest.param(
            "[[exceptions]]\nid = 'a' # why\n\n# about ages\n[cooldown]\n",
            f"[[exceptions]]\nid = 'a' # why\n\n[[exceptions]]\n{BLOCK}\n# about ages\n[cooldown]\n",
            id="the comment of the next table stays with it",
        ),
        pytest.param(
            "[[exceptions]]\nid = 'a'\n# seen in May\n\n\n[cooldown]\n",
            f"[[exceptions]]\nid = 'a'\n# seen in May\n\n[[exceptions]]\n{BLOCK}\n\n[cooldown]\n",
            id="the comment of the last one stays with that",
        ),
        pytest.param(
            "[[exceptions]]\nid = 'a'\n[cooldown]\n",
            f"[[exceptions]]\nid = 'a'\n\n[[exceptions]]\n{BLOCK}\n[cooldown]\n",
            id="nothing between tables",
        ),
        pytest.param(
            "a = '''\n[[exceptions]]\n'''\n[[exceptions]]\nid = 'a'\n[b]\nc = [\n [1],\n]\n",
            f"a = '''\n[[exceptions]]\n'''\n[[exceptions]]\nid = 'a'\n"
            f"\n[[exceptions]]\n{BLOCK}\n[b]\nc = [\n [1],\n]\n",
            id="what looks like a header and is a text, or an array",
        ),
        pytest.param("exceptions = []\nx = 1\n", f"exceptions = [{INLINE}]\nx = 1\n", id="an empty array"),
        pytest.param(
            "exceptions = [{id = 'a'}]\n[levels]\n",
            f"exceptions = [{{id = 'a'}}, {INLINE}]\n[levels]\n",
            id="an array on one line",
        ),
        pytest.param(
            "exceptions = [\n  {id = 'a'}, # one\n  # two\n  {id = 'b'}, # three\n]\n",
            f"exceptions = [\n  {{id = 'a'}}, # one\n  # two\n  {{id = 'b'}}, # three\n  {INLINE},\n]\n",
            id="an array on many lines",
        ),
    ],
)
def test_where_it_goes(before: str, after: str) -> None:
    """Whoever reviews the change sees an exception beside the others, and no comment that has moved."""
    edited = add_exception(before, EXCEPTION, "safe-pip.toml")

    assert edited.text == after
    assert add_exception(before.replace("\n", "\r\n"), EXCEPTION, "f").text in (
        after.replace("\n", "\r\n"),
        # A file of one line without an end does not say which ends it likes.
        before + after.removeprefix(before),
    )
    lines = after.split("\n")
    assert lines[edited.line - 1 : edited.line - 1 + len(edited.added)] == list(edited.added)
    assert any("PYSEC-2026-1" in line for line in edited.added)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "[project]\nname = 'x'\n",
            f"[project]\nname = 'x'\n\n[[tool.safe-pip.exceptions]]\n{BLOCK}",
            id="no policy yet",
        ),
        pytest.param(
            "[tool.safe-pip]\n[tool.safe-pip.levels]\nyanked = 'block'\n\n# ruff\n[tool.ruff]\n",
            "[tool.safe-pip]\n[tool.safe-pip.levels]\nyanked = 'block'\n\n"
            f"[[tool.safe-pip.exceptions]]\n{BLOCK}\n# ruff\n[tool.ruff]\n",
            id="in the middle",
        ),
        pytest.param(
            "[tool]\nsafe-pip = {levels = {yanked = 'block'}}\n[tool.ruff]\n",
            f"[tool]\nsafe-pip = {{levels = {{yanked = 'block'}}, exceptions = [{INLINE}]}}\n[tool.ruff]\n",
            id="an inline table",
        ),
        pytest.param(
            "[tool]\nsafe-pip.levels.yanked = 'block'\n",
            f"[tool]\nsafe-pip.levels.yanked = 'block'\n\n[[tool.safe-pip.exceptions]]\n{BLOCK}",
            id="dotted keys",
        ),
        pytest.param(
            "tool.safe-pip.exceptions = [{id = 'a'}]\n",
            f"tool.safe-pip.exceptions = [{{id = 'a'}}, {INLINE}]\n",
            id="an array under a dotted key",
        ),
        pytest.param(
            "[tool.'safe-pip']\nexceptions = [\n]\n[tool.x]\n",
            f"[tool.'safe-pip']\nexceptions = [\n    {INLINE}\n]\n[tool.x]\n",
            id="a key in quotation marks",
        ),
    ],
)
def test_where_it_goes_in_a_pyproject(before: str, after: str) -> None:
    """The same where the policy is a table of another file, however that table is written."""
    assert add_exception(before, EXCEPTION, "pyproject.toml", prefix=TABLE).text == after


@pytest.mark.parametrize(
    "before", ["[levels\n", "a = 1\na = 2\n", "exceptions = 1\n", "exceptions = {id = 'a'}\n", "[exceptions]\n"]
)
def test_what_cannot_be_changed_is_refused(before: str) -> None:
    """Rather nothing than a file that is broken, or means something else than before."""
    with pytest.raises(PolicyError) as raised:
        add_exception(before, EXCEPTION, "safe-pip.toml")

    assert "safe-pip.toml" in raised.value.message


# --------------------------------------------------------------------------- any file

_COMMENTS = st.sampled_from(["", "# a comment\n", "\n", "\n\n# two\n# lines\n", "#\n\n", "  # indented\n"])
_KEYS = st.sampled_from(
    [
        "",
        "a = 1\n",
        "a = 'x' # [[exceptions]]\n",
        "a = '''\n[[exceptions]]\n# '''\n",
        "a = [\n  [1, 2], # c\n  [3],\n]\n",
    ]
)
_HELD = st.sampled_from(
    [
        "",
        "[[exceptions]]\nid = 'one'\n",
        "[[exceptions]]\nid = 'one' # c\n\n\n[[exceptions]] # d\nid = 'two'\n# e\n",
        "  [[ exceptions ]]\n  id = 'one'\n",
    ]
)
_ARRAYS = st.sampled_from(
    ["", "exceptions = []\n", "exceptions = [{id = 'one'}] # c\n", "exceptions=[\n\t{id = 'one'},\n\t# c\n]\n"]
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A policy file: keys, tables before and behind the exceptions, comments between all of them, any line ends."""
    array = draw(_ARRAYS)
    parts = [draw(_COMMENTS), array, draw(_COMMENTS), "b = 2\n", draw(_COMMENTS), "[levels]\n", draw(_KEYS)]
    parts += [draw(_COMMENTS), "" if array else draw(_HELD), draw(_COMMENTS)]
    parts += [f"[cooldown]\n{draw(_KEYS)}{draw(_COMMENTS)}[sources]\n{draw(_KEYS)}" if draw(st.booleans()) else ""]
    text = "".join([*parts, draw(_COMMENTS)])
    if draw(st.booleans()):
        text = text.rstrip("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@given(files(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_everything_else_stays(before: str, reason: str) -> None:
    """The promise of the command: one piece is added, what is before and behind it is the same, byte by byte."""
    exception = EXCEPTION | {"reason": reason}
    edited = add_exception(before, exception, "safe-pip.toml")

    added = len(edited.text) - len(before)
    assert any(edited.text[:at] + edited.text[at + added :] == before for at in range(len(before) + 1))
    was, now = (toml.loads(text.replace("\r\n", "\n")) for text in (before, edited.text))
    assert now == was | {"exceptions": [*was.get("exceptions", []), exception]}
    if "\r\n" in before:
        assert edited.text.count("\r\n") == edited.text.count("\n")
    again = add_exception(edited.text, exception, "safe-pip.toml")
    assert len(toml.loads(again.text.replace("\r\n", "\n"))["exceptions"]) == len(now["exceptions"]) + 1
