"""The first account of a lab, from the command line: nobody can invite anybody before there is a manager."""

from datetime import datetime

from server.accounts import service
from server.accounts.rows import account_by_email
from server.accounts.service import AccountFacts
from server.db import writing
from server.domain.roles import Role
from server.settings import Settings


def open_account(email: str, name: str, role: Role, lab: Settings, actor: str, now: datetime) -> str:
    """Open an account with a role in the whole lab. Returns the link of its invitation. One that exists already is given
    the role, if it lacks it, and a new link: the way back in for the last manager. Raises AccountError."""
    with writing():
        known = account_by_email(email)
        number = known.id if known else service.add_account(AccountFacts(email, name), actor=actor, now=now)
        if not service.has_role(number, role, now):
            service.give_role(number, role, actor=actor, now=now)
        return service.invite(number, lab, actor=actor, now=now)
