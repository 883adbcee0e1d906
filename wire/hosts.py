"""Whether an address stays on this computer: what crosses a network is encrypted unless somebody says otherwise."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_port(address: str) -> str:
    """The host alone, of ``lab:8080``, ``[fe80::1]:8080``, ``[fe80::1]`` or a host that stands alone already."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address if address.count(":") > 1 else address.partition(":")[0]
