"""Names of things on a network: `IpAddress`, `IpNetwork`, `Url` and `Email`."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, ClassVar, TypeAlias, Unpack
from urllib.parse import ParseResult, SplitResult, urlsplit

from ..errors import Fault, FaultKind
from .base import FieldType, V
from .kinds import Kind
from .options import CommonKeywords
from .text import String, storable_text

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Spaces and control characters, which stand in no URL and no address.
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


class WrittenType(FieldType[V]):
    """A type whose values are objects of Python's that are stored, and written in JSON, as `str` writes them."""

    kind: ClassVar[Kind] = Kind.TEXT
    dumps_natively = False
    encodes_natively = False

    def __init__(self, **options: Unpack[CommonKeywords]) -> None:
        super().__init__(**options)

    def dump(self, value: V) -> str:
        """Write the value as text."""
        return str(value)

    def encode(self, value: V) -> str:
        """Write the value as text."""
        return str(value)

    def decode(self, stored: Any) -> V:
        """Read the text that `encode` wrote."""
        return self.convert(stored)


class IpAddress(WrittenType[Address]):
    """An address of IP version 4 or 6. Its value is an object of the module `ipaddress`; in JSON it is a text.

    Example:
        >>> IpAddress().load("192.0.2.7")
        IPv4Address('192.0.2.7')
    """

    def convert(self, value: Any) -> Address:
        """Accept an address, or a text of one."""
        if isinstance(value, ipaddress.IPv4Interface | ipaddress.IPv6Interface):  # an address and its network
            raise self.wrong_type("an IP address", value)
        if isinstance(value, ipaddress.IPv4Address | ipaddress.IPv6Address):
            storable_text(str(value))  # the zone of a version 6 address may be any text
            return value
        if not isinstance(value, str):
            raise self.wrong_type("an IP address", value)
        try:
            return ipaddress.ip_address(storable_text(value))
        except ValueError:
            raise Fault("Must be an IP address, such as 192.0.2.7 or 2001:db8::7.", FaultKind.TYPE) from None


class IpNetwork(WrittenType[Network]):
    """A network of IP version 4 or 6. Its value is an object of the module `ipaddress`; in JSON it is a text.

    Example:
        >>> IpNetwork().load("192.0.2.0/24")
        IPv4Network('192.0.2.0/24')
    """

    def convert(self, value: Any) -> Network:
        """Accept a network, or a text of one. An address within it is none: no bit may be set beyond the prefix."""
        if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
            return value
        if not isinstance(value, str):
            raise self.wrong_type("an IP network", value)
        try:
            return ipaddress.ip_network(storable_text(value))
        except ValueError:
            raise Fault(
                "Must be an IP network without host bits, such as 192.0.2.0/24 or 2001:db8::/32.", FaultKind.TYPE
            ) from None


class Url(String):
    """A URL with a scheme and a host, kept as the text that it came as; one that `urllib` split is put together.

    Options of its own: those of a `String`.

    Example:
        >>> Url().load("https://example.org/a?b=c")
        'https://example.org/a?b=c'
    """

    def convert(self, value: Any) -> str:
        """Accept the text of a URL, or one that was split."""
        if isinstance(value, SplitResult | ParseResult):
            value = value.geturl()
        if not isinstance(value, str):
            raise self.wrong_type("a URL", value)
        text = super().convert(value)
        try:
            parts = urlsplit(text)
            complete = bool(parts.scheme and parts.hostname) and (parts.port or 0) >= 0  # a bad port is a ValueError
        except ValueError:
            complete = False
        if not complete or _BLANKS.search(text):
            raise Fault("Must be a URL with a scheme and a host, such as https://example.org/page.", FaultKind.TYPE)
        return text


class Email(String):
    """The address of a mailbox: something, exactly one `@`, something, and no blanks. It is kept as it came.

    Whether there is such a mailbox only a mail can tell.

    Options of its own: those of a `String`.

    Example:
        >>> Email().load("ada@example.org")
        'ada@example.org'
    """

    def convert(self, value: Any) -> str:
        """Accept the text of an address."""
        if not isinstance(value, str):
            raise self.wrong_type("an email address", value)
        text = super().convert(value)
        local, _, domain = text.partition("@")
        if not local or not domain or "@" in domain or _BLANKS.search(text):
            raise Fault("Must be an email address, such as ada@example.org.", FaultKind.TYPE)
        return text


#: the original names
Ipaddress = IpAddress
Ipnetwork = IpNetwork
