"""Letters to people: written in the transaction that causes them, sent by ``work`` as soon as it can, forgotten by the retention job.

A lab without a mail server has them, too: they are kept, managers read them on /mails and hand the links over themselves.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from sqlalchemy import select

from server.db import db, reading, writing
from server.jobs import service as jobs
from server.mail.models import Mail
from server.settings import Encryption, Smtp

JOB = "send_mail"
_TIMEOUT_S = 20.0
_LONG_SECRET = re.compile(r"(?<=/)[A-Za-z0-9_-]{32,}")


class MailNotSent(Exception):  # noqa: N818 — the job tries again
    """The mail server did not take the mail. Which address and what it said stands with the mail, not in the log."""


def write(
    recipient: str, subject: str, text: str, now: datetime, about: str | None = None, attached: Sequence[str] = ()
) -> int | None:
    """Add a letter and the job that sends it, in the caller's ``writing()``: nothing is sent of what is rolled back.
    ``about``: what is told once only; with a letter about the same this does nothing and returns None, else its number.
    ``attached``: names of files in the folder of documents, which are read when it is sent."""
    if about is not None and db.session.scalar(select(Mail.id).where(Mail.about == about)) is not None:
        return None
    mail = Mail(recipient=recipient, subject=subject, text=text, written_at=now, about=about, attached=list(attached))
    db.session.add(mail)
    db.session.flush()
    jobs.enqueue(JOB, {"mail_id": mail.id}, now)
    return mail.id


def send(mail_id: int, smtp: Smtp | None, now: datetime, documents_dir: Path | None = None) -> None:
    """Hand a letter to the mail server. Does nothing without one, or where the letter is sent or forgotten already.
    Raises MailNotSent. A crash between sending and noting it sends the letter a second time."""
    with reading() as session:
        mail = session.get(Mail, mail_id)
    if mail is None or mail.sent_at is not None or smtp is None:
        return
    try:
        _hand_over(_message(mail, smtp.sender, documents_dir), smtp)
    except (OSError, smtplib.SMTPException) as error:
        _note(mail_id, error=f"{type(error).__name__}: {error}")
        raise MailNotSent(f"mail {mail_id} was not taken: {type(error).__name__}") from None
    _note(mail_id, sent_at=now)


def without_secrets(text: str) -> str:
    """The text with the end of its links cut off: whoever reads it later cannot use them."""
    return _LONG_SECRET.sub(lambda found: f"{found[0][:4]}…", text)


def _note(mail_id: int, sent_at: datetime | None = None, error: str = "") -> None:
    with writing() as session:
        mail = session.get_one(Mail, mail_id)
        mail.sent_at, mail.error = sent_at, error[:500]
        if sent_at is not None:
            mail.text = without_secrets(mail.text)


def _message(mail: Mail, sender: str, documents_dir: Path | None) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.recipient, mail.subject
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = make_msgid(f"prolab.{mail.id}", sender.rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday notice answers
    message.set_content(mail.text)
    for name in mail.attached:
        if documents_dir is None:
            raise FileNotFoundError(name)
        data = (documents_dir / name).read_bytes()
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message


def _hand_over(message: EmailMessage, smtp: Smtp) -> None:
    with _connection(smtp) as server:
        if smtp.username:
            server.login(smtp.username, smtp.password.get_secret_value())
        server.send_message(message)


@contextmanager
def _connection(smtp: Smtp) -> Iterator[smtplib.SMTP]:
    trusted = ssl.create_default_context()
    if smtp.encryption is Encryption.TLS:
        with smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_TIMEOUT_S, context=trusted) as server:
            yield server
        return
    with smtplib.SMTP(smtp.host, smtp.port, timeout=_TIMEOUT_S) as server:
        if smtp.encryption is Encryption.STARTTLS:
            server.starttls(context=trusted)
        yield server
