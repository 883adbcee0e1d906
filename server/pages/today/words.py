"""What each row of Today says: the fact, then the number, then the way; with the one action it offers."""

from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_babel import gettext, ngettext

from server.dashboard import words as floor
from server.dashboard.board import Trouble, Worry
from server.domain.roles import Verb
from server.pages.care import words as care
from server.pages.today.reads import Kind, Problem, Waiting
from server.web import formats


@dataclass(frozen=True, slots=True)
class Row:
    """``shape`` is a state of the floor or empty, ``icon`` stands where there is no state."""

    title: str
    text: str
    action: str
    href: str
    verb: Verb
    shape: str = ""
    icon: str = ""
    since: object = None


def of_floor(trouble: Trouble, problem: Problem | None = None) -> Row:
    """What a machine or an agent shows to be wrong. ``problem``: what is known of one that was reported."""
    if trouble.worry in {Worry.PROBLEM, Worry.BYPASSED, Worry.LACKS}:
        return _of_box(trouble, problem)
    machine = url_for("machine.page", code=trouble.machine) if trouble.machine else ""
    match trouble.worry:
        case Worry.FAULT:
            text = gettext("Fault: %(fault)s. See to it at the machine.", fault=floor.fault(trouble.why))
            return Row(trouble.subject, text, gettext("Open"), machine, Verb.SEE_FLOOR, "fault")
        case Worry.LATCHED:
            text = gettext("Stopped. Look at the machine, then clear the stop.")
            href = url_for("machine.clear_stop", code=trouble.machine)
            return Row(trouble.subject, text, gettext("Clear the stop"), href, Verb.RUN_MACHINES, "lock")
        case Worry.CUT_OFF:
            text = gettext(
                "Badges go on working with the lists in place. Check the broker and “prolab link” on the server."
            )
            href = url_for("agents.listed")
            return Row(
                gettext("No agent is heard"),
                text,
                gettext("Open"),
                href,
                Verb.EDIT_MACHINES,
                "off",
                since=trouble.since,
            )
        case Worry.SILENT:
            title = gettext("Agent %(name)s", name=trouble.subject)
            names = ", ".join(trouble.machines) + ". " if trouble.machines else ""
            text = names + gettext("Check its power and network.")
            href = url_for("agents.shown", name=trouble.subject)
            return Row(title, text, gettext("Check"), href, Verb.EDIT_MACHINES, "off", since=trouble.since)
        case Worry.OVERTIME:
            text = gettext("Longer than planned. Ask at the machine.")
            return Row(trouble.subject, text, gettext("Open"), machine, Verb.SEE_FLOOR, "use", since=trouble.since)


def _of_box(trouble: Trouble, problem: Problem | None) -> Row:
    """What somebody said at the box, or what the box is not able to do."""
    match trouble.worry:
        case Worry.PROBLEM:
            text = gettext("Somebody reported a problem. Look at the machine, then clear it.")
            if problem is not None and problem.unattended:
                text = gettext("The second badge did not come back in time; the machine went on. Look, then clear it.")
            if problem is not None and problem.ran:
                text = gettext("%(name)s was at it: ask there first.", name=problem.ran) + " " + text
            href = url_for("machine.clear_stop", code=trouble.machine)
            since = problem.at if problem is not None else None
            return Row(trouble.subject, text, gettext("Clear it"), href, Verb.RUN_MACHINES, "lock", since=since)
        case Worry.BYPASSED:
            text = gettext(
                "Bypassed until %(until)s. Write its sessions down by hand.", until=formats.moment(trouble.until)
            )
            href = url_for("bypass.end", code=trouble.machine)
            return Row(trouble.subject, text, gettext("End the bypass"), href, Verb.RUN_MACHINES, "fault")
        case _:
            part = floor.lack(trouble.why)
            text = gettext("Its box has %(part)s: change the rules, or add the part.", part=part)
            href = url_for("machines.edit", code=trouble.machine)
            return Row(trouble.subject, text, gettext("Change the rules"), href, Verb.EDIT_MACHINES, "lock")


