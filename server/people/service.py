"""Changes to who uses the lab: holders and their tokens; and, from the modules beside it, memberships and who pays.

Every function runs inside ``writing()``, in the caller's transaction or in its own, writes the audit entry, and
announces ``access`` where the lists of the agents depend on it. What cannot be done raises PeopleError with a sentence.
"""

from datetime import datetime

from server.audit import service as audit
from server.db import writing
from server.jobs import service as jobs
from server.people.badges import lend_token, lent_to, rekey_token, replace_token, return_token
from server.people.changes import PersonFacts, edit_person, set_minor_until
from server.people.classes import add_class, end_class, rename_class, set_class
from server.people.contacts import Contact, drop_contact, forget_contacts, keep_contact, look_at_contact
from server.people.importing import Roster, export_people, import_people, plan_import
from server.people.inviting import Invited, invite_member, move_member
from server.people.leaving import end_holder, take_back
from server.people.limits import When, add_payer_rule, limit_payer, remove_payer_rule
from server.people.lost import found_again, report_lost
from server.people.masters import end_master, give_master
from server.people.memberships import add_membership, end_membership, prefer_membership
from server.people.models import Token
from server.people.newcomers import add_holder
from server.people.proofs import Seen, add_proof, proofs_of, take_back_proof
from server.people.rows import PeopleError, holder_by_number, token_by_ref
from server.people.suspending import Papers, resume_tenant, suspend_tenant, warn_members
from server.people.tenancies import Address, edit_establishment, edit_tenant, end_payer, end_tenant
from server.people.tenants import Site, add_establishment, add_payer, add_tenant, set_bill_to, set_treatment
from server.people.terms import Terms, hide_names, set_terms, show_names
from wire.tokens import fingerprint

__all__ = [
    "Address",
    "Contact",
    "Invited",
    "Papers",
    "PeopleError",
    "PersonFacts",
    "Roster",
    "Seen",
    "Site",
    "Terms",
    "When",
    "add_class",
    "add_establishment",
    "add_holder",
    "add_membership",
    "add_payer",
    "add_payer_rule",
    "add_proof",
    "add_tenant",
    "block_holder",
    "block_token",
    "drop_contact",
    "edit_establishment",
    "edit_person",
    "edit_tenant",
    "end_class",
    "end_holder",
    "end_master",
    "end_membership",
    "end_payer",
    "end_tenant",
    "export_people",
    "forget_contacts",
    "found_again",
    "give_master",
    "give_token",
    "hide_names",
    "import_people",
    "invite_member",
    "keep_contact",
    "lend_token",
    "lent_to",
    "limit_payer",
    "look_at_contact",
    "move_member",
    "plan_import",
    "prefer_membership",
    "proofs_of",
    "rekey_token",
    "remove_payer_rule",
    "rename_class",
    "replace_token",
    "report_lost",
    "resume_tenant",
    "return_token",
    "set_bill_to",
    "set_class",
    "set_minor_until",
    "set_terms",
    "set_treatment",
    "show_names",
    "suspend_tenant",
    "take_back",
    "take_back_proof",
    "unblock_holder",
    "unblock_token",
    "warn_members",
]


def block_holder(number: int, reason: str, *, actor: str, now: datetime) -> None:
    """Nothing starts for this holder any more, whatever the token."""
    with writing():
        holder = holder_by_number(number)
        before = {"blocked_at": holder.blocked_at}
        holder.blocked_at = holder.blocked_at or now
        holder.blocked_reason = reason
        audit.record(actor, "block", "holder", number, before, {"blocked_at": holder.blocked_at}, reason, now)
        jobs.announce("access", f"holder:{number}", now)


def unblock_holder(number: int, reason: str, *, actor: str, now: datetime) -> None:
    with writing():
        holder = holder_by_number(number)
        before = {"blocked_at": holder.blocked_at, "reason": holder.blocked_reason}
        holder.blocked_at, holder.blocked_reason = None, ""
        audit.record(actor, "unblock", "holder", number, before, {"blocked_at": None}, reason, now)
        jobs.announce("access", f"holder:{number}", now)


def give_token(
    holder_number: int,
    card_id: str,
    site_key: bytes,
    key_id: str,
    label: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    *,
    actor: str,
    now: datetime,
) -> Token:
    """Lend a badge. Only its keyed fingerprint is kept; ``card_id`` is named with its technology, ``em4100:0123456789``."""
    mark = fingerprint(card_id, site_key)
    return lend_token(holder_number, mark, key_id, label, valid_from, valid_until, actor=actor, now=now)


def block_token(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    """A lost or withdrawn badge: refused at once, and known to every agent for 45 days as revoked."""
    with writing():
        token = token_by_ref(ref)
        before = {"blocked_at": token.blocked_at}
        token.blocked_at = token.blocked_at or now
        token.blocked_reason, token.blocked_by = reason, actor
        audit.record(actor, "block", "token", ref, before, {"blocked_at": token.blocked_at}, reason, now)
        jobs.announce("access", f"holder:{token.holder_number}", now)


def unblock_token(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    with writing():
        token = token_by_ref(ref)
        before = {"blocked_at": token.blocked_at, "reason": token.blocked_reason}
        token.blocked_at, token.blocked_reason = None, ""
        audit.record(actor, "unblock", "token", ref, before, {"blocked_at": None}, reason, now)
        jobs.announce("access", f"holder:{token.holder_number}", now)
