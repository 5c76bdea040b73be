"""safe-pip: a guard that stands between a person and ``pip install``."""

__version__ = "0.1.0"
