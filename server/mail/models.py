"""Letters to people: written in the transaction that causes them, sent by ``work``, kept until they are forgotten."""

from datetime import datetime

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Mail(Model):
    __tablename__ = "mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    attached: Mapped[list[str]] = mapped_column(JSON, default=list)  # names of files in the folder of documents
    written_at: Mapped[datetime] = mapped_column(Utc, index=True)
    sent_at: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str] = mapped_column(Text, default="")
    about: Mapped[str | None] = mapped_column(String(100), unique=True)  # told once only
