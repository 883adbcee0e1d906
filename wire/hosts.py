"""Whether an address stays on this computer: what crosses a network is encrypted unless somebody says otherwise."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
