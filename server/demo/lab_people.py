"""The three hundred invented makers of the demo: names, badges, tenants and skills, drawn from one seed."""

from dataclasses import dataclass
from random import Random

from server.demo.lab_tenants import INTERNAL_CODE, Tenant

HOLDERS = 300
PRINTING, MILLING, CUTTING = "printing", "milling", "laser-cutting"
SKILLS = {PRINTING: "Impression 3D", MILLING: "Fraisage", CUTTING: "Découpe laser"}
_PEOPLE_IN = {"company": 9, "startup": 5, "school": 14, "freelancer": 1, "association": 6}
_GIVEN = (
    "Adèle Aloïs Amadou Anouk Armand Astrid Aurel Basile Béatrix Bertil Brune Cassian Céleste Clovis Cosima Damien "
    "Dietlind Diane Edda Éloi Emeric Enora Esther Fanette Ferdinand Flore Gaspard Gerlinde Gisela Guilhem Hadrien Hanne "
    "Hedwig Hugo Ilse Inès Irmgard Jasmin Jorin Judith Kilian Klara Lambert Leonie Lioba Lothar Lucien Mahaut Malo Mareike "
    "Mathilde Merlin Nadja Nestor Odile Oskar Perrine Quirin Rahel Raphaël Romane Rosalie Sabin Selma Sidonie Silas "
    "Solveig Tancrède Theodor Tilda Ulrike Urs Valentin Verena Vivien Wanda Wendelin Xaver Yael Yvain Zélie Zita"
)
_FAMILY = (
    "Abrécourt Altmoos Ambresac Bachwinkel Balterre Bärlocher-Ried Beaurivol Birkenau Bonnevaire Brandholz Cardoline "
    "Chantegrive Corbelune Dahlgrund Delorage Dornfeldt Écharde Eibental Estribaud Falkenried Fontarelle Froidecombe "
    "Gaillevent Ginsterhof Grandpuisard Haselrain Hautefage Himmelrath Isembourg Jolicorne Kaltwasser Kirschgarten "
    "Lachardelle Laubenthal Lindwiese Malvoisine Mittelbach-Orth Montrevelle Nachtigal Noirebise Oberlaub Ormeval Pervenchet "
    "Pfauenhof Quatremarre Quellrieder Rabenau Rivolette Rosenthau Sablonne Schlehdorn Taillevigne Tannacker Urbevent "
    "Vaucresselle Vogelsang-Reut Waldsteg Wintergrün Yssandre Zirbeler"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """``tenants[0]`` pays unless somebody says otherwise. ``card``: the ten hex digits an EM4100 badge sends."""

    key: int
    given: str
    family: str
    language: str
    card: str
    tenants: tuple[str, ...]
    skills: frozenset[str]
    shows_first_name: bool


def make_holders(random: Random, tenants: tuple[Tenant, ...]) -> tuple[Holder, ...]:
    homes = _homes(tenants)
    names = random.sample([(given, family) for given in _GIVEN.split() for family in _FAMILY.split()], HOLDERS)
    cards = random.sample(range(16**8), HOLDERS)
    languages = {tenant.code: tenant.language for tenant in tenants}
    others = [tenant.code for tenant in tenants if tenant.kind in ("startup", "company", "association")]
    return tuple(
        Holder(
            key,
            given,
            family,
            languages[home] if random.random() < 0.9 else "en",
            f"62{card:08X}",
            _ties(random, home, others),
            _skills(random),
            random.random() < 0.4,
        )
        for key, ((given, family), card, home) in enumerate(zip(names, cards, homes, strict=True))
    )


def _homes(tenants: tuple[Tenant, ...]) -> list[str]:
    """One tenant a holder, by the size of its kind; what is left over goes round the companies."""
    homes = [tenant.code for tenant in tenants for _ in range(_PEOPLE_IN.get(tenant.kind, 4))][:HOLDERS]
    companies = [tenant.code for tenant in tenants if tenant.kind == "company"]
    return homes + [companies[index % len(companies)] for index in range(HOLDERS - len(homes))]


def _ties(random: Random, home: str, others: list[str]) -> tuple[str, ...]:
    """One in five also belongs to a second tenant, one in twenty to a third: one badge, three payers."""
    if home == INTERNAL_CODE:
        return (home,)
    more = (random.random() < 0.2) + (random.random() < 0.05)
    return (home, *random.sample([code for code in others if code != home], more))


def _skills(random: Random) -> frozenset[str]:
    chances = {PRINTING: 0.95, MILLING: 0.55, CUTTING: 0.4}
    return frozenset(skill for skill, chance in chances.items() if random.random() < chance)
