"""What is switched and by whom: machines with their rules, agents with their health, opening hours."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, Utc


class Agent(Model):
    """The program and Pi beside one to four machines. The lower half is what it last reported of itself."""

    __tablename__ = "agent"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    online: Mapped[bool] = mapped_column(default=False)
    boot: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[str] = mapped_column(String(40), default="")
    revision: Mapped[int] = mapped_column(BigInteger, default=0)  # of the list in force
    synced: Mapped[bool] = mapped_column(default=False)
    understands: Mapped[list[str]] = mapped_column(JSON, default=list)
    outbox: Mapped[str | None] = mapped_column(String(36))
    last_n: Mapped[int] = mapped_column(BigInteger, default=0)  # highest event number it has written
    last_seen_at: Mapped[datetime | None] = mapped_column(Utc)
    disk_free_mb: Mapped[int | None]
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    paired_at: Mapped[datetime | None] = mapped_column(Utc)  # when its account at the broker was made
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)  # and taken away: since then it waits for another Pi


class PairingCode(Model):
    """What lets one Pi become an agent, once and for an hour. Here stands the SHA-256 of its secret only."""

    __tablename__ = "pairing_code"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))  # whose machines it takes over
    language: Mapped[str] = mapped_column(String(2), default="fr")  # of the panels
    made_by: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)


class Room(Model):
    """A room of the lab, and its rectangle on the plan, in units of an eighth of a tile."""

    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    x: Mapped[int] = mapped_column(default=0)
    y: Mapped[int] = mapped_column(default=0)
    width: Mapped[int] = mapped_column(default=0)  # 0: not drawn yet, the plan finds a place
    height: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Machine(Model):
    """One gated machine. ``service``, ``end_session`` and ``clear_latch_upto`` are wishes: the agent acts on them."""

    __tablename__ = "machine"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # its id on the wire
    name: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(40))
    room: Mapped[str | None] = mapped_column(ForeignKey("room.name", onupdate="CASCADE"))
    x: Mapped[int | None]  # of its tile on the plan; None: the plan finds a place in its room
    y: Mapped[int | None]
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    risk: Mapped[str] = mapped_column(String(10))
    service: Mapped[str] = mapped_column(String(20), default="in")
    service_note: Mapped[str] = mapped_column(Text, default="")
    service_at: Mapped[datetime | None] = mapped_column(Utc)  # when that was decided
    service_by: Mapped[str] = mapped_column(String(120), default="")  # who: maintenance is cleared by the same person
    bypass_by: Mapped[str] = mapped_column(String(60), default="")  # who bridges our contact, as named on the panel
    bypass_reason: Mapped[str] = mapped_column(Text, default="")
    bypass_until: Mapped[datetime | None] = mapped_column(Utc)  # it ends by itself
    end_session: Mapped[str | None] = mapped_column(String(36))
    clear_latch_upto: Mapped[int] = mapped_column(BigInteger, default=0)
    confirm_s: Mapped[int] = mapped_column(default=5)
    max_s: Mapped[int | None]
    on_max: Mapped[str] = mapped_column(String(10), default="warn")
    # The other rules, named and meant as in ``wire.messages.Policy``; None or 0: off.
    press_s: Mapped[int | None]
    removal_s: Mapped[int | None]
    idle_warn_s: Mapped[int | None]
    idle_end_s: Mapped[int | None]
    cooldown_s: Mapped[int] = mapped_column(default=0)
    takeover_s: Mapped[int | None]
    extend_s: Mapped[int] = mapped_column(default=0)
    extend_times: Mapped[int] = mapped_column(default=0)
    payer_s: Mapped[int] = mapped_column(default=0)
    continue_s: Mapped[int] = mapped_column(default=0)
    second_s: Mapped[int | None]
    again_s: Mapped[int] = mapped_column(default=0)
    supervise_s: Mapped[int] = mapped_column(default=0)
    list_valid_s: Mapped[int | None]  # None: by risk class
    minors: Mapped[str | None] = mapped_column(String(10))  # None: by risk class
    # Since when it waits for a commissioning record, and why: see ``commissioning``. None: it has one, or needs none.
    commission_since: Mapped[datetime | None] = mapped_column(Utc)
    commission_why: Mapped[str] = mapped_column(String(20), default="")
    make: Mapped[str] = mapped_column(String(80), default="")
    model: Mapped[str] = mapped_column(String(80), default="")
    serial: Mapped[str] = mapped_column(String(80), default="")
    bought_on: Mapped[date | None]
    manual_url: Mapped[str] = mapped_column(String(300), default="")
    conformity_url: Mapped[str] = mapped_column(
        String(300), default=""
    )  # of the CE declaration, for those it is lent to
    unattended: Mapped[bool] = mapped_column(default=False)  # whether it may run with nobody beside it
    unattended_note: Mapped[str] = mapped_column(Text, default="")  # and on what conditions
    counter_note: Mapped[str] = mapped_column(Text, default="")  # where its own hour counter stood, and when
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id"))  # the machine that stood here before
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # gone from the lab
    version: Mapped[int] = mapped_column(default=1)
    agent: Mapped[Agent] = relationship()
    __mapper_args__ = {"version_id_col": version}


class MachineLive(Model):
    """What the board shows: the machine's last reported state. Overwritten; no history, no person."""

    __tablename__ = "machine_live"
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(Utc)
    session: Mapped[str | None] = mapped_column(String(36))
    checkpoint_s: Mapped[int | None]
    latched: Mapped[bool] = mapped_column(default=False)
    faults: Mapped[list[str]] = mapped_column(JSON, default=list)
    problem: Mapped[bool] = mapped_column(default=False)  # latched because somebody reported one
    running: Mapped[bool | None]  # by the meter; None: no meter, or a silent one
    proven_open_at: Mapped[datetime | None] = mapped_column(Utc)  # the contact was last seen to open on our release
    lacks: Mapped[list[str]] = mapped_column(JSON, default=list)  # what its rules ask for and its box has no part for
    seen_at: Mapped[datetime] = mapped_column(Utc)


class MachineSkill(Model):
    """A skill one must hold to start this machine."""

    __tablename__ = "machine_skill"
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True)


class OpeningHours(Model):
    """When machines of a category may be started, on the lab's clock. A category without rows is always open."""

    __tablename__ = "opening_hours"
    id: Mapped[int] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(String(40), index=True)
    weekday: Mapped[int]  # 0 Monday … 6 Sunday
    opens: Mapped[time]
    closes: Mapped[time]  # later than opens; midnight is 23:59:59.999999 and means the day's end


class Closure(Model):
    """From a moment to another the machines of a category (None: all) are not started, whatever their hours say."""

    __tablename__ = "closure"
    id: Mapped[int] = mapped_column(primary_key=True)
    category: Mapped[str | None] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80), default="")
    holiday: Mapped[str] = mapped_column(
        String(30), default=""
    )  # a word of ``domain.holidays``, named in each language
    begins: Mapped[datetime] = mapped_column(Utc)
    ends: Mapped[datetime] = mapped_column(Utc, index=True)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Setting(Model):
    """What the lab decides once: name, time zone, how long a list is valid. Small values by name."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
