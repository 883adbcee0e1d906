"""How much there is on screen: texts in each language, routes, and how many requests the table of the gate's test asks."""

from collections import Counter

from server.domain.roles import Verb
from server.web.needs import declared
from server.web.preferences import LANGUAGES
from tests.bench.figures import Figure, Lines
from tests.server.signed_in import web_app
from tests.server.test_gate import EVERYBODY, rules
from tests.server.test_words import translated


def measure(quick: bool) -> Lines:
    for language in LANGUAGES:
        yield Figure(f"texts in {language}", len(translated(language)), "texts")
    app = web_app("sqlite://", demo=True)
    found = rules(app)
    reading = [rule for rule in found if "GET" in (rule.methods or ())]
    verbs = Counter(said[0] for rule in found if (said := declared(app.view_functions[rule.endpoint])))
    yield Figure("routes, those of the demo too", len({rule.rule for rule in found}), "routes")
    yield Figure("of these read", len(reading), "routes")
    yield Figure("routes open to whoever comes", verbs[Verb.PUBLIC], "routes")
    yield Figure("verbs that routes declare", len(verbs), "verbs")
    yield Figure("roles, with and without a scope, nobody too", len(EVERYBODY), "roles")
    yield Figure("requests that every role makes to every route", sum(map(_asked, found)) * len(EVERYBODY), "requests")


def _asked(rule: object) -> int:
    """As ``cases`` in the gate's test: every method on what is one's own, the first on another's and on nothing."""
    methods, arguments = getattr(rule, "methods", ()), getattr(rule, "arguments", ())
    return len(methods) + (2 if arguments else 0)
