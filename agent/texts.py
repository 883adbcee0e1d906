"""The panel's texts in the languages of the lab, from the catalogues in ``locale/``.

After a change of a text: edit the three ``.po`` files and run ``pybabel compile -d agent/locale -D prolab-agent``.
"""

import gettext
from functools import cache
from pathlib import Path

from agent.saying import Translate

LANGUAGES = ("fr", "de", "en")
DOMAIN = "prolab-agent"
_FOLDER = Path(__file__).parent / "locale"


@cache
def translator(language: str) -> Translate:
    """Raises FileNotFoundError for a language there is no catalogue of."""
    return gettext.translation(DOMAIN, _FOLDER, [language]).gettext
