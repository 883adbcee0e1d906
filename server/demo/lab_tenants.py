"""The forty invented tenants of the demo: their kind, where they sit, who pays for them, how VAT treats them.

No name, number or address here belongs to anybody. Identity numbers begin with zeros, which no register gives, or are of
a range that none has come to; their check digits are right.
"""

from dataclasses import dataclass

from stdnum.ch import uid
from stdnum.iso7064 import mod_11_10

from server.domain.status import ProofKind

FRENCH, EU, SWISS, UNDECIDED = "fr_business", "eu_business", "non_eu_business", "foreign_non_taxable"
PROOFS = {EU: ProofKind.VIES, SWISS: ProofKind.SWISS_VAT}
LANGUAGES = {"FR": "fr", "DE": "de", "CH": "de", "BE": "fr"}
INTERNAL_CODE = "atelier"
HELD_CODE = "aarequell"  # its VAT cell is missing on purpose: its document must be held, and said so
ACCELERATOR_CODE = "tremplin"


@dataclass(frozen=True, slots=True)
class Tenant:
    """``bill_to``: the tenant whose establishment pays; None: its own."""

    code: str
    name: str
    kind: str
    country: str
    treatment: str
    street: str
    postcode: str
    city: str
    siren: str | None
    vat_id: str | None
    parent: str | None
    bill_to: str | None

    @property
    def language(self) -> str:
        return LANGUAGES[self.country]


# code | name | kind | country | city
_ROWS = """
atelier|Atelier commun|internal|FR|Mulhouse
brumevent|Brumevent Mécatronique SAS|company|FR|Mulhouse
dolleric|Dolleric Outillage SARL|company|FR|Mulhouse
feuillarde|La Feuillarde Emballages SA|company|FR|Colmar
grisaulne|Grisaulne Ingénierie SAS|company|FR|Mulhouse
halbronde|Halbronde Textiles techniques SAS|company|FR|Thann
ondeline|Ondeline Capteurs SAS|company|FR|Illzach
pivernelle|Pivernelle Robotique SAS|company|FR|Mulhouse
rochanvers|Rochanvers Énergie SA|company|FR|Strasbourg
kaltbrugg|Kaltbrugg Präzision GmbH|company|DE|Freiburg im Breisgau
mornholz|Mornholz Möbelbau GmbH|company|DE|Lörrach
silberfurt|Silberfurt Antriebe GmbH|company|DE|Müllheim
wiesenthaler|Wiesenthaler Messtechnik GmbH|company|DE|Weil am Rhein
hochgratli|Hochgrätli Apparatebau AG|company|CH|Basel
rebfluh|Rebfluh Feinmechanik GmbH|company|CH|Liestal
aarequell|Verein Aarequell Tüftlerhaus|association|CH|Aarau
houtsonne|Houtsonne Prototypes SRL|company|BE|Liège
tremplin|Tremplin des Tisserands|accelerator|FR|Mulhouse
aeropignon|Aéropignon SAS|startup|FR|Mulhouse
bioplumeau|Bioplumeau SAS|startup|FR|Mulhouse
cyclogris|Cyclogris SAS|startup|FR|Mulhouse
domolune|Domolune SAS|startup|FR|Mulhouse
ecofaience|Écofaïence SAS|startup|FR|Mulhouse
filantine|Filantine SAS|startup|FR|Mulhouse
gyroval|Gyroval SAS|startup|FR|Mulhouse
hydrobouton|Hydrobouton SAS|startup|FR|Mulhouse
isolaine|Isolaine SAS|startup|FR|Mulhouse
lampyrion|Lampyrion UG|startup|DE|Lörrach
ecolebleue|École d'ingénieurs de l'Îlot bleu|school|FR|Mulhouse
codrivage|Codrivage, école du code|school|FR|Mulhouse
campusoir|Cours du soir Campusoir|school|FR|Mulhouse
lyceevert|Lycée technique du Val vert|school|FR|Thann
amandine-d|Amandine Dorvelle, design|freelancer|FR|Mulhouse
bastien-q|Bastien Quirou, maquettes|freelancer|FR|Mulhouse
corvina-s|Corvina Seltzinger, bijoux|freelancer|FR|Illzach
dietmar-o|Dietmar Ostwinkel, Modellbau|freelancer|DE|Lörrach
rafistolia|Rafistolia, atelier de réparation|association|FR|Mulhouse
fablune|Fablune, club de fabrication|association|FR|Mulhouse
agglo|Agence urbaine des Trois Canaux|public|FR|Mulhouse
musarte|Musée des machines lentes|public|FR|Mulhouse
"""

