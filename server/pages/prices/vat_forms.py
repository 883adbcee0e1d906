"""What is asked of a cell of the VAT table, and of a column of it that somebody takes over."""

import re
from collections.abc import Sequence

from flask_babel import gettext, lazy_gettext
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import TextInput

from server.domain.vat import Nature, Treatment
from server.pages.prices.words import CATEGORIES, NATURES, REGIMES, TREATMENTS
from server.web.formats import language
from server.web.forms import Day, Form, Reason


class Percent(StringField):
    """A rate, typed as "20" or "5,5"; ``data`` is hundredths of a percent."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].replace("%", "").strip() if valuelist else ""
        found = re.fullmatch(r"(\d{1,2}|100)(?:[.,](\d{1,2}))?", typed)
        self.data = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None
        if typed and self.data is None:
            raise ValueError(gettext("Type a rate in percent, such as 20 or 5,5."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        whole, part = divmod(self.data, 100)
        return f"{whole}{'.' if language() == 'en' else ','}{part:02}" if part else str(whole)


class VatForm(Form):
    """One cell of the VAT table."""

    regime = SelectField(lazy_gettext("Regime of the seller"), choices=list(REGIMES.items()))
    treatment = SelectField(lazy_gettext("Treatment of the establishment"))
    nature = SelectField(lazy_gettext("What is sold"), choices=[(one.value, NATURES[one]) for one in Nature])
    category = SelectField(lazy_gettext("VAT category"))
    rate = Percent(lazy_gettext("Rate"), [InputRequired()])
    mention = StringField(lazy_gettext("Words on the document"), [Length(max=300)])
    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()

    def offer(self, treatments: Sequence[str]) -> None:
        """Also the treatments that establishments have and this version does not know."""
        known = [(one.value, TREATMENTS[one]) for one in Treatment]
        self.treatment.choices = [*known, *((one, one) for one in treatments if one not in set(Treatment))]
        self.category.choices = [(code, f"{code} · {name}") for code, name in CATEGORIES.items()]


class ColumnForm(Form):
    """Which proposals of one nature somebody takes over, from which day, and why."""

    chosen = SelectMultipleField(
        lazy_gettext("Take over"), [InputRequired(lazy_gettext("Tick what you decide; the rest stays open."))]
    )
    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()
