"""What a master badge may do: little, and only while the lab is cut off (design rule 11).

Pure. It starts a low- or medium-risk machine for two hours at most, with a PIN, where a list, an opening hour or a missing
qualification is all that stands in the way; and it lets the machine's expired list hold once for twelve hours. It passes
nothing that protects anybody: out of service, maintenance, latch, fault, emergency stop, bypass, an overdue check, a planned
outage. Where two persons are asked for it starts nothing by itself.
"""

from dataclasses import replace

from agent.access import (
    Grant,
    InForce,
    Local,
    MasterGrant,
    Rights,
    against_badge,
    closed_here,
    dated_reasons,
    lacks_feature,
    payer_here,
    validity_left_ms,
)
from agent.hours import booked_until
from wire.messages import HolderEntry, Master, OnMaximum, Policy, RiskClass, Service, Stamp

LONGEST_S = 2 * 3600
EXTENSION_MS = 12 * 3_600_000


def master_grant(
    in_force: InForce | None, token: str, machine: str, now: Stamp, local: Local, away_ms: int | None, busy: bool
) -> MasterGrant | None:
    """What this badge could do here. ``away_ms``: how long the server has been gone; ``busy``: a master session runs
    somewhere on this agent already."""
    master = None if in_force is None else in_force.index.masters.get(token)
    rights = None if in_force is None else in_force.index.machines.get(machine)
    holder = None if in_force is None else in_force.index.holders.get(token)
    if in_force is None or master is None or rights is None or holder is None or busy:
        return None
    cut_off = away_ms is not None and away_ms >= in_force.index.masters_after_ms
    grant = _grant(in_force, master, holder, rights, now)
    good = against_badge(holder, now) is None and grant.payers and _may_pass(rights, master.holder, now)
    if not cut_off or local.hindrances or not good:
        return None
    extend_until_ms = _extension(in_force, rights, now, local)
    if rights.entry.policy.second_s is not None and extend_until_ms is None:
        return None
    return MasterGrant(holder=master.holder, pin=master.pin, grant=grant, extend_until_ms=extend_until_ms)


def _may_pass(rights: Rights, holder: int, now: Stamp) -> bool:
    entry = rights.entry
    free = booked_until(entry, holder, now) is None and not any(dated_reasons(entry, now))
    return free and entry.risk is not RiskClass.HIGH and entry.service is Service.IN and not lacks_feature(entry)


def _grant(in_force: InForce, master: Master, holder: HolderEntry, rights: Rights, now: Stamp) -> Grant:
    listed, machine = in_force.index, rights.entry.machine
    card = listed.payers.get(master.payer)
    payers = () if card is None or closed_here(card, machine, now) is not None else (payer_here(card, machine),)
    policy = _for_two_hours(rights.entry.policy)
    return Grant(master.holder, holder.name, holder.lang, payers, listed.revision, policy)


def _for_two_hours(policy: Policy) -> Policy:
    longest_s = LONGEST_S if policy.max_s is None else min(policy.max_s, LONGEST_S)
    return replace(policy, max_s=longest_s, on_max=OnMaximum.CUT, extend_times=0, press_s=None, payer_s=0)


def _extension(in_force: InForce, rights: Rights, now: Stamp, local: Local) -> int | None:
    """Once a list: a second time it stays expired."""
    expired = validity_left_ms(in_force, rights.entry, now) <= 0
    used = local.extended_revision == in_force.index.revision
    return now.wall_ms + EXTENSION_MS if expired and not used else None
