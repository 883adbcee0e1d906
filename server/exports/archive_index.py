"""The page that an archive opens with: plain HTML in three languages, nothing loaded from anywhere, readable in any browser."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from server.domain.journal import buyer_label
from server.exports.papers import Paper


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A file of the archive."""

    name: str
    size: int
    sha256: str


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1a1e21;background:#fff;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #dbd8d1;vertical-align:top}.n{text-align:right;white-space:nowrap}"
    "code{font-size:.8rem;overflow-wrap:anywhere}h2{margin-top:2.5rem}"
)
_WORDS = {
    "fr": (
        (
            "Ce dossier contient les documents d’un mois : factures, avoirs et relevés en PDF tels qu’ils ont été émis, le texte "
            "exact dont chacun est fait (JSON), la facture électronique que le PDF contient (XML), et des tableaux (CSV, séparés par "
            "des points-virgules, en UTF-8). Rien d’autre n’est nécessaire pour le lire."
        ),
        (
            "Pour vérifier que rien n’a changé : dans ce dossier, tapez « sha256sum -c SHA256SUMS » (Linux), « shasum -a 256 -c "
            "SHA256SUMS » (macOS), ou comparez chaque « certutil -hashfile FICHIER SHA256 » (Windows) à la liste ci-dessous. "
            "L’empreinte d’un PDF figure aussi dans tables/documents.csv."
        ),
    ),
    "de": (
        (
            "Dieser Ordner enthält die Belege eines Monats: Rechnungen, Rechnungskorrekturen und Aufstellungen als PDF, wie sie "
            "ausgestellt wurden, den genauen Wortlaut, aus dem jeder gemacht ist (JSON), die elektronische Rechnung, die das PDF "
            "enthält (XML), und Tabellen (CSV, mit Semikolon getrennt, UTF-8). Zum Lesen ist sonst nichts nötig."
        ),
        (
            "Um zu prüfen, dass sich nichts geändert hat: in diesem Ordner „sha256sum -c SHA256SUMS“ (Linux) oder „shasum -a 256 "
            "-c SHA256SUMS“ (macOS) eingeben, oder jedes „certutil -hashfile DATEI SHA256“ (Windows) mit der Liste unten "
            "vergleichen. Die Prüfsumme eines PDF steht auch in tables/documents.csv."
        ),
    ),
    "en": (
        (
            "This folder holds the documents of a month: invoices, credit notes and statements as PDF as they were issued, the "
            "exact words each was made of (JSON), the electronic invoice that the PDF carries (XML), and tables (CSV, separated by "
            "semicolons, UTF-8). Nothing else is needed to read it."
        ),
        (
            "To check that nothing has changed: in this folder, type “sha256sum -c SHA256SUMS” (Linux) or “shasum -a 256 -c "
            "SHA256SUMS” (macOS), or compare each “certutil -hashfile FILE SHA256” (Windows) with the list below. The hash of a "
            "PDF also stands in tables/documents.csv."
        ),
    ),
}
_COLUMNS = (
    "category: S taxed, AE reverse charge, O outside the scope, E exempt (EN 16931) · net, vat, gross: euros · *_h: hours · "
    "rate: % · free: why it is not charged"
)


def index_page(month: str, papers: Sequence[Paper], entries: Sequence[Entry]) -> str:
    """``entries``: every file but this one, whose own hash stands in SHA256SUMS."""
    seller = papers[0].content["seller"]
    title = f"{month} · {seller['legal_name']} · SIREN {seller['siren']}"
    told = "".join(
        f'<section lang="{language}"><h2>{language.upper()}</h2><p>{escape(what)}</p><p>{escape(how)}</p></section>'
        for language, (what, how) in _WORDS.items()
    )
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{told}"
        f"<h2>Documents · Belege</h2>{_documents(papers, entries)}<h2>Fichiers · Dateien · Files</h2>"
        f"<p>{escape(_COLUMNS)}</p>{_files(entries)}</body></html>\n"
    )


def _documents(papers: Sequence[Paper], entries: Iterable[Entry]) -> str:
    heads = ("Numéro", "Émis le", "Client", "HT €", "TVA €", "TTC €", "")
    names = {entry.name for entry in entries}
    return _table(heads, (_document(paper, f"documents/{paper.number}.xml" in names) for paper in papers))


def _document(paper: Paper, with_xml: bool) -> str:
    said = paper.content
    name = escape(paper.number)
    xml = f' · <a href="documents/{name}.xml">XML</a>' if with_xml else ""
    amounts = "".join(f'<td class="n">{_euros(said[sum_])}</td>' for sum_ in ("net_cents", "vat_cents", "gross_cents"))
    return (
        f'<td><a href="documents/{name}.pdf">{name}</a></td><td>{escape(said["issued_on"])}</td>'
        f"<td>{escape(buyer_label(said['buyer']))}</td>{amounts}"
        f'<td><a href="documents/{name}.json">JSON</a>{xml}</td>'
    )


def _files(entries: Iterable[Entry]) -> str:
    return _table(
        ("", "SHA-256", "octets"),
        (
            f'<td><a href="{escape(entry.name)}">{escape(entry.name)}</a></td><td><code>{entry.sha256}</code></td>'
            f'<td class="n">{entry.size}</td>'
            for entry in entries
        ),
    )


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _euros(cents: int) -> str:
    return f"{'−' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02}"
