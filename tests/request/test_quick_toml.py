"""The quick reader of TOML gives what tomllib gives, or nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_pip.request.quick_toml import quick_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LINES = [
    "[a]",
    "[a.b]",
    "[a.b.c]",
    "[b]",
    "[[a]]",
    "[ a ]",
    "# a comment",
    '# a "comment',
    "",
    " ",
    'k = "v"',
    'k = "v" # comment',
    'b = "x = y"',
    'c = "a, b]\\" \\\\ {"',
    "d = 'single'",
    'e = """',
    "n = 12",
    "n2 = 012",
    "n3 = 1_000",
    "n4 = -1",
    "f = 1.5",
    "t = true",
    "u = null",
    "w = NaN",
    "date = 2024-01-01",
    "l = [",
    "l2 = []",
    'l3 = ["a", "b"]',
    'l4 = ["a", 3]',
    "]",
    "],",
    '    "item",',
    '    "item"',
    '    {x = "1", y = true},',
    '    { x = "1", y = 2, z = ["a"] },',
    '    {x = "1", x = "2"},',
    "    {},",
    'a = {x = "1"}',
    'a.b = "dotted"',
    '"q.k" = "v"',
    '"q\\"k" = "v"',
    'k2 = "\\u0041"',
    'k3 = "\\t\\n"',
    'k4 = "tab\there"',
    'k5 = "\x7f"',
    'k6 = "é\u2028"',
    'k7 = ""',
    'k8 = """"""',
    'k9 = "a" "b"',
    'l5 = [{x = "1"}, {y = "2"}]',
    'm = {x = {y = "1"}, z = []}',
]


def same(text: str) -> bool:
    """Whether the quick reader gave an answer; a wrong one is a failure."""
    quick = quick_toml(text)
    if quick is not None:
        assert quick == tomllib.loads(text)
    return quick is not None


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_lines_in_any_order_read_as_tomllib_reads_them(lines: list[str]) -> None:
    """An answer that differs from tomllib's would audit something else than what is installed."""
    same("\n".join(lines))


@given(
    st.lists(
        st.sampled_from([line for line in LINES if quick_toml(line) is not None or line in ("l = [", "]")]), max_size=8
    )
)
def test_good_lines_too(lines: list[str]) -> None:
    """The same with lines that the quick reader knows, so that it answers more often."""
    same("\n".join(lines))


@given(st.text(alphabet='ab ="[]{},.#\n\\0', max_size=40))
def test_any_text(text: str) -> None:
    """The same for texts of the characters that matter."""
    same(text)


@pytest.mark.parametrize("name", ["poetry.lock", "pdm.lock", "uv.lock", "pylock.toml"])
def test_real_files_with_one_change(shared: Path, name: str) -> None:
    """Every table of real files is read alike, and so it is with a character taken out, wherever that is."""
    text = (shared / "corpus" / "locks" / name).read_text()
    separator = "\n[[packages]]\n" if name == "pylock.toml" else "\n[[package]]\n"
    blocks = text.split(separator)[1:]

    assert sum(same(block) for block in blocks) >= len(blocks) - 2
    block = min((block for block in blocks if "dependencies" in block or "marker" in block), key=len)
    for place in range(len(block)):
        changed = block[:place] + block[place + 1 :]
        if quick_toml(changed) is not None:
            same(changed)