def of_books(waiting: Waiting) -> Row:
    """What waits in the books."""
    number = waiting.count
    match waiting.kind:
        case Kind.PART_LOST:
            title = gettext("“prolab %(part)s” is silent", part=waiting.subject)
            text = gettext("Start it again on the server: “prolab doctor” says what is wrong.")
            href = url_for("today.jobs" if waiting.subject == "work" else "agents.listed")
            return Row(title, text, gettext("What waits for it"), href, Verb.EDIT_MACHINES, icon="heart-pulse")
        case Kind.REJECTED:
            title = ngettext("%(num)d event set aside", "%(num)d events set aside", number)
            text = gettext("Unreadable, kept as it came. Tell whoever looks after the server.")
            way = (gettext("Look at them"), url_for("today.rejected"), Verb.EDIT_MACHINES)
            return Row(title, text, *way, icon="file-question", since=waiting.since)
        case Kind.JOBS:
            title = ngettext("%(num)d job given up", "%(num)d jobs given up", number)
            text = gettext("Five tries. The reason stands with the job.")
            way = (gettext("Look at them"), url_for("today.jobs"), Verb.EDIT_MACHINES)
            return Row(title, text, *way, icon="wrench")
        case Kind.UNCONFIRMED:
            title = ngettext("%(num)d session unconfirmed", "%(num)d sessions unconfirmed", number)
            text = gettext("Nothing heard for two hours. The end comes by itself when the agent is back.")
            href = "/sessions?show=look"
            return Row(
                title, text, gettext("Look at them"), href, Verb.SEE_SESSIONS, icon="timer-off", since=waiting.since
            )
        case Kind.REFUSED | Kind.REQUESTS | Kind.DISPUTES:
            return _of_questions(waiting)
        case Kind.UNKNOWN_BADGE:
            title = gettext("Badge …%(mark)s", mark=waiting.subject[-4:].upper())
            text = ngettext(
                "Unknown, refused once. Give it to somebody.",
                "Unknown, refused %(num)d times. Give it to somebody.",
                number,
            )
            href = f"/badges/unknown/{waiting.subject}"
            return Row(title, text, gettext("Give it to…"), href, Verb.EDIT_PEOPLE, icon="nfc", since=waiting.since)
        case kind if kind in _AT_MACHINES:
            return _of_machines(waiting)
        case _:
            return _of_money(waiting)


_AT_MACHINES = frozenset({Kind.EXTENDED, Kind.MASTER, Kind.UNPROVEN}) | frozenset(
    {Kind.NOT_COMMISSIONED, Kind.CHECK_OVERDUE, Kind.CHECK_DUE, Kind.RESERVES}
)


def _of_machines(waiting: Waiting) -> Row:
    match waiting.kind:
        case Kind.EXTENDED:
            title = gettext("%(machine)s: access list extended", machine=waiting.detail)
            text = gettext("A master badge let the expired list hold on. Who, and until when, stands with the machine.")
            href = url_for("machine.page", code=waiting.subject)
            return Row(title, text, gettext("Open"), href, Verb.EDIT_MACHINES, icon="shield-alert", since=waiting.since)
        case Kind.MASTER:
            title = gettext("%(machine)s: started with a master badge", machine=waiting.detail)
            text = gettext("Its box was cut off from the server. See who it was, and who pays.")
            href = url_for("sessions.show", session_id=waiting.subject)
            return Row(title, text, gettext("Open"), href, Verb.MANAGE_ACCOUNTS, icon="id-card", since=waiting.since)
        case Kind.UNPROVEN:
            title = gettext("%(machine)s: contact not proven open", machine=waiting.detail)
            text = gettext("It was used since, and nobody saw its contact open. Test its relay.")
            href = url_for("machine.page", code=waiting.subject)
            return Row(title, text, gettext("Open"), href, Verb.RUN_MACHINES, icon="unplug", since=waiting.since)
        case _:
            return _of_care(waiting)


