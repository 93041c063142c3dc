"""From the name of a host to addresses, and from an address to where it is really dialled."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import field

from checks.evidence import DnsAnswer, Silence
from checks.frozen import dataclass
from checks.model import CannotLook

Address = tuple[str, int]
Ask = Callable[[str, str], DnsAnswer | Silence]

# RFC 6761, 6.3: names that are never asked of the DNS.
_LOCALHOST = ("127.0.0.1",)
_MAX_NAME, _MAX_LABEL = 253, 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Where an (address, port) is really dialled. *connect* maps it to a host and port on loopback.

    With *loopback_only* everything else than loopback is refused: nothing leaves the machine.
    """

    connect: Mapping[Address, Address] = field(default_factory=dict)
    loopback_only: bool = False

    def to(self, address: str, port: int) -> Address:
        """The place to dial. Raises CannotLook for an address that this target must not reach."""
        host, port = self.connect.get((address, port)) or (address, port)
        host = _LOCALHOST[0] if host == "localhost" else host
        if literal(host) is None:
            # The system would resolve it, without our resolver and without a deadline.
            raise CannotLook(f"{host!r} is not an address; only addresses are dialled", final=True)
        if self.loopback_only and not ipaddress.ip_address(host).is_loopback:
            raise CannotLook(
                f"{host}:{port} is not on this machine and [network] connect does not map it; "
                "a look at a twin goes nowhere else",
                final=True,
            )
        return host, port


def ascii_name(name: str) -> str:
    """*name* in lower case without the final dot, non-ASCII labels in IDNA.

    Raises CannotLook for what can be no DNS name: such a name was never a question to the target.
    """
    bare = name.lower().removesuffix(".")
    try:
        plain = bare if bare.isascii() else bare.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise CannotLook(f"{name!r} is not a DNS name: {error}", final=True) from error
    labels = plain.split(".") if plain else []
    fits = len(plain) <= _MAX_NAME and all(0 < len(label) <= _MAX_LABEL for label in labels)
    if not fits or not plain.isprintable() or any(sign in plain for sign in " /\\@"):
        raise CannotLook(f"{name!r} is not a DNS name: labels have 1 to 63 characters, a name at most 253", final=True)
    return plain


def literal(host: str) -> str | None:
    """*host* in its shortest form when it is an IP address, else None."""
    if not (host[-1:].isdigit() or ":" in host):
        return None
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        return None


def addresses(ask: Ask, host: str, *, ipv6: bool) -> tuple[str, ...] | Silence:
    """The addresses of *host*, IPv4 first; Silence when names do not lead to one. Raises CannotLook as *ask* does."""
    address = literal(host)
    if address is not None:
        return (address,)
    if host == "localhost" or host.endswith(".localhost"):
        return _LOCALHOST
    answers = [ask(host, type_) for type_ in (("A", "AAAA") if ipv6 else ("A",))]
    found = tuple(each for answer in answers if isinstance(answer, DnsAnswer) for each in answer.records)
    return found or Silence(where=host, reason=f"no address: {'; '.join(_why(answer) for answer in answers)}")


def _why(answer: DnsAnswer | Silence) -> str:
    if isinstance(answer, Silence):
        return answer.reason
    through = f" (through {', '.join(answer.chain)})" if answer.chain else ""
    return f"{answer.server} answered {answer.rcode} without {answer.type} records{through}"
