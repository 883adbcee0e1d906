"""Where to go after a login or a switch: back to where one came from, and nowhere outside of these pages."""

from urllib.parse import urlsplit

from server.domain.roles import Actor, Role, Verb, may_somewhere

_TENANT_ROLES = frozenset({Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT})
HOME = "/"


def ours(address: str | None) -> str:
    """The address if it is one of ours, else the home page. Browsers read backslashes as slashes and skip control
    characters, so an address that has any is none of ours."""
    if not address or not address.startswith("/") or address.startswith("//"):
        return HOME
    if "\\" in address or not address.isprintable():
        return HOME
    parts = urlsplit(address)
    return HOME if parts.scheme or parts.netloc else address


def home_of(actor: Actor) -> str:
    """The page somebody opens the day with."""
    if may_somewhere(actor, Verb.WATCH):
        return "/today"
    if actor.holder is not None:
        return "/me"
    tenant = next((given.scope for given in actor.assignments if given.role in _TENANT_ROLES), None)
    if tenant is not None:
        return f"/tenants/{tenant}/books"
    return "/months" if may_somewhere(actor, Verb.SEE_MONEY) else "/account"
