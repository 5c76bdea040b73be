"""A real terminal of a chosen width, for a program that writes otherwise when it has one."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path


def on_terminal(
    command: list[str], environ: Mapping[str, str], cwd: Path, *, columns: int = 80, term: str = "xterm-256color"
) -> tuple[int, str]:
    """Run a command whose stdout and stderr are a terminal. Returns its exit code and all that the terminal got."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    surroundings = {name: value for name, value in environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        command,
        env={**surroundings, "TERM": term},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        received = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # what Linux says when nobody holds the other end any more
                break
            if not part:
                break
            received += part
    os.close(ours)
    return process.returncode, received.decode("utf-8").replace("\r\n", "\n")
