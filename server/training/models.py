"""What a machine asks for and who has it: skills, and dated qualifications."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, Utc


class Skill(Model):
    __tablename__ = "skill"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # no longer given
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Qualification(Model):
    """A holder was certified on a skill by a trainer, valid until. Revoking keeps the row, with its reason."""

    __tablename__ = "qualification"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(36), unique=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), index=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), index=True)
    level: Mapped[str] = mapped_column(String(20), default="alone")
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    granted_by: Mapped[str] = mapped_column(String(120))
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_reason: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")  # why it was given, where that needs saying
    skill: Mapped[Skill] = relationship()