def _of_questions(waiting: Waiting) -> Row:
    """Somebody outside waits for an answer."""
    number = waiting.count
    if waiting.kind is Kind.REFUSED:
        title = ngettext("%(num)d charge refused by its payer", "%(num)d charges refused by their payers", number)
        text = gettext("Nothing is issued for it until the lab has answered.")
        way = (gettext("Answer"), url_for("refusals.listed"), Verb.CORRECT_SESSIONS)
        return Row(title, text, *way, icon="message-square-warning", since=waiting.since)
    if waiting.kind is Kind.DISPUTES:
        title = ngettext("%(num)d contested line", "%(num)d contested lines", number)
        text = gettext("An answer is due on %(day)s.", day=formats.day(date.fromisoformat(waiting.detail)))
        way = (gettext("Answer"), url_for("disputes.listed"), Verb.CORRECT_SESSIONS)
        return Row(title, text, *way, icon="message-square-warning")
    title = ngettext("%(num)d request about personal data", "%(num)d requests about personal data", number)
    text = gettext("An answer is due on %(day)s.", day=formats.day(date.fromisoformat(waiting.detail)))
    return Row(title, text, gettext("Answer"), url_for("asking.listed"), Verb.MANAGE_ACCOUNTS, icon="shield-check")


def _of_care(waiting: Waiting) -> Row:
    """What a machine's fitness asks for."""
    checks = url_for("checks.listed", code=waiting.subject)
    match waiting.kind:
        case Kind.NOT_COMMISSIONED:
            title = gettext("%(machine)s: not commissioned", machine=waiting.detail)
            text = " ".join([care.why(waiting.why), gettext("Nobody starts it before its sheet is filled in.")])
            href = url_for("sheets.new", code=waiting.subject)
            return Row(title, text, gettext("Commission it"), href, Verb.EDIT_MACHINES, "lock", since=waiting.since)
        case Kind.CHECK_OVERDUE:
            title = gettext("%(check)s: overdue", check=waiting.detail)
            text = gettext("Nobody starts it before the report is here.") if waiting.why else gettext("Have it done.")
            shape = "lock" if waiting.why else "idle"
            return Row(title, text, gettext("Look at it"), checks, Verb.RUN_MACHINES, shape, since=waiting.since)
        case Kind.CHECK_DUE:
            title = gettext("%(check)s: due soon", check=waiting.detail)
            text = gettext("Overdue from %(time)s. Order it.", time=formats.moment(waiting.since))
            return Row(title, text, gettext("Look at it"), checks, Verb.RUN_MACHINES, icon="calendar-clock")
        case _:
            title = gettext("%(check)s: reserves to be lifted", check=waiting.detail)
            text = gettext("By %(day)s.", day=formats.day(waiting.since))
            return Row(title, text, gettext("Look at it"), checks, Verb.RUN_MACHINES, icon="triangle-alert")


def _of_prices(waiting: Waiting) -> Row:
    number = waiting.count
    match waiting.kind:
        case Kind.PRICES:
            title = ngettext("%(num)d price missing", "%(num)d prices missing", number)
            text = gettext("Machines that cost a kind of tenant nothing anybody has said. It holds their documents.")
            return Row(title, text, gettext("Set it"), "/tariffs", Verb.SET_PRICES, icon="tag")
        case Kind.PRICES_END:
            title = ngettext("%(num)d price ends, and none follows", "%(num)d prices end, and none follows", number)
            day = formats.day(date.fromisoformat(waiting.subject))
            text = gettext("First on %(day)s: %(categories)s.", day=day, categories=waiting.detail)
            return Row(title, text, gettext("Set it"), "/tariffs", Verb.SET_PRICES, icon="tag")
        case _:
            title = ngettext("%(num)d price is named twice", "%(num)d prices are named twice", number)
            text = gettext("Of two for the same the later one counts. End the other one.")
            return Row(title, text, gettext("Look"), "/tariffs", Verb.SET_PRICES, icon="tag")


