"""The words of the sentences a document must carry, in French, German and English. They are frozen with the document.

Not in the catalogues of the pages: what was printed once must never be said differently later.
"""

from server.domain.tariffs import Basis

FRENCH = "fr"  # stands beside every other language: the law's own words
LANGUAGES = (FRENCH, "de", "en")

STEPS = {
    "fr": {
        60: "par minute commencée",
        900: "par quart d’heure commencé",
        1800: "par demi-heure commencée",
        3600: "par heure commencée",
        0: "par tranche de {step} commencée",
    },
    "de": {
        60: "je angefangene Minute",
        900: "je angefangene Viertelstunde",
        1800: "je angefangene halbe Stunde",
        3600: "je angefangene Stunde",
        0: "je angefangene {step}",
    },
    "en": {
        60: "per minute begun",
        900: "per quarter of an hour begun",
        1800: "per half-hour begun",
        3600: "per hour begun",
        0: "per {step} begun",
    },
}
AT_LEAST = {
    "fr": "au moins {time} par session",
    "de": "mindestens {time} je Nutzung",
    "en": "at least {time} a session",
}
FREE_FIRST = {"fr": "les premières {time} offertes", "de": "die ersten {time} frei", "en": "the first {time} free"}
BASES = {
    "fr": {
        Basis.POWERED: "sous tension",
        Basis.RUNNING: "temps de marche",
        Basis.COOLDOWN: "refroidissement",
    },
    "de": {
        Basis.POWERED: "eingeschaltet",
        Basis.RUNNING: "Laufzeit",
        Basis.COOLDOWN: "Abkühlen",
    },
    "en": {Basis.POWERED: "powered", Basis.RUNNING: "running", Basis.COOLDOWN: "cooling down"},
}
ALL_OTHERS = {"fr": "toutes les autres machines", "de": "alle anderen Maschinen", "en": "all other machines"}
TIME = {
    "fr": (
        "Temps facturé {ways}. Chaque session est facturée au tarif en vigueur à son début, "
        "dans le mois où elle se termine, et arrondie au centime."
    ),
    "de": (
        "Zeit berechnet {ways}. Jede Nutzung wird zum Preis berechnet, der bei ihrem Beginn gilt, "
        "in dem Monat, in dem sie endet, und auf den Cent gerundet."
    ),
    "en": (
        "Time is billed {ways}. Each session is billed at the price in force when it began, "
        "in the month in which it ends, and rounded to the cent."
    ),
}
TIME_COUNTED = {  # on a statement, which must not sound like an invoice
    "fr": (
        "Temps compté {ways}. Chaque session est comptée au tarif en vigueur à son début, "
        "dans le mois où elle se termine, et arrondie au centime."
    ),
    "de": TIME["de"],
    "en": TIME["en"],
}

SERVICES = {"fr": "Prestations de services.", "de": "Dienstleistungen.", "en": "Supply of services."}
GOODS = {"fr": "Livraisons de biens.", "de": "Lieferungen von Gegenständen.", "en": "Supply of goods."}
BOTH = {
    "fr": "Opérations mixtes : prestations de services et livraisons de biens.",
    "de": "Dienstleistungen und Lieferungen von Gegenständen.",
    "en": "Supply of services and of goods.",
}
DEBITS = {
    "fr": "Option pour le paiement de la taxe d’après les débits.",
    "de": "Option zur Besteuerung nach vereinbarten Entgelten.",
    "en": "Option to account for VAT on invoicing.",
}

NO_DISCOUNT = {
    "fr": "Pas d’escompte pour paiement anticipé.",
    "de": "Kein Skonto bei vorzeitiger Zahlung.",
    "en": "No discount for early payment.",
}
LATE = {
    "fr": "Pénalités en cas de retard de paiement : {rate} (art. L441-10 du code de commerce).",
    "de": "Verzugszinsen bei Zahlungsverzug: {rate} (Art. L441-10 code de commerce).",
    "en": "Penalty for late payment: {rate} (art. L441-10 of the French commercial code).",
}
LATE_PUBLIC = {
    "fr": (
        "Intérêts moratoires en cas de retard de paiement : taux directeur de la BCE majoré de huit points "
        "(art. R2192-31 du code de la commande publique)."
    ),
    "de": (
        "Verzugszinsen bei Zahlungsverzug: Leitzins der EZB plus acht Prozentpunkte "
        "(Art. R2192-31 code de la commande publique)."
    ),
    "en": (
        "Interest on late payment: the ECB’s key rate plus eight points (art. R2192-31 of the French public procurement code)."
    ),
}
FORTY_EUROS = {
    "fr": "Indemnité forfaitaire pour frais de recouvrement : 40 € (art. {article}).",
    "de": "Pauschale für Beitreibungskosten: 40 € (Art. {article}).",
    "en": "Fixed compensation for recovery costs: €40 (art. {article}).",
}
ARTICLES = {"business": "L441-10 et D441-5 du code de commerce", "public": "D2192-35 du code de la commande publique"}
ARTICLES_ABROAD = {"business": "L441-10, D441-5 code de commerce", "public": "D2192-35 code de la commande publique"}
RATES = {  # what sellers usually write into their late rate, said in the other languages
    "trois fois le taux d’intérêt légal": {
        "de": "das Dreifache des französischen gesetzlichen Zinssatzes",
        "en": "three times the French legal interest rate",
    },
    "taux de refinancement de la Banque centrale européenne majoré de 10 points": {
        "de": "Refinanzierungssatz der Europäischen Zentralbank zuzüglich 10 Prozentpunkten",
        "en": "the refinancing rate of the European Central Bank plus 10 percentage points",
    },
}

REVERSE = {"de": "Steuerschuldnerschaft des Leistungsempfängers", "en": "Reverse charge"}
NOT_APPLICABLE = {"de": "In Frankreich nicht steuerbar", "en": "Outside the scope of French VAT"}
SMALL_BUSINESS = {
    "de": "Keine Umsatzsteuer: französische Kleinunternehmerregelung",
    "en": "No VAT: French small-business scheme",
}
TRAINING = {"de": "Steuerfrei: berufliche Bildung", "en": "VAT exempt: vocational training"}
EXEMPT = {"de": "Steuerfrei", "en": "VAT exempt"}
