"""``python -m safe_pip`` and the ``safe-pip`` script."""

from __future__ import annotations

import io
import os
import sys

if __name__ == "__main__":
    # As pip does: what lies in the current folder, which may be a cloned one, is none of our modules.
    try:
        folder = os.getcwd()
    except OSError:
        folder = ""
    if sys.path[0] in ("", folder):
        del sys.path[0]

from safe_pip.cli import main as run


def main() -> None:
    """Run the program and end the process with its exit code.

    The process ends without waiting for threads that still read from a network nobody needs any more; everything that
    has to be put in order has been by then, since ``run`` has returned.
    """
    # A stream that was closed before we started leads nowhere.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A letter that the encoding lacks is written out, as on stderr, and ends nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = run()
    except KeyboardInterrupt:
        # Before a command could say so itself: while it was being loaded.
        print("Interrupted.", file=sys.stderr)
        code = 130
    except SystemExit:
        # How rich says that whoever read our output has gone: nobody has read the report.
        code = 3
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # A report that nobody can read, in a pipe or on a full disk, must not look like a good end.
            code = code or 3
    os._exit(code)


if __name__ == "__main__":
    main()
