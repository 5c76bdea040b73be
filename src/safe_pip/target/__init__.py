"""The Python that is installed into: found, asked what it is, and read, without running its site code.

Which one it is (``interpreter``), what it answers (``probing``, which runs ``probe.py`` in it), what is installed for
it (``distributions``, ``metadata``); and of what is installed: what decides about a plan (``installed``), what the
files are that RECORD lists (``recorded``), and code that no RECORD lists (``unrecorded``).
"""