_UNDER_THE_ACCELERATOR = frozenset(
    ("aeropignon", "bioplumeau", "cyclogris", "domolune", "ecofaience", "filantine", "gyroval")
)
_PAID_BY_THE_ACCELERATOR = frozenset(("aeropignon", "bioplumeau", "cyclogris", "domolune"))
_PAID_BY_THE_SCHOOL = {"campusoir": "ecolebleue"}
_POSTCODES = {
    "Mulhouse": "68100",
    "Colmar": "68000",
    "Thann": "68800",
    "Illzach": "68110",
    "Strasbourg": "67000",
    "Freiburg im Breisgau": "79098",
    "Lörrach": "79539",
    "Müllheim": "79379",
    "Weil am Rhein": "79576",
    "Basel": "4001",
    "Liestal": "4410",
    "Aarau": "5000",
    "Liège": "4000",
}


def siren(number: int) -> str:
    """A nine-digit number with a right check digit, from the zeros that no company has."""
    digits = f"{number:08d}"
    total = sum(sum(divmod(int(digit) * (1 + (index % 2)), 10)) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def french_vat_id(siren_number: str) -> str:
    return f"FR{(12 + 3 * (int(siren_number) % 97)) % 97:02d}{siren_number}"


def _tenant(index: int, row: str) -> Tenant:
    code, name, kind, country, city = row.split("|")
    number = siren(index + 101) if country == "FR" else None
    parent = ACCELERATOR_CODE if code in _UNDER_THE_ACCELERATOR else _PAID_BY_THE_SCHOOL.get(code)
    paid_by = ACCELERATOR_CODE if code in _PAID_BY_THE_ACCELERATOR else _PAID_BY_THE_SCHOOL.get(code)
    street = f"{index + 3} {'rue des Bobines' if country in ('FR', 'BE') else 'Spulenweg'}"
    return Tenant(
        code,
        name,
        kind,
        country,
        _treatment(code, country),
        street,
        _POSTCODES[city],
        city,
        number,
        _vat_id(index, code, country, number),
        parent,
        paid_by,
    )


def _treatment(code: str, country: str) -> str:
    if code == HELD_CODE:
        return UNDECIDED
    return {"FR": FRENCH, "DE": EU, "BE": EU, "CH": SWISS}[country]


def _vat_id(index: int, code: str, country: str, number: str | None) -> str | None:
    if code == HELD_CODE:
        return None
    if number is not None:
        return french_vat_id(number)
    return {"DE": _german, "BE": _belgian, "CH": _swiss}[country](index)


def _german(index: int) -> str:
    """Right by its check digit, and of a range that is not given out."""
    digits = f"9000{index:04d}"
    return f"DE{digits}{mod_11_10.calc_check_digit(digits)}"


def _belgian(index: int) -> str:
    return f"BE{index:08d}{97 - index % 97:02d}"


def _swiss(index: int) -> str:
    """Of eleven numbers one has no check digit: then the next one."""
    numbers = (f"{index * 10 + more:08d}" for more in range(10))
    digits = next(one for one in numbers if len(uid.calc_check_digit(one)) == 1)
    whole = digits + uid.calc_check_digit(digits)
    return f"CHE-{whole[:3]}.{whole[3:6]}.{whole[6:]} MWST"


TENANTS = tuple(_tenant(index, row) for index, row in enumerate(_ROWS.strip().splitlines()))
