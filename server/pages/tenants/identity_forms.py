"""What is asked of an address that bills go to: its numbers, its wishes, its treatment for VAT, and the proof of its status."""

from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, EmailField, Field, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from server.domain.refusals import Refusal
from server.domain.status import ProofKind
from server.domain.vat import Treatment
from server.pages.prices.words import TREATMENTS
from server.pages.refused import said
from server.pages.tenants.words import PROOFS
from server.paper.keeping import Sent
from server.people.identities import compact, wrong_siren, wrong_siret, wrong_vat_id
from server.people.proofs import Seen
from server.people.tenants import Site
from server.web.forms import Day, Form

_COUNTRY = Regexp(r"[A-Za-z]{2}$", message=lazy_gettext("Type the two letters of the country: FR, DE, CH."))
_ABROAD = frozenset({Treatment.EU_BUSINESS, Treatment.NON_EU_BUSINESS})


def _number(text: str | None) -> str | None:
    return compact(text) or None if text else None


def _refuse(wrong: Refusal | None) -> None:
    if wrong is not None:
        raise ValidationError(said(wrong))


def _is_siren(form: Form, field: Field) -> None:
    _refuse(wrong_siren(field.data) if field.data else None)


def _is_siret(form: Any, field: Field) -> None:
    _refuse(wrong_siret(field.data, form.siren.data or "") if field.data else None)


def _is_vat_id(form: Any, field: Field) -> None:
    _refuse(wrong_vat_id(field.data, form.siren.data or "") if field.data else None)


class AddressForm(Form):
    legal_name = StringField(lazy_gettext("Legal name"), [InputRequired(), Length(max=200)])
    street = StringField(lazy_gettext("Street"), [InputRequired(), Length(max=200)])
    postcode = StringField(lazy_gettext("Postcode"), [InputRequired(), Length(max=12)])
    city = StringField(lazy_gettext("City"), [InputRequired(), Length(max=100)])
    country = StringField(lazy_gettext("Country"), [InputRequired(), _COUNTRY], default="FR")
    siren = StringField("SIREN", [Optional(), _is_siren], filters=[_number])
    siret = StringField("SIRET", [Optional(), _is_siret], filters=[_number])
    vat_id = StringField(lazy_gettext("VAT id"), [Optional(), Length(max=20), _is_vat_id], filters=[_number])
    email = EmailField(
        lazy_gettext("E-mail for documents"),
        [Optional(), Length(max=200), Regexp(r"\S+@\S+\.\S+$", message=lazy_gettext("That is no e-mail address."))],
    )
    service_code = StringField(lazy_gettext("Service code"), [Optional(), Length(max=100)])
    needs_service_code = BooleanField(lazy_gettext("Refuses invoices without its service code"))
    wants_einvoice = BooleanField(
        lazy_gettext("Wants electronic invoices (Factur-X), though not established in France")
    )


class TreatmentForm(Form):
    """Own staff on site is asked of whoever is from abroad: it decides between 20 % and reverse charge."""

    treatment = SelectField(
        lazy_gettext("VAT treatment"), choices=[(treatment.value, name) for treatment, name in TREATMENTS.items()]
    )
    since = Day(lazy_gettext("From"), [InputRequired()])
    staff = RadioField(
        lazy_gettext("Own staff on site that use the service?"),
        [Optional()],
        choices=[("", lazy_gettext("not asked")), ("no", lazy_gettext("no")), ("yes", lazy_gettext("yes"))],
        default="",
    )
    staff_since = Day(lazy_gettext("On site since"), [Optional()])
    stated_by = StringField(lazy_gettext("Stated by"), [Optional(), Length(max=120)])
    stated_in = StringField(lazy_gettext("In which document"), [Optional(), Length(max=200)])
    reason = TextAreaField(
        lazy_gettext("Why"), [InputRequired(lazy_gettext("Say what this rests on: a VAT id checked, a paper seen."))]
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Who is treated as from abroad has said that no staff of theirs uses the service here."""
        is_right = super().validate(extra_validators)
        if self.treatment.data in _ABROAD and not self.staff.data:
            self.refuse(
                "staff", gettext("Ask them, and note who said so: with staff on site it would be 20 % and a SIREN.")
            )
            return False
        if self.treatment.data in _ABROAD and not self.stated_by.data:
            self.refuse("stated_by", gettext("Type who of the tenant said so."))
            return False
        return is_right

    def site(self) -> Site | None:
        if not self.staff.data:
            return None
        said_in = (self.stated_by.data or "", self.stated_in.data or "")
        return Site(self.staff.data == "yes", self.staff_since.data, *said_in)


class ProofForm(Form):
    kind = SelectField(lazy_gettext("What was seen"), choices=list(PROOFS.items()))
    dated_on = Day(lazy_gettext("Its date"), [InputRequired()])
    number = StringField(lazy_gettext("Consultation number"), [Optional(), Length(max=60)])
    recheck_on = Day(lazy_gettext("Look again by"), [Optional()])
    file = FileField(lazy_gettext("File"), [Optional()])
    note = StringField(lazy_gettext("Remark"), [Optional(), Length(max=300)])

    def seen(self) -> Seen:
        words = (self.number.data or "", self.recheck_on.data, self.note.data or "")
        return Seen(ProofKind(self.kind.data), self.dated_on.data, *words)

    def sent(self) -> list[Sent]:
        sent = self.file.data
        return [Sent(sent.filename or "", sent.read())] if isinstance(sent, FileStorage) and sent.filename else []
