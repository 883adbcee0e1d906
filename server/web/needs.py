"""What every route must say: which verb it is, and what it is about. The gate in ``server.accounts`` reads it."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g

from server.domain.roles import NOBODY, THE_LAB, About, Actor, Verb, may

View = TypeVar("View", bound=Callable[..., Any])
Find = Callable[..., About]


def needs(verb: Verb, about: Find | None = None) -> Callable[[View], View]:
    """Declare a view's verb. ``about`` is given the route's own values and says which tenant, machine or holder they
    mean; it answers 404 for what is not there. Stands below the route, so that Flask is given the marked view."""

    def mark(view: View) -> View:
        vars(view).update(verb=verb, about=about)
        return view

    return mark


def declared(view: Callable[..., Any]) -> tuple[Verb, Find | None] | None:
    """What ``needs`` said of this view, None where it said nothing."""
    verb = getattr(view, "verb", None)
    return None if verb is None else (verb, getattr(view, "about", None))


def actor() -> Actor:
    """Who asks, in a request; nobody in particular without a login."""
    found: Actor = g.get("actor", NOBODY)
    return found


def allowed(verb: Verb | str, about: About = THE_LAB) -> bool:
    """Whether the one who asks may do this; for templates, which leave out what would be refused and may write the verb
    by its name, as ``allowed("see_people")``."""
    return may(actor(), Verb(verb.lower()), about)
