"""Worlds that the generator found the two programs to differ on, or to stumble over, made small."""

from __future__ import annotations

from parity.worlds import Whl, World

CASES = {
    "circle-left-over": World(
        (
            Whl("gg 1.1", ("dd<2.1",)),
            Whl("gg 1.0"),
            Whl("dd 2.0", ("ff",)),
            Whl("ff 1.1", ("ff", "gg==1.0"), at="extra"),
        ),
        "gg",
        None,
        why="ff needs itself and is left over when gg 1.1 is given up: resolvelib recurses until Python stops it. "
        "gg 1.0 would do, but pip ends with that error, and so does safe-pip, in plain words.",
    ),
    "installed-ruled-out": World(
        (
            Whl("ff 1.0", ("ii",)),
            Whl("ff 3.0"),
            Whl("ii 1.0"),
        ),
        "-U 'ff[x]'",
        "",
        installed=(Whl("ff 3.0", ("gone ; extra == 'x'",), extras=("x",)),),
        why="What is installed cannot be kept with that extra. The file of the same version comes after it, and is "
        "what is there already, so that nothing is to be installed.",
    ),
}
