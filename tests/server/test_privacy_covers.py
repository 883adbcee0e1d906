"""Every column that may lead to a person has its time: a table with a person in it that nobody has thought of fails here."""

import re

from server.domain.retention import Kept
from server.migrations import all_tables

_LEADS = re.compile(
    r"holder|person|email|phone|recipient|trainer|learner|supervisor|companion|given_name|family_name|browser|fingerprint"
    r"|^token$|^subject$|^mark$|^hint$|^ip$|^address$|birth|photo_of"
)
NUMBER = "a number only: nothing leads from it to a person once the name is gone"
STAFF = "staff in their work; named by account, whose name goes with the person"
NOBODY = "not about a person"
OF_A_SESSION = "names a session; whose it was goes with it"
COVERED: dict[str, Kept | str] = {
    "account_rule.subject": NOBODY,
    "acceptance.holder_number": Kept.TRAINING,
    "account.email": Kept.PEOPLE,
    "account.holder_number": Kept.PEOPLE,
    "booking.holder_number": Kept.BOOKINGS,
    "charge.subject": OF_A_SESSION,
    "controller.address": NOBODY,
    "course.trainer": STAFF,
    "course_fee.holder_number": NUMBER,
    "denial.holder_number": Kept.REFUSALS,
    "denial.token": Kept.REFUSALS,
    "dispute.subject": OF_A_SESSION,
    "document_mail.recipient": Kept.MAILS,
    "emergency_contact.holder_number": "ends with the last membership, see server.people.contacts",
    "emergency_contact.phone": "ends with the last membership, see server.people.contacts",
    "enrolment.holder_number": Kept.TRAINING,
    "establishment.email": NOBODY,
    "handout_line.holder_number": Kept.TOKENS,
    "handout_tap.holder_number": Kept.TOKENS,
    "handout_tap.mark": Kept.TOKENS,
    "hold.holder_number": NUMBER,
    "lesson.trainer": STAFF,
    "mail.recipient": Kept.MAILS,
    "mail.subject": Kept.MAILS,
    "master.holder_number": NUMBER,
    "membership.holder_number": NUMBER,
    "month_note.subject": NOBODY,
    "notice.holder_number": Kept.MESSAGES,
    "person.email": Kept.PEOPLE,
    "person.family_name": Kept.PEOPLE,
    "person.given_name": Kept.PEOPLE,
    "person.holder_number": Kept.PEOPLE,
    "privacy_request.holder_number": Kept.REQUESTS,
    "privacy_request.subject": Kept.REQUESTS,
    "qualification.holder_number": Kept.TRAINING,
    "seller.email": NOBODY,
    "seller.phone": NOBODY,
    "sign_off.learner": Kept.TRAINING,
    "sign_off.trainer": STAFF,
    "token.fingerprint": Kept.TOKENS,
    "token.holder_number": Kept.TOKENS,
    "trace_view.holder_number": Kept.VIEWS,
    "usage_session.companion": Kept.SESSIONS,
    "usage_session.holder_number": Kept.SESSIONS,
    "usage_session.supervisor": Kept.SESSIONS,
    "web_session.browser": Kept.LOGINS,
}


def test_every_column_that_leads_to_a_person_has_its_time_or_a_reason_why_not() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in all_tables().tables.values()
        for column in table.columns
        if _LEADS.search(column.name) or any(key.column.table.name == "holder" for key in column.foreign_keys)
    }

    assert found - COVERED.keys() == set(), "say here what becomes of it, and let server.privacy do it"
    assert COVERED.keys() - found == set()
