"""Wrong passwords: so many in a while, whichever process they reach.

Each try takes one of a few places, which only one process can take: the database sees to that. A
place is free again after a while, or all are once the password was right.
"""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, ip_address, ip_network

from django.core.cache import caches

from approvals.errors import TooManyTries
from registry.models import User

#: wrong passwords that one account may send within so many seconds
TRIES, WITHIN_SECONDS = 5, 15 * 60
#: wrong passwords that may be sent with one user name from one address in that time; by name alone
#: anybody could keep anybody from signing in
SIGN_INS = 10


def take(person: User, field: str) -> None:
    """Count a try before the password is looked at. Raises TooManyTries, whatever was typed."""
    _take(_places(person), field)


def forget(person: User) -> None:
    """The password was right: all tries are free again."""
    caches["tries"].delete_many(_places(person))


def take_sign_in(username: str, address: str) -> None:
    """Count a try to sign in before the password is looked at. Raises TooManyTries."""
    _take(_sign_in_places(username, address), "password")


def forget_sign_in(username: str, address: str) -> None:
    """It went well: all tries of this name from this address are free again."""
    caches["tries"].delete_many(_sign_in_places(username, address))


def _take(places: list[str], field: str) -> None:
    tries = caches["tries"]
    if not any(tries.add(place, 1, timeout=WITHIN_SECONDS) for place in places):
        raise TooManyTries(
            f"A wrong password was typed {len(places)} times. Wait {WITHIN_SECONDS // 60} minutes "
            "and try again; nothing was done.",
            field=field,
        )


def _places(person: User) -> list[str]:
    return [f"password:{person.public_id}:{number}" for number in range(TRIES)]


def _sign_in_places(username: str, address: str) -> list[str]:
    # Whatever was typed is no key of a cache, and not to be kept as it is.
    who = sha256(f"{username.casefold()}\0{_network(address)}".encode()).hexdigest()
    return [f"sign-in:{who}:{number}" for number in range(SIGN_INS)]


def _network(address: str) -> str:
    """What one person has of addresses: one of IPv4, a /64 of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
