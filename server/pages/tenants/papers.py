"""What an invoice needs of a tenant: addresses with their numbers, the treatment for VAT, where bills go, cost centres."""

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.roles import Verb
from server.pages.people.choices import begin_of, end_of
from server.pages.prices.words import treatment
from server.pages.refused import said
from server.pages.tenants.about import establishment_of, payer_of, tenant_of
from server.pages.tenants.forms import BillToForm, EndPayerForm, PayerForm
from server.pages.tenants.identity_forms import AddressForm, TreatmentForm
from server.pages.tenants.reads import Address, read_tenant
from server.pages.tenants.views import label_of
from server.people import service as people
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("papers", __name__)

Answer = str | tuple[str, int] | Response


# --- addresses --------------------------------------------------------------------------------------------------------


@pages.get("/tenants/<code>/addresses/new")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def new_address(code: str) -> str:
    form = AddressForm(data={"legal_name": read_tenant(code, now()).name, "country": "FR"})
    return _page("tenants/address.html", code, form, address=None)


@pages.post("/tenants/<code>/addresses/new")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def add_address(code: str) -> Answer:
    form = AddressForm()
    if not form.validate_on_submit():
        return _page("tenants/address.html", code, form, address=None), 422
    by: Any = {"actor": actor().label, "now": now()}
    number = people.add_establishment(code, **_said(form), **by).id
    done(gettext("The address is kept. The next step is its treatment for VAT."))
    return see_other(url_for("papers.new_treatment", code=code, number=number))


@pages.get("/tenants/<code>/addresses/<int:number>/edit")
@needs(Verb.EDIT_TENANTS, about=establishment_of)
def edit_address(code: str, number: int) -> str:
    address = _address(code, number)
    form = AddressForm(data=_values(address) | {"version": address.version})
    return _page("tenants/address.html", code, form, address=address)


@pages.post("/tenants/<code>/addresses/<int:number>/edit")
@needs(Verb.EDIT_TENANTS, about=establishment_of)
def save_address(code: str, number: int) -> Answer:
    form = AddressForm()
    if not form.validate_on_submit():
        return _page("tenants/address.html", code, form, address=_address(code, number)), 422
    by: Any = {"version": form.version.data, "actor": actor().label, "now": now()}
    try:
        people.edit_establishment(number, people.Address(**_said(form)), **by)
    except Stale:
        current = _address(code, number)
        return conflict_page(form, _values(current), current.version)
    done(gettext("The address is changed. Documents issued before keep the old one."))
    return see_other(url_for("tenants.show", code=code))


def _said(form: AddressForm) -> dict[str, Any]:
    data = {name: value for name, value in form.data.items() if name not in {"version", "once", "csrf_token"}}
    optional = {name: data[name] or None for name in ("siren", "siret", "vat_id", "email", "service_code")}
    return data | optional | {"country": data["country"].upper()}


def _values(address: Address) -> dict[str, Any]:
    texts = ("legal_name", "street", "postcode", "city", "country", "siren", "siret", "vat_id", "email", "service_code")
    ticked = ("needs_service_code", "wants_einvoice")
    return {name: getattr(address, name) or "" for name in texts} | {name: getattr(address, name) for name in ticked}


# --- VAT and where bills go ---------------------------------------------------------------------------------------------


@pages.get("/tenants/<code>/addresses/<int:number>/treatment")
@needs(Verb.EDIT_TENANTS, about=establishment_of)
def new_treatment(code: str, number: int) -> str:
    present = _address(code, number).treated_on(today())
    known: dict[str, Any] = {"treatment": present.treatment, "stated_by": present.stated_by} if present else {}
    return _treatment_page(code, number, TreatmentForm(data=known | {"since": today()}))


@pages.post("/tenants/<code>/addresses/<int:number>/treatment")
@needs(Verb.EDIT_TENANTS, about=establishment_of)
def set_treatment(code: str, number: int) -> Answer:
    form = TreatmentForm()
    if not form.validate_on_submit():
        return _treatment_page(code, number, form), 422
    by: Any = {"actor": actor().label, "now": now()}
    try:
        people.set_treatment(number, form.treatment.data, form.since.data, form.reason.data, form.site(), **by)
    except people.PeopleError as error:
        form.refuse("staff" if "staff" in error.sentence else "since", said(error))
        return _treatment_page(code, number, form), 422
    done(gettext("The treatment is decided in your name."))
    if _address(code, number).lacks_proof(form.since.data):
        return see_other(url_for("proofs.new", code=code, number=number))
    if not read_tenant(code, now()).bills_to:
        return see_other(url_for("papers.new_bill_to", code=code, establishment=number))
    return see_other(url_for("tenants.show", code=code))


