"""Which list each agent was sent last. What makes a list stale is a ``change`` row with topic ``access``."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class PublishedList(Model):
    __tablename__ = "published_list"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    issued_at: Mapped[datetime] = mapped_column(Utc)
    renew_at: Mapped[datetime] = mapped_column(Utc)  # half of the shortest validity in it
    size: Mapped[int]
    content_sha256: Mapped[str] = mapped_column(
        String(64)
    )  # without revision and times: equal content is not sent twice
