"""Every page there is, in a browser: all can read it, nothing is cut off on a phone or a desk, the browser has no complaint.

The pages are those of the URL map. One whose address has a value in it needs a sample here, so none can be forgotten.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select
from werkzeug.routing import Rule

from server.accounts.models import Account
from server.db import writing
from server.domain.roles import Role, Verb
from server.machines.pairing import Code
from server.pages.agents import files
from server.web.needs import declared
from tests.browser.conftest import LabWithAPast, Site
from tests.browser.helpers import AXE, axe, complaints, cut_off, shot
from tests.furnished import AGENT, NOW, PAUSED, PRINTING, SESSION, TENANT, UNKNOWN, Furnished
from tests.server.billing_lab import MONTH
from tests.taught import LESSON

PARTS = 4  # of the whole, so that two cores share them
CODE = "-".join(["MWQX"] * 8)  # as wide as one gets
LANGUAGE = "de"  # the longest words
WIDTHS = (1440, 1024, 390)  # a page is loaded at the first
STREAMS = {"dashboard.floor_events", "dashboard.wall_events"}
FILES = {
    "agents.download",
    "books.paper",
    "documents.pdf",
    "document_lines.lines",
    "documents.xml",
    "health.healthz",
    "lists.export",
    "me.data",
    "static",
}
FILES |= {"records.mine", "records.of_person", "records.paper_of_tenant"}
FILES |= {"data_of.export", "holding.export"}
FILES |= {"papers_of_machines.of_report", "papers_of_machines.of_record"}
FILES |= {"exports.journal", "exports.fec", "exports.table", "exports.times", "exports.archived", "exports.declared"}
FILES |= {"funders.as_csv", "proofs.document"}
ELSEWHERE = {
    "door.home",
    "books.own",
    "exports.far",
    "months.far",
    "price_drafts.far",
}  # lead on to a page, or are a piece of one
NO_PAGES = STREAMS | FILES | ELSEWHERE
ASKED = ("all", "what")  # what an address may ask for besides
WHOSE = {Verb.PUBLIC: "nobody", Verb.SEE_OWN: "maker", Verb.SEE_TENANT_BOOKS: "tenant"}
WHOSE |= dict.fromkeys((Verb.MANAGE_MEMBERS, Verb.REFUSE_CHARGES), "tenant")  # all others are a manager's
GUARDED = {"account.ask_to_remove_factor"}  # asked of a manager who has a second factor
FURTHER = (
    "/machines/c1",
    "/machines/m18/commissioning",
    "/map?view=list",
    "/months/2026-08",
    "/people?show=blocked",
    "/search?q=la",
    "/sessions/new?holder=4711",
    "/sessions?q=nothing",
)
# What may change with the theme and with the width; the rest is the same page.
OF_LOOKS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")

# One fault of each kind, put into a page as it is loaded; two are there in the dark and on a phone only.
FAULTS = """addEventListener('DOMContentLoaded', () => {
  const main = document.querySelector('main'), sheet = new CSSStyleSheet();
  if (!main) return;
  sheet.replaceSync(`
    #pale { color: #ccc; background: #fff }
    #dim { color: #000; background: #fff }
    @media (prefers-color-scheme: dark) { #dim { color: #333; background: #222 } }
    #wide { max-width: none; white-space: normal }
    .tiny { all: unset; display: inline-block; width: 40px; height: 40px }
    @media (max-width: 400px) {
      #wide { width: 600px; white-space: nowrap }
      .tiny { width: 10px; height: 10px }
    }`);
  document.adoptedStyleSheets.push(sheet);
  main.insertAdjacentHTML('beforeend', `<p id="pale">pale</p><p id="dim">dim</p>
    <input name="nameless"><table id="wide"><tr><td>left<td align="right">on the right</table>
    <div><button class="tiny" aria-label="one"></button><button class="tiny" aria-label="two"></button></div>
    <svg width="90" height="30"><text x="2" y="20">under</text><text x="4" y="20">over</text></svg>`);
  document.getElementById('pale').setAttribute('style', 'margin: 0');
  console.error('a complaint');
});"""


def samples(lab: Furnished, key: str, code: str) -> dict[str, dict[str, Any]]:
    """What stands in the addresses, by the area of the page; a page that needs something else is named itself."""
    person, account = {"number": lab.maker}, {"number": lab.account}
    return {
        "accounts": account,
        "agents": {"name": AGENT, "key": key},
        "badges": person | {"ref": lab.badge, "fingerprint": UNKNOWN, "machine": "m6", "since": _ms(NOW)},
        "bookings": {"code": "m1", "ref": lab.booking},
        "books": {"code": TENANT},
        "calendars": {"code": "m1"},
        "checks": {"code": "c1", "number": 1},
        "closures": {"number": 1},
        "collecting": {"code": TENANT},
        "course_dates": {"number": 1},
        "courses": {"number": 1},
        "demo_mails": {"number": 1},
        "detail": {"number": lab.document},
        "documents": {"number": lab.document},
        "door.invitation": {"secret": lab.invitation},
        "door.new_password": {"secret": lab.reset},
        "hours": {"category": "printer"},
        "asking": {"asked": 1},
        "data_of": person,
        "holding": person | {"hold": 1},
        "privacy": {"kept": "mails"},
        "identity": {"code": "c1"},
        "log_only": {"risk": "medium"},
        "lessons": {"lesson": LESSON},
        "machine": {"code": "m1"},
        "machine.clear_stop": {"code": "m12"},
        "machines": {"code": "c1"},
        "mails": {"number": 1},
        "bypass": {"code": "c1"},
        "masters": person | {"master_id": 1},
        "charges": {"code": TENANT, "session_id": SESSION},
        "disputes": {"number": 1},
        "lines": {"code": TENANT, "number": 1, "month": "2026-11", "subject": "one_off:1"},
        "materials": {"number": 1},
        "member_classes": person | {"ref": lab.membership, "code": "mentor"},
        "noting": {"number": 1},
        "own_material": {"session_id": lab.session},
        "supply_prices": {"number": 1, "what": "operator"},
        "tenant_items": {"code": TENANT, "number": 1},
        "contacts": person,
        "limits": {"code": TENANT, "payer": "acme-2"},
        "members": {"code": TENANT, "ref": lab.membership},
        "refusals": {"number": 1},
        "rules": person | {"ref": lab.membership},
        "terms": {"code": TENANT},
        "memberships": person | {"ref": lab.membership},
        "months": {"month": MONTH, "establishment": lab.address},
        "outages": {"code": "m1"},
        "budgets": {"code": TENANT, "number": 1},
        "contracts": {"code": TENANT, "number": 1},
        "packs": {"code": TENANT, "number": 1},
        "orders": {"code": TENANT, "number": 1},
        "orders.ask": {"code": TENANT, "number": lab.address},
        "papers": {"code": TENANT, "number": lab.address, "payer": "acme-2"},
        "proofs": {"code": TENANT, "number": lab.address, "proof": lab.proof},
        "badge_numbers": person,
        "pairing": {"name": AGENT, "key": code},
        "price_drafts": {"number": 1, "place": 1, "month": MONTH},
        "document_lines": {"number": lab.document, "suffix": "csv"},
        "putting_right": {"number": lab.document},
        "outgoing.send": {"number": lab.document},
        "outgoing.bounced": {"number": 1},
        "payments": {"code": TENANT, "number": 1},
        "own_instruction": {"code": PRINTING, "number": 1},
        "people": person,
        "badge_spread": person | {"ref": lab.badge},
        "handouts": {"number": 1},
        "leaver": person,
        "my_badges": {"ref": lab.badge},
        "person_states": person,
        "person_states.ask_unblock": {"number": lab.blocked},
        "qualifications": person | {"code": PRINTING, "all": 1},
        "records": person | {"code": TENANT},
        "rights": account | {"role": lab.role},
        "rooms": {"number": 1},
        "safety_sheets": {"code": PRINTING, "kind": "sheet", "number": 1},
        "sessions": {"session_id": SESSION},
        "sheets": {"code": "c1"},
        "skills": {"code": PRINTING},
        "tariffs": {"number": 1},
        "tenants": {"code": TENANT},
        "tenants.ask_resume": {"code": PAUSED},
        "vat": {"number": 1},
        "visitors": {"number": 2},
        "skill_rules": {"code": PRINTING},
        "why": person | {"code": "c1"},
    }


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


@dataclass
class Walk:
    """Who goes where, in one browser."""

    site: Site
    page: Page
    cookies: dict[str, Any]
    samples: dict[str, dict[str, Any]]
    told: list[str]
    who: str = ""

    def go(self, who: str, address: str) -> int:
        """Opens the page as this one. Its status."""
        if who != self.who:
            self._become(who)
        self.page.evaluate("document.documentElement.style.display = 'none'")  # or it is drawn once more, for nobody
        self.page.emulate_media(color_scheme="light")
        self._resize(WIDTHS[0])
        answer = self.page.goto(self.site.address + address.lstrip("/"))
        assert answer is not None
        return answer.status if self.page.url.endswith(address) else 303

    def _become(self, who: str) -> None:
        self.page.goto("about:blank")  # a page that asks again and again must not ask as somebody else
        context = self.page.context
        context.clear_cookies()
        context.add_cookies([{"name": "lang", "value": LANGUAGE, "url": self.site.address}])
        if who in self.cookies:
            context.add_cookies([self.cookies[who]])
        self.who = who

    def findings(self, who: str, address: str) -> list[str]:
        """All that is wrong with the page of this address."""
        self.told.clear()
        if (status := self.go(who, address)) != 200:
            return [f"answers {status}"]
        found = [f"light: {one}" for one in axe(self.page)]
        for width in WIDTHS:
            if width != WIDTHS[0]:  # as it was loaded
                self._resize(width)
            found += [f"at {width}: {one}" for one in cut_off(self.page)]
            shot(self.page, f"page{address.replace('/', '-').replace('?', '-')[:60]}-{width}")
        self.page.emulate_media(color_scheme="dark")
        return [*found, *(f"dark: {one}" for one in axe(self.page, OF_LOOKS)), *self.told]

    def _resize(self, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": 844 if width == 390 else 900})

    def address(self, rule: Rule) -> str:
        """Raises KeyError where there is no sample for a value in it."""
        area = rule.endpoint.partition(".")[0]
        known = self.samples.get(rule.endpoint, self.samples.get(area, {}))
        values = {name: known[name] for name in rule.arguments} | {name: known[name] for name in ASKED if name in known}
        return self.site.app.url_map.bind("localhost").build(rule.endpoint, values)


@pytest.fixture(scope="module")
def walk(browser: Browser, lab_with_a_past: LabWithAPast) -> Iterator[Walk]:
    """One browser and one page for all of them."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(10_000)
    context.add_init_script(path=AXE)  # sent once, not once a page
    yield _ready(lab_with_a_past, context.new_page())
    context.close()