def _of_money(waiting: Waiting) -> Row:
    number = waiting.count
    match waiting.kind:
        case Kind.PRICES | Kind.PRICES_END | Kind.PRICES_TWICE:
            return _of_prices(waiting)
        case Kind.VAT:
            title = ngettext("%(num)d VAT cell undecided", "%(num)d VAT cells undecided", number)
            text = gettext("It holds the documents of %(tenants)s.", tenants=waiting.detail)
            return Row(title, text, gettext("Decide"), "/vat", Verb.SET_PRICES, icon="percent")
        case Kind.PROOFS:
            return _of_proofs(waiting)
        case Kind.BUDGET:
            return _of_budget(waiting)
        case Kind.HELD:
            title = ngettext("%(num)d draft held", "%(num)d drafts held", number)
            text = gettext(
                "%(month)s: not issued before what is missing is filled in.", month=formats.month(waiting.subject)
            )
            return Row(
                title, text, gettext("Look at them"), f"/months/{waiting.subject}", Verb.SEE_MONEY, icon="file-warning"
            )
        case Kind.TO_CLOSE:
            title = gettext("%(month)s waits to be issued", month=formats.month(waiting.subject).capitalize())
            text = gettext("It is over. Close it, and its drafts are there.")
            return Row(
                title, text, gettext("Go on"), f"/months/{waiting.subject}", Verb.SEE_MONEY, icon="calendar-check-2"
            )
        case Kind.DRAFTS:
            title = gettext("%(month)s waits to be issued", month=formats.month(waiting.subject).capitalize())
            text = ngettext("%(num)d draft is ready.", "%(num)d drafts are ready.", number)
            return Row(
                title, text, gettext("Go on"), f"/months/{waiting.subject}", Verb.SEE_MONEY, icon="calendar-check-2"
            )
        case _:
            return _of_others(waiting)


def _of_legal(waiting: Waiting) -> Row:
    title = gettext("To be declared: %(what)s", what=waiting.detail)
    month, day = formats.month(waiting.subject), formats.day(date.fromisoformat(waiting.why))
    text = gettext("Of %(month)s, by %(day)s. Tick it there once it is done.", month=month, day=day)
    href = url_for("months.show", month=waiting.subject, _anchor="calendar")
    return Row(title, text, gettext("Look at it"), href, Verb.SEE_MONEY, icon="landmark")


def _of_budget(waiting: Waiting) -> Row:
    href = url_for("contracts.listed", code=waiting.subject)
    if waiting.why == "100":
        title = gettext("Budget used up: %(whose)s", whose=waiting.detail)
        text = gettext("Nobody starts a machine for it. What runs goes on.")
        return Row(title, text, gettext("Look at it"), href, Verb.SEE_TENANT_BOOKS, "lock")
    title = gettext("Budget used to %(percent)s %%: %(whose)s", percent=waiting.count, whose=waiting.detail)
    text = gettext("Its people have a mail. At 100 % nobody starts a machine for it.")
    return Row(title, text, gettext("Look at it"), href, Verb.SEE_TENANT_BOOKS, icon="wallet")