def _treatment_page(code: str, number: int, form: TreatmentForm) -> str:
    address = _address(code, number)
    return _page("tenants/treatment.html", code, form, address=address, treatment=treatment, today=today())


@pages.get("/tenants/<code>/bill-to")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def new_bill_to(code: str) -> str:
    asked = request.args.get("establishment", type=int)
    return _bill_to_page(code, BillToForm(data={"since": today(), "establishment": asked}))


@pages.post("/tenants/<code>/bill-to")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def set_bill_to(code: str) -> Answer:
    form = BillToForm()
    form.offer_addresses()
    if not form.validate_on_submit():
        return _bill_to_page(code, form), 422
    try:
        people.set_bill_to(code, form.establishment.data, form.since.data, actor=actor().label, now=now())
    except people.PeopleError as error:
        form.refuse("since", said(error))
        return _bill_to_page(code, form), 422
    done(gettext("Documents go there from that day on."))
    return see_other(url_for("tenants.show", code=code))


def _bill_to_page(code: str, form: BillToForm) -> str:
    form.offer_addresses()
    return _page("tenants/bill_to.html", code, form, today=today())


# --- cost centres -----------------------------------------------------------------------------------------------------


@pages.get("/tenants/<code>/payers/new")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def new_payer(code: str) -> str:
    file = read_tenant(code, now())
    return _page("tenants/payer.html", code, PayerForm(data={"code": f"{code}-{len(file.centres) + 1}"}))


@pages.post("/tenants/<code>/payers/new")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def add_payer(code: str) -> Answer:
    form = PayerForm()
    if not form.validate_on_submit():
        return _page("tenants/payer.html", code, form), 422
    by: Any = {"actor": actor().label, "now": now()}
    centre = form.cost_centre.data or ""
    label = label_of(read_tenant(code, now()).name, centre)
    try:
        people.add_payer(code, form.code.data or "", centre, label, begin_of(form.since.data), **by)
    except people.PeopleError as error:
        form.refuse("code", said(error))
        return _page("tenants/payer.html", code, form), 422
    done(gettext("The cost centre is open."))
    return see_other(url_for("tenants.show", code=code))


@pages.get("/tenants/<code>/payers/<payer>/end")
@needs(Verb.EDIT_TENANTS, about=payer_of)
def ask_end_payer(code: str, payer: str) -> str:
    return _end_payer_page(code, payer, EndPayerForm(data={"until": today()}))


@pages.post("/tenants/<code>/payers/<payer>/end")
@needs(Verb.EDIT_TENANTS, about=payer_of)
def end_payer(code: str, payer: str) -> Answer:
    form = EndPayerForm()
    if not form.validate_on_submit():
        return _end_payer_page(code, payer, form), 422
    until = end_of(form.until.data) or now()
    try:
        people.end_payer(payer, until, form.reason.data or "", actor=actor().label, now=now())
    except people.PeopleError as error:
        form.refuse("until", said(error))
        return _end_payer_page(code, payer, form), 422
    done(gettext("The cost centre closes after that day."))
    return see_other(url_for("tenants.show", code=code))


def _end_payer_page(code: str, payer: str, form: EndPayerForm) -> str:
    centre = next((one for one in read_tenant(code, now()).centres if one.code == payer), None) or abort(404)
    return _page("tenants/end_payer.html", code, form, centre=centre)


# --- what the pages above share ---------------------------------------------------------------------------------------


def _page(template: str, code: str, form: Any, **told: Any) -> str:
    back = url_for("tenants.show", code=code)
    return render_template(template, file=read_tenant(code, now()), form=form, back=back, **told)


def _address(code: str, number: int) -> Address:
    return next((one for one in read_tenant(code, now()).addresses if one.id == number), None) or abort(404)
