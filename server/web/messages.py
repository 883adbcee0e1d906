"""What WTForms says about a field, in our words: one sentence that says what to type."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

_TEXTS = {
    "This field is required.": lazy_gettext("Fill this in."),
    "Invalid input.": lazy_gettext("This does not look right: check the letters and digits."),
    "Invalid email address.": lazy_gettext("Type an e-mail address, such as ines@example.org."),
    "Invalid IP address.": lazy_gettext("Type an address such as 192.168.1.20."),
    "Invalid URL.": lazy_gettext("Type an address that begins with https://."),
    "Not a valid choice.": lazy_gettext("Choose one of the list."),
    "Invalid Choice: could not coerce.": lazy_gettext("Choose one of the list."),
    "Invalid choice(s): one or more data inputs could not be coerced.": lazy_gettext("Choose from the list."),
    "Not a valid datetime value.": lazy_gettext("Type a day and a time, such as 18/11/2026 14:30."),
    "Not a valid date value.": lazy_gettext("Type a day, such as 18/11/2026."),
    "Not a valid time value.": lazy_gettext("Type a time, such as 14:30."),
    "Not a valid integer value.": lazy_gettext("Type a whole number, such as 12."),
    "Not a valid decimal value.": lazy_gettext("Type a number, such as 12.5."),
    "Not a valid float value.": lazy_gettext("Type a number, such as 12.5."),
    "Field must be equal to %(other_name)s.": lazy_gettext("The two entries are not the same: type both again."),
    "Field must be between %(min)d and %(max)d characters long.": lazy_gettext(
        "Type between %(min)d and %(max)d characters."
    ),
    "Number must be at least %(min)s.": lazy_gettext("Type %(min)s or more."),
    "Number must be at most %(max)s.": lazy_gettext("Type %(max)s or less."),
    "Number must be between %(min)s and %(max)s.": lazy_gettext("Type a number from %(min)s to %(max)s."),
    "Date must be at least %(min)s.": lazy_gettext("Choose %(min)s or a later day."),
    "Date must be at most %(max)s.": lazy_gettext("Choose %(max)s or an earlier day."),
    "Date must be between %(min)s and %(max)s.": lazy_gettext("Choose a day from %(min)s to %(max)s."),
    "CSRF token missing.": lazy_gettext("The page was open for too long. Send it once more."),
    "CSRF token expired.": lazy_gettext("The page was open for too long. Send it once more."),
    "Invalid CSRF Token.": lazy_gettext("The page was open for too long. Send it once more."),
    "CSRF failed.": lazy_gettext("The page was open for too long. Send it once more."),
}

# The blanks are WTForms', filled in by WTForms, so they pass through ours as they are.
_COUNTED: dict[str, Callable[[int], str]] = {
    "Field must be at least %(min)d character long.": lambda count: ngettext(
        "Type at least one character.", "Type at least %(num)d characters.", count
    ),
    "Field cannot be longer than %(max)d character.": lambda count: ngettext(
        "One character at most.", "%(num)d characters at most. Make it shorter.", count
    ),
    "Field must be exactly %(max)d character long.": lambda count: ngettext(
        "Type one character.", "Type %(num)d characters, no more and no fewer.", count
    ),
    "'%(value)s' is not a valid choice for this field.": lambda count: gettext("Choose from the list."),
}


class Ours:
    """The translations that forms are given. What is not listed above is a field that no form of ours has."""

    def gettext(self, text: str) -> str:
        return str(_TEXTS.get(text, text))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        found = _COUNTED.get(singular)
        return found(count) if found else (singular if count == 1 else plural)


def known(text: str) -> bool:
    """Whether a message of WTForms has words of ours."""
    return text in _TEXTS or text in _COUNTED


OURS: Any = Ours()
