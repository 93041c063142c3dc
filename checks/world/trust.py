"""Whom to believe: one TLS context per policy, made once and shared by every look.

Parsing a bundle of authorities costs about 15 ms; once per probe that would be most of the probe.
"""

from __future__ import annotations

import ssl
from dataclasses import field
from pathlib import Path

from checks.frozen import dataclass
from checks.model import CannotLook
from checks.world.memo import Memo

THROWAWAY = Path(__file__).parent / "throwaway"


@dataclass(frozen=True, slots=True)
class Trust:
    """The system's authorities, or exactly those of *ca_bundle* (a PEM file)."""

    ca_bundle: Path | None = None
    _made: Memo = field(default_factory=Memo, compare=False, repr=False)

    def browser(self) -> ssl.SSLContext:
        """The context that accepts what a browser would: TLS 1.2 or later, names from the SAN alone, chain verified.

        Raises CannotLook when the authorities cannot be read.
        """
        return self._made.once("browser", lambda: _browser(self.ca_bundle))

    def blind(self) -> ssl.SSLContext:
        """The context that verifies nothing, to read the facts of a certificate that was refused."""
        return self._made.once("blind", _blind)

    def multiplexing(self) -> ssl.SSLContext:
        """The context that offers HTTP/2 and HTTP/1.1, and leaves it to others to verify."""
        return self._made.once("multiplexing", _multiplexing)


def _browser(ca_bundle: Path | None) -> ssl.SSLContext:
    # Not create_default_context: it writes session keys to a file that the environment names (SSLKEYLOGFILE).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    # Browsers have not read the common name since 2017; OpenSSL still would.
    context.hostname_checks_common_name = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        if ca_bundle is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            context.load_verify_locations(cafile=ca_bundle)
        # Lets the controls see bad certificates refused by this very context, each for its own reason. It can vouch
        # for *.control.invalid alone (name constraint), and its key was never written to a file.
        context.load_verify_locations(cafile=THROWAWAY / "authority.pem")
    except OSError as error:
        raise CannotLook(
            f"the authorities in {ca_bundle or 'the system store'} cannot be read: {error.strerror or error}",
            final=True,
        ) from error
    return context


def _blind() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Even a key too weak for us must be readable.
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _multiplexing() -> ssl.SSLContext:
    context = _blind()
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
