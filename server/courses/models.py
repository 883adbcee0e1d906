"""Courses with their dates and who comes; what they cost, noted for the invoice; and classes on machines."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Course(Model):
    __tablename__ = "course"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)  # codes it leads to
    level: Mapped[str] = mapped_column(String(20), default="alone")  # wire.messages.Level
    price_cents: Mapped[int] = mapped_column(default=0)  # net: each person's, or the whole date's by ``nature``
    nature: Mapped[str] = mapped_column(String(20), default="open_course")  # or tenant_training
    capacity: Mapped[int]
    trainer: Mapped[int | None] = mapped_column(ForeignKey("holder.number"))
    language: Mapped[str] = mapped_column(String(2), default="fr")
    minutes: Mapped[int]
    is_open: Mapped[bool] = mapped_column(default=False)  # holders may enrol by themselves
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # no longer held
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class CourseDate(Model):
    """One holding of a course. Price, nature and payer are settled when it is done, and never change afterwards."""

    __tablename__ = "course_date"
    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    begins_at: Mapped[datetime] = mapped_column(Utc, index=True)
    place: Mapped[str] = mapped_column(String(120), default="")
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # who ordered it, of a tenant's training
    cancelled_at: Mapped[datetime | None] = mapped_column(Utc)
    cancelled_reason: Mapped[str] = mapped_column(Text, default="")
    done_at: Mapped[datetime | None] = mapped_column(Utc)  # who was there is settled, and has the qualification
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Enrolment(Model):
    __tablename__ = "enrolment"
    __table_args__ = (
        Index(
            "one_seat_a_holder",
            "date_id",
            "holder_number",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    date_id: Mapped[int] = mapped_column(ForeignKey("course_date.id"), index=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), index=True)
    enrolled_at: Mapped[datetime] = mapped_column(Utc)
    enrolled_by: Mapped[str] = mapped_column(String(120))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Utc)
    present: Mapped[bool | None]  # None: nobody has said


class CourseFee(Model):
    """What a course costs somebody, for the invoice to come: written once, when the date is done."""

    __tablename__ = "course_fee"
    id: Mapped[int] = mapped_column(primary_key=True)
    date_id: Mapped[int] = mapped_column(ForeignKey("course_date.id"), index=True)
    holder_number: Mapped[int | None] = mapped_column(BigInteger)  # None: for the whole date
    tenant_id: Mapped[int | None] = mapped_column(
        ForeignKey("tenant.id"), index=True
    )  # None: nobody pays for this person
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))
    nature: Mapped[str] = mapped_column(String(20))
    net_cents: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    held_at: Mapped[datetime] = mapped_column(Utc)
    noted_at: Mapped[datetime] = mapped_column(Utc)


class Lesson(Model):
    """A class: a trainer opens chosen machines within these hours, and an organiser pays for every session there."""

    __tablename__ = "lesson"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    trainer: Mapped[int] = mapped_column(ForeignKey("holder.number"))
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    begins_at: Mapped[datetime] = mapped_column(Utc)
    ends_at: Mapped[datetime] = mapped_column(Utc, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # before its hour, by a person
    prepared_by: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class LessonMachine(Model):
    __tablename__ = "lesson_machine"
    lesson_id: Mapped[str] = mapped_column(ForeignKey("lesson.id"), primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), primary_key=True)
