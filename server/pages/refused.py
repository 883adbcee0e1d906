"""What was refused, in the language of the page: by a service, with days and moments written as people write them, or by
a form, whose page then answers 422.
"""

import logging
from datetime import date, datetime
from typing import Any

from flask import render_template
from flask_babel import gettext

from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines.site_keys import SiteKeysError
from server.web import formats
from server.web.forms import Form
from server.web.needs import allowed

log = logging.getLogger(__name__)


def said(refusal: Refusal) -> str:
    """The sentence for the one who asked. It is translated like every text: extraction knows the errors by name."""
    return gettext(refusal.sentence, **{name: _written(name, value) for name, value in refusal.blanks.items()})


def keys_away(error: SiteKeysError) -> tuple[str, int]:
    """Instead of a page that needs the site keys while these cannot be read: whoever may mend it reads what to do."""
    log.error("%s", error)
    way = said(error) if allowed(Verb.EDIT_MACHINES) else gettext("The machines go on by themselves. Tell the lab.")
    what = gettext("The keys that badges are known by cannot be read")
    return render_template("error.html", status=503, what=what, way=way), 503


def form_page(template: str, form: Form, **more: Any) -> tuple[str, int]:
    """The page of a form, as it is asked for or with what is wrong in what was sent."""
    is_refused = form.is_submitted() and (form.errors or form.form_errors)
    return render_template(template, form=form, **more), 422 if is_refused else 200


def _written(name: str, value: object) -> object:
    match value:
        case datetime() if name != "day":
            return formats.moment(value)
        case date():
            return formats.day(value)
        case _:
            return value
