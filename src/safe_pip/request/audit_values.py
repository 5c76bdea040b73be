"""The options of pip that bear on an audit."""

from __future__ import annotations

from collections.abc import Sequence

from safe_pip.request.audit_given import AuditOptions
from safe_pip.request.command_line import parse
from safe_pip.request.commands import INSTALL
from safe_pip.request.pip_config import Setting
from safe_pip.request.values import Values

# What pip's configuration may say about where and how to look; the rest of it is about installing.
_CONFIGURED = frozenset(
    {
        "index_url",
        "extra_index_urls",
        "no_index",
        "find_links",
        "pre",
        "all_releases",
        "only_final",
        "no_binary",
        "only_binary",
        "prefer_binary",
        "uploaded_prior_to",
        "constraint_files",
        "proxy",
        "no_proxy_env",
        "retries",
        "timeout",
        "trusted_hosts",
        "cert",
        "client_cert",
        "no_input",
        "keyring_provider",
    }
)


def audit_values(options: AuditOptions, settings: Sequence[Setting]) -> Values:
    """The options of pip that bear on an audit, from the command line and from pip's configuration."""
    by_key = {
        flag[2:]: option.dest for option in INSTALL.pip_options() for flag in option.flags if flag.startswith("--")
    }
    configured = [setting for setting in settings if by_key.get(setting.key) in _CONFIGURED]
    values = parse(options.pip, configured, {}, INSTALL)
    # Nothing is installed anywhere: what is there already is no part of the answer.
    values.given |= {"ignore_installed": True, "break_system_packages": True, "dry_run": True}
    return values
