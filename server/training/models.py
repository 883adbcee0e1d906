"""What a machine asks for and who has it: skills, and dated qualifications."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, Utc


class Skill(Model):
    """How a skill lapses: ``lasts_days`` after it was given, at the end of a day of each year, or ``idle_days`` without use;
    whichever comes first. For ``grace_days`` after that it still counts with a trainer beside."""

    __tablename__ = "skill"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    lasts_days: Mapped[int | None]
    ends_on: Mapped[str | None] = mapped_column(String(5))  # month and day, 08-31: it counts on that day still
    idle_days: Mapped[int | None]
    grace_days: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # no longer given
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class SkillNeed(Model):
    """A skill one must hold before another, and as long as one uses that."""

    __tablename__ = "skill_need"
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True)
    needs_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True)


class Qualification(Model):
    """A holder was certified on a skill by a trainer, valid until. Revoking keeps the row, with its reason."""

    __tablename__ = "qualification"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(36), unique=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), index=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), index=True)
    level: Mapped[str] = mapped_column(String(20), default="alone")  # wire.messages.Level
    override: Mapped[bool] = mapped_column(
        default=False
    )  # without what the skill needs; always with a reason and an end
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    idle_until: Mapped[datetime | None] = mapped_column(Utc)  # without use until then it lapses; every use moves it
    granted_by: Mapped[str] = mapped_column(String(120))
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_reason: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")  # why it was given, where that needs saying
    skill: Mapped[Skill] = relationship()
