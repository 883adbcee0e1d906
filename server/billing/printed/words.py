"""The fixed words of a page, in French, German and English. A statement has its own for whatever would sound like an invoice.

Not in the catalogues of the pages: a document must say the same for ever.
"""

from server.billing.printed import english, french, german

ALL = {"fr": french.WORDS, "de": german.WORDS, "en": english.WORDS}


class Words:
    """Says a word in a document's language, and as its kind and its customer want it: first ``<key>_<kind>``, then ``<key>``."""

    def __init__(self, language: str, kind: str, customer: str = "business") -> None:
        self.language = language
        self.is_private = customer == "private"
        self._kind = kind
        self._words = ALL[language]

    def __call__(self, key: str, **values: str) -> str:
        kinds = (self._kind, *(("private",) if self.is_private else ()))
        found = next((word for kind in kinds if (word := self._words.get(f"{key}_{kind}"))), None)
        return (found if found is not None else self._words[key]).format(**values)

    def unit(self, unit: str, *, several: bool = False) -> str:
        one = self._words[f"unit_{unit}"]
        return self._words.get(f"units_{unit}", one) if several else one
