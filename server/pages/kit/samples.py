"""What the page of parts shows: invented names, every state, a path, a trail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.web.lines import Reached, Station
from server.web.paging import Page


@dataclass(frozen=True, slots=True)
class StateWords:
    """A state as a picture, and its word in the three languages: this table alone shows all at once."""

    state: str
    machine: str
    fr: str
    de: str
    en: str


LANGUAGE_STATES = (
    StateWords("free", "FDM 1", "Libre", "Frei", "Free"),
    StateWords("use", "FDM 2", "En cours", "Belegt", "In use"),
    StateWords("idle", "FDM 3", "À vide", "Leerlauf", "Idle, on"),
    StateWords("cool", "FDM 4", "Refroidit", "Kühlt ab", "Cooling down"),
    StateWords("book", "FDM 5", "Réservée", "Reserviert", "Booked"),
    StateWords("lock", "FDM 6", "Verrouillée", "Gesperrt", "Locked"),
    StateWords("off", "FDM 7", "Hors ligne", "Offline", "Offline"),
    StateWords("fault", "FDM 8", "En défaut", "Störung", "Fault"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A line of a trail."""

    at: datetime
    who: str
    text: str
    reason: str = ""


def stations() -> list[Station]:
    return [
        Station("1\u00a0512", "Sessions", "toutes closes", Reached.DONE),
        Station(
            "1\u00a0511", "Prix", "1 sans prix", Reached.DONE, href="#line", points=1, siding="4 tardives, sur novembre"
        ),
        Station("7", "Anomalies", "à trancher, 16 réglées", Reached.HERE, href="#line"),
        Station("38", "Brouillons", "18\u00a0742,30\u00a0€ HT"),
        Station("0", "Émises", "sur 38"),
        Station("0", "Payées"),
    ]


def entries(now: datetime) -> list[Sample]:
    return [
        Sample(now - timedelta(minutes=3), "Camille Ostreville", "Badge …7F3A bloqué", "perdu au vestiaire"),
        Sample(now - timedelta(days=2), "Camille Ostreville", "Prix : 36,00 € (avant : 34,00 €)"),
    ]


def page_of_a_list() -> Page[str]:
    return Page(rows=["FDM 1"] * 50, number=2, pages=7, total=312, size=50)