def _of_others(waiting: Waiting) -> Row:
    number = waiting.count
    match waiting.kind:
        case Kind.LEGAL:
            return _of_legal(waiting)
        case Kind.NIGHT:
            title = ngettext(
                "%(num)d session ended by itself last night", "%(num)d sessions ended by themselves last night", number
            )
            text = gettext("Of %(all)s that ended in the night. See how.", all=waiting.detail)
            href = url_for("sessions.listed", since=waiting.since.date().isoformat() if waiting.since else None)
            return Row(title, text, gettext("Look at them"), href, Verb.SEE_SESSIONS, icon="moon")
        case Kind.LAPSING:
            title = ngettext("%(num)d qualification lapses soon", "%(num)d qualifications lapse soon", number)
            text = gettext("Within 30 days, the first one on %(day)s.", day=formats.day(waiting.since))
            return Row(
                title,
                text,
                gettext("Look at them"),
                "/qualifications?show=soon",
                Verb.SEE_TRAINING,
                icon="graduation-cap",
            )
        case Kind.COURSE | Kind.ATTENDANCE | Kind.SIGN_OFFS | Kind.SIGN_OFFS_LAPSED:
            return _of_teaching(waiting)
        case Kind.UNPAID:
            title = ngettext("%(num)d document unpaid", "%(num)d documents unpaid", number)
            text = gettext("The day to pay is over. Note what has been paid, or remind.")
            href = url_for("documents.listed", show="overdue")
            return Row(title, text, gettext("Look at them"), href, Verb.SEE_MONEY, icon="receipt-text")
        case Kind.REMIND:
            title = ngettext("%(num)d reminder to send", "%(num)d reminders to send", number)
            text = gettext("Nothing is sent before somebody has ticked it.")
            return Row(
                title, text, gettext("Go through them"), url_for("reminders.listed"), Verb.SEE_MONEY, icon="send"
            )
        case Kind.DOCUMENT_MAILS:
            title = ngettext("%(num)d document did not arrive", "%(num)d documents did not arrive", number)
            text = gettext(
                "Its mail was refused or came back: %(number)s. Send it to another address.", number=waiting.detail
            )
            href = url_for("documents.show", number=waiting.subject)
            return Row(title, text, gettext("Open"), href, Verb.SEE_MONEY, icon="mail-warning")
        case _:
            title = ngettext("%(num)d mail not sent", "%(num)d mails not sent", number)
            text = gettext("The mail server refused it. It is tried again by itself.")
            return Row(title, text, gettext("Look at them"), "/mails", Verb.MANAGE_ACCOUNTS, icon="mail-warning")


def _of_teaching(waiting: Waiting) -> Row:
    number = waiting.count
    match waiting.kind:
        case Kind.COURSE:
            title = gettext("%(course)s today at %(time)s", course=waiting.detail, time=formats.clock(waiting.since))
            taken, _, seats = waiting.why.partition("/")
            text = gettext("%(taken)s of %(all)s seats taken", taken=taken, all=seats)
            href = url_for("course_dates.show", number=int(waiting.subject))
            return Row(title, text, gettext("Open"), href, Verb.SEE_TRAINING, icon="calendar-days")
        case Kind.ATTENDANCE:
            title = ngettext("%(num)d course without attendance", "%(num)d courses without attendance", number)
            text = gettext("It is over. Tick who was there, and they have the qualification.")
            href = url_for("course_dates.show", number=int(waiting.subject))
            return Row(title, text, gettext("Tick"), href, Verb.TEACH, icon="list-checks", since=waiting.since)
        case Kind.SIGN_OFFS:
            title = ngettext("%(num)d sign-off waits", "%(num)d sign-offs wait", number)
            text = gettext(
                "Their trainers have to tick the checklist, the first one until %(time)s.",
                time=formats.moment(waiting.since),
            )
            href = url_for("instruction.listed")
            return Row(title, text, gettext("Look at them"), href, Verb.SEE_TRAINING, icon="list-checks")
        case _:
            title = ngettext("%(num)d sign-off lapsed", "%(num)d sign-offs lapsed", number)
            text = gettext("Nobody ticked the checklist in time: supervised use only. Do it again at the machine.")
            href = url_for("instruction.listed")
            return Row(title, text, gettext("Look at them"), href, Verb.SEE_TRAINING, icon="clock-alert")


def _of_proofs(waiting: Waiting) -> Row:
    """Whose status as a business abroad nobody has seen within a year, or soon will not have."""
    number = waiting.count
    way = (gettext("Add the proof"), f"/tenants/{waiting.subject}" if waiting.subject else "/tenants")
    if not waiting.why:
        title = ngettext("%(num)d proof of status missing", "%(num)d proofs of status missing", number)
        text = gettext("Without it documents without VAT are held: %(names)s.", names=waiting.detail)
        return Row(title, text, *way, Verb.EDIT_TENANTS, icon="file-warning")
    title = ngettext("%(num)d proof of status runs out", "%(num)d proofs of status run out", number)
    day = formats.day(date.fromisoformat(waiting.why))
    text = gettext("The first on %(day)s: %(names)s.", day=day, names=waiting.detail)
    return Row(title, text, *way, Verb.EDIT_TENANTS, icon="file-clock")
