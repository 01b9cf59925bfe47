"""The environment of git and ssh: what they need, a checked address, and none of the secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from ingest.errors import DownloadError, SourceRefusedError
from ingest.sources.address.git_uri import GitUri
from ingest.sources.http.address_guard import AddressGuard, Resolver
from ingest.sources.http.address_kinds import is_literal
from ingest.sources.http.credentials import build_basic_auth, read_token
from ingest.sources.source import Source

# What finds programs, keys, certificates and proxies. Everything else stays here: the environment
# of docent holds the tokens of Slack, of LLMs and of other sources.
_PASSED = re.compile(
    r"PATH|LD_LIBRARY_PATH|HOME|USER|LOGNAME|LANG|TMPDIR|SSH_AUTH_SOCK|XDG_CONFIG_HOME|"
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|EXEC_PATH|PROXY_SSL_\w+|"
    r"SSL_(CAINFO|CAPATH|CERT|KEY|NO_VERIFY|VERSION)|HTTP_PROXY_AUTHMETHOD)|"
    r"SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy"
)
_TOKEN_USER = "x-access-token"  # noqa: S105  (GitHub's; GitLab and Gitea take any)
_SSH = "ssh -o BatchMode=yes -o ForwardAgent=no -o ClearAllForwardings=yes"
# Only what docent, git and ssh read alike: `%31` or a full-width dot would be another host there.
_PLAIN_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_PORTS = {"http": 80, "https": 443, "ssh": 22}


def build_environment(source: Source, uri: GitUri, resolve: Resolver) -> dict[str, str]:
    """Return an environment where git asks nothing and finds the token.

    Args:
        source: the source, whose token is sent.
        uri: the source's address, parsed.
        resolve: returns the addresses of a host.

    Returns:
        The variables by name.

    Raises:
        SourceRefusedError: the host is in a private network, or git could misread it.
        DownloadError: the host has no address.
        SourceAccessError: the variable that `token_env` names is not set.
    """
    inherited = {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}
    config = {
        "remote.origin.url": uri.url,
        # Objects may be missing: the clone is partial.
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "core.askPass": "",
        "credential.helper": "",
        "submodule.recurse": "false",
        "transfer.bundleURI": "false",
        "gc.auto": "0",
        "maintenance.auto": "false",
        "protocol.version": "2",
        "protocol.ext.allow": "never",
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": "60",
        # git would connect to where it is sent before anyone could look at the address.
        "http.followRedirects": "false",
        **_pin_host(source, uri, resolve),
        **_build_login_config(source, uri),
    }
    numbered = {f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(config)}
    numbered |= {f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(config.values())}
    if uri.scheme != "file":
        # A repository on this machine may need `safe.directory`, which git reads from there alone.
        inherited |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return (
        inherited
        | numbered
        | {
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_ALLOW_PROTOCOL": uri.scheme,
            # A folder such as `:(exclude)a` is a name and no pattern.
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_ASKPASS": "",
            "GIT_TERMINAL_PROMPT": "0",
            "GCM_INTERACTIVE": "never",
            "LC_ALL": "C",
        }
        | ({} if {"GIT_SSH", "GIT_SSH_COMMAND"} & inherited.keys() else {"GIT_SSH_COMMAND": _SSH})
    )


def _pin_host(source: Source, uri: GitUri, resolve: Resolver) -> dict[str, str]:
    """Return the setting that makes git connect to the checked addresses.

    ssh looks the name up again by itself, and so does a proxy.
    """
    if uri.scheme == "file":
        return {}
    parts = urlsplit(uri.url)
    host, port = parts.hostname or "", parts.port or _PORTS[uri.scheme]
    if not (_PLAIN_HOST.fullmatch(host) or is_literal(host)):
        raise SourceRefusedError(
            f"{source.redacted_uri} is refused: write its host in plain letters, digits, dots and "
            "hyphens."
        )
    guard = AddressGuard(host, port, allow_private=source.allow_private, resolve=resolve)
    try:
        addresses = guard.resolve_addresses(host, port)
    except OSError as error:
        reason = f"{host} has no address"
        # A proxy may know a name that is unknown here, and the settings of ssh may have an alias.
        if uri.scheme == "ssh" or _has_proxy(parts):
            return {}
        raise DownloadError(
            f"{source.redacted_uri} can't be fetched: {reason}; check the address and the network."
        ) from error
    if uri.scheme == "ssh" or is_literal(host):
        return {}
    return {"http.curloptResolve": f"{host}:{port}:{_join_addresses(addresses)}"}


def _has_proxy(parts: SplitResult) -> bool:
    proxies = getproxies()
    is_set = bool(proxies.get(parts.scheme) or proxies.get("all"))
    return is_set and not proxy_bypass(parts.hostname or "")


def _join_addresses(addresses: Sequence[str]) -> str:
    return ",".join(f"[{address}]" if ":" in address else address for address in addresses)


def _build_login_config(source: Source, uri: GitUri) -> dict[str, str]:
    """Return the token as a header for this host alone.

    It goes through the environment: everyone could read an argument.
    """
    login = uri.login
    if source.token_env and uri.scheme in {"https", "http"}:
        token = read_token(source)
        login = token if ":" in token else f"{_TOKEN_USER}:{token}"
    if not login:
        return {}
    parts = urlsplit(uri.url)
    host = f"{parts.scheme}://{parts.netloc}/"
    return {f"http.{host}.extraHeader": f"Authorization: {build_basic_auth(login)}"}
