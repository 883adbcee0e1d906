"""What tenants, treatments and VAT categories are called, in the language of the page."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext, lazy_gettext

from server.domain.duties import Declares
from server.domain.tariffs import Scope
from server.domain.vat import Nature, Regime, Treatment
from server.people.models import TenantKind

KINDS = {
    TenantKind.COMPANY: lazy_gettext("Company"),
    TenantKind.STARTUP: lazy_gettext("Start-up"),
    TenantKind.SCHOOL: lazy_gettext("School"),
    TenantKind.ACCELERATOR: lazy_gettext("Accelerator"),
    TenantKind.FREELANCER: lazy_gettext("Freelancer"),
    TenantKind.ASSOCIATION: lazy_gettext("Association"),
    TenantKind.PUBLIC: lazy_gettext("Public body"),
    TenantKind.INTERNAL: lazy_gettext("Internal"),
}
TREATMENTS = {
    Treatment.FR_BUSINESS: lazy_gettext("Business established in France"),
    Treatment.FR_PUBLIC: lazy_gettext("Public body in France"),
    Treatment.FR_ESTABLISHMENT: lazy_gettext("Foreign business with own staff and means here that use the service"),
    Treatment.EU_BUSINESS: lazy_gettext("Business in another EU state, with a VAT id"),
    Treatment.NON_EU_BUSINESS: lazy_gettext("Business outside the EU, with proof of its status"),
    Treatment.FOREIGN_NON_TAXABLE: lazy_gettext("Abroad, not taxable"),
    Treatment.PRIVATE: lazy_gettext("Private person"),
}
NATURES = {
    Nature.MACHINE_USE: lazy_gettext("Use of machines"),
    Nature.MACHINE_USE_WITH_ROOM: lazy_gettext("Use of machines with a room"),
    Nature.OPEN_COURSE: lazy_gettext("Course that anybody may join"),
    Nature.TENANT_TRAINING: lazy_gettext("Training ordered by a tenant"),
    Nature.OPERATOR_SERVICE: lazy_gettext("Operator’s time"),
    Nature.GOODS: lazy_gettext("Goods handed over"),
    Nature.MATERIAL_IN_SERVICE: lazy_gettext("Material used with a machine"),
    Nature.SUBSCRIPTION: lazy_gettext("Subscription"),
    Nature.FEE: lazy_gettext("Fee"),
    Nature.VOUCHER: lazy_gettext("Prepaid pack"),
}
REGIMES = {
    Regime.NORMAL.value: lazy_gettext("Normal regime"),
    Regime.FRANCHISE.value: lazy_gettext("Small business, no VAT (art. 293 B)"),
}
DECLARES = {
    Declares.MONTHLY.value: lazy_gettext("every month"),
    Declares.QUARTERLY.value: lazy_gettext("every quarter"),
    Declares.SIMPLIFIED.value: lazy_gettext("simplified regime, until the end of 2026"),
}
CATEGORIES = {
    "S": lazy_gettext("Standard rate"),
    "AE": lazy_gettext("Reverse charge"),
    "O": lazy_gettext("Outside the scope of VAT"),
    "E": lazy_gettext("Exempt"),
}


def kind(code: str | None) -> str:
    """A kind of tenant; None is everybody without a price of their own."""
    return gettext("All others") if code is None else str(KINDS[TenantKind(code)])


def treatment(code: str) -> str:
    """One that only an older book knows is shown as it is."""
    return str(TREATMENTS[Treatment(code)]) if code in set(Treatment) else code


@dataclass(frozen=True, slots=True)
class Names:
    """What tenants and classes of members are called, by their codes."""

    tenants: Mapping[str, str]
    classes: Mapping[str, str]


def whose(scope: Scope, names: Names) -> str:
    """Whose sessions a price is for: "École", "Acme SARL", "Toutes les autres, mentors"."""
    said = names.tenants.get(scope.tenant, scope.tenant) if scope.tenant else kind(scope.tenant_kind)
    return f"{said}, {names.classes.get(scope.member_class, scope.member_class)}" if scope.member_class else said


def rival(name: str, scope: Scope, names: Names) -> str:
    """What goes before a price: "Imprimante P8", "École", or "Imprimante P8 (École)"."""
    if scope.tenant is None and scope.tenant_kind is None and scope.member_class is None:
        return name or kind(None)
    return f"{name} ({whose(scope, names)})" if name else whose(scope, names)


def order(scope: Scope) -> str:
    """Everybody first, then kinds, then tenants; each with its classes of members below."""
    return f"{scope.tenant or ''}\t{scope.tenant_kind or ''}\t{scope.member_class or ''}"