def _ready(lab: LabWithAPast, page: Page) -> Walk:
    site = lab.site
    cookies = {
        "manager": site.cookie_of("manager@lab.test"),
        "maker": site.cookie_of("holder@lab.test"),
        "tenant": site.cookie_of("tenant_admin@lab.test"),
        "guarded": site.cookie(Role.MANAGER),
    }
    with site.app.app_context(), writing() as session:
        number = select(Account.id).where(Account.email == "manager@lab.test")
        manager = session.scalar(number)
        made = files.make(AGENT, ["m1"], "192.168.1.10", "fr", lab.settings, manager, NOW)
        guarded = session.scalars(select(Account).order_by(Account.id.desc()).limit(1)).one()
        guarded.totp_secret = b"sealed"
    key = site.app.extensions["agent_files"].keep(made)
    until = NOW + timedelta(hours=1)
    shown = files.Shown(AGENT, manager, Code(AGENT, CODE, until), "https://prolab.example:8443", until)
    code = site.app.extensions["pairing_codes"].keep(shown)
    return Walk(site, page, cookies, samples(lab.facts, key, code), complaints(page))


def pages(app: Flask) -> list[Rule]:
    """Every route that answers with a page, in the order of the addresses."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted((rule for rule in rules if rule.endpoint not in NO_PAGES), key=lambda rule: rule.rule)


def whose(app: Flask, rule: Rule) -> str:
    verb, _ = declared(app.view_functions[rule.endpoint]) or (None, None)
    if rule.endpoint in GUARDED:
        return "guarded"
    return WHOSE.get(verb, "manager")  # type: ignore[arg-type]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_can_be_read_by_all_and_nothing_on_it_is_cut_off(
    walk: Walk, part: int, record_property: Callable[[str, object], None]
) -> None:
    app = walk.site.app
    mine, wrong = pages(app)[part::PARTS], {}
    record_property("pages", len(mine))
    for rule in mine:
        address = walk.address(rule)
        if found := walk.findings(whose(app, rule), address):
            wrong[address] = found

    assert not wrong, "\n" + "\n".join(f"{address}: {line}" for address, lines in wrong.items() for line in lines)


def test_the_other_faces_of_some_pages_are_readable_too(walk: Walk) -> None:
    wrong = {address: found for address in FURTHER if (found := walk.findings("manager", address))}

    assert not wrong, "\n" + "\n".join(f"{address}: {line}" for address, lines in wrong.items() for line in lines)


def test_what_is_left_out_is_no_page(walk: Walk) -> None:
    """A page that is put there by mistake would be looked at by nobody."""
    known = {rule.endpoint for rule in walk.site.app.url_map.iter_rules()}

    assert NO_PAGES - known == set()


def test_the_walk_finds_a_fault_of_each_kind_where_it_is(walk: Walk) -> None:
    page = walk.page.context.new_page()
    page.add_init_script(FAULTS)
    seeded, walk.who = replace(walk, page=page, told=complaints(page), who=""), ""
    found = seeded.findings("manager", "/people/new")
    page.close()

    assert [line.partition(" Policy")[0] for line in found] == [
        'light: color-contrast: <p id="pale" style="margin: 0">pale</p>',
        'light: label: <input name="nameless">',
        "at 1440: under / over",
        "at 1024: under / over",
        "at 390: scrolls sideways",
        "at 390: on the right",
        "at 390: under / over",
        'dark: color-contrast: <p id="pale" style="margin: 0">pale</p>',
        'dark: color-contrast: <p id="dim">dim</p>',
        'dark: target-size: <button class="tiny" aria-label="one"></button>',
        'dark: target-size: <button class="tiny" aria-label="two"></button>',
        "Applying inline style violates the following Content Security",
        "a complaint",
    ]
