"""A refusal that a person reads: an English sentence with blanks, so that a page can say it in another language.

The command line and the tests read the English; ``server.pages.refused.said`` finds the translation of the sentence.
"""


class Refusal(ValueError):  # noqa: N818 — nothing is wrong with the program
    """What was asked cannot be done. ``sentence`` has its blanks written as ``%(name)s``."""

    def __init__(self, sentence: str, **blanks: object) -> None:
        super().__init__(sentence % blanks if blanks else sentence)
        self.sentence = sentence
        self.blanks = blanks
