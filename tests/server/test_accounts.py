"""Accounts without their pages: invitations, passwords, waits, second factors, roles, and what the journal says of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from server.accounts import links, login, passwords, second_factor, service, tries, websessions
from server.accounts.errors import AccountError
from server.accounts.links import Purpose
from server.accounts.login import CodeWanted, Door, Entered, NotEntered
from server.accounts.models import Account, AccountLink, RecoveryCode, RoleAssignment, WebSession
from server.accounts.sealing import Unsealable, seal, unseal
from server.accounts.service import AccountFacts
from server.accounts.tries import Tries
from server.audit.models import AuditEntry
from server.db import Stale, db, writing
from server.domain.roles import Actor, Role, ScopeKind
from server.mail.models import Mail
from server.people import service as people
from server.people.models import Holder
from server.settings import Settings
from tests.server.signed_in import settings_for

MAIL = "ines@lab.test"
PASSWORD = "quatre mots à la suite"
OTHER = "vier Wörter am Stück"


@dataclass
class House:
    """A lab with one account, and the way it is asked about in the tests."""

    settings: Settings
    account: int
    now: datetime
    tries: Tries

    @property
    def by(self) -> dict[str, Any]:
        return {"actor": "account:1", "now": self.now}

    @property
    def door(self) -> Door:
        return Door(self.tries, self.settings, "192.0.2.1", "Firefox/130.0 Linux")

    def enter(self, password: str = PASSWORD, email: str = MAIL) -> login.Outcome:
        return login.enter(email, password, self.door, self.now)

    def row(self) -> Account:
        db.session.remove()
        return db.session.get_one(Account, self.account)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same kind of hash with less work: there are hundreds in these tests."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobodys", lambda: passwords._HASHER.hash("nobody's password"))


@pytest.fixture
def house(app: Flask, database_url: str, now: datetime) -> House:
    account = service.add_account(AccountFacts(MAIL, "Inès Vautrelle", "fr"), actor="test", now=now)
    return House(settings_for(database_url), account, now, Tries())


@pytest.fixture
def known(house: House) -> House:
    """The account has its password."""
    login.set_password(house.account, PASSWORD, house.settings, **house.by)
    return house


def secret_of(link: str) -> str:
    return link.rpartition("/")[2]


def mails() -> list[tuple[str, str]]:
    return [(mail.recipient, mail.subject) for mail in db.session.scalars(select(Mail).order_by(Mail.id))]


# --- invitations and forgotten passwords ----------------------------------------------------------------------------------


def test_an_invitation_sets_a_password_once_and_is_written_in_the_persons_language(house: House) -> None:
    link = service.invite(house.account, house.settings, **house.by)
    links.take_up(secret_of(link), Purpose.INVITE, PASSWORD, house.now)
    letter = db.session.scalars(select(Mail)).one()

    assert link.startswith("http://127.0.0.1:8080/invitation/")
    assert (letter.recipient, letter.subject) == (MAIL, "Votre compte chez Halle Zéro")
    assert link in letter.text
    assert isinstance(house.enter(), Entered)
    with pytest.raises(AccountError, match="has been used or is too old"):
        links.take_up(secret_of(link), Purpose.INVITE, OTHER, house.now)


def test_a_link_is_worth_nothing_elsewhere_later_or_after_the_next_one(house: House) -> None:
    first = secret_of(service.invite(house.account, house.settings, **house.by))
    second = secret_of(service.invite(house.account, house.settings, **house.by))

    assert links.link_of(first, Purpose.INVITE, house.now) is None
    assert links.link_of(second, Purpose.RESET, house.now) is None
    assert links.link_of(second, Purpose.INVITE, house.now + timedelta(days=7) - timedelta(seconds=1)) is not None
    assert links.link_of(second, Purpose.INVITE, house.now + timedelta(days=7)) is None


def test_the_books_hold_no_secret_of_a_link_or_a_cookie(house: House) -> None:
    link = secret_of(service.invite(house.account, house.settings, **house.by))
    with writing():
        cookie = websessions.begin(house.account, "Firefox", house.now)

    assert db.session.scalars(select(AccountLink.id)).one() == websessions.digest(link) != link
    assert db.session.scalars(select(WebSession.id)).one() == websessions.digest(cookie) != cookie


def test_a_forgotten_password_is_answered_by_a_link_for_an_hour_and_only_to_who_is_known(known: House) -> None:
    links.reset_by_mail(MAIL, known.settings, known.now)
    links.reset_by_mail("nobody@lab.test", known.settings, known.now)
    links.reset_by_mail(MAIL, known.settings, known.now + timedelta(minutes=1))
    known.later(minutes=59)
    letter = db.session.scalars(select(Mail)).one()
    secret = next(word for word in letter.text.split() if "/reset/" in word).rpartition("/")[2]
    links.take_up(secret, Purpose.RESET, OTHER, known.now)

    assert letter.recipient == MAIL
    assert isinstance(known.enter(OTHER), Entered)
    assert isinstance(known.enter(PASSWORD), NotEntered)


def test_a_new_password_logs_out_everywhere(known: House) -> None:
    cookie = _secret(known.enter())
    link = service.invite(known.account, known.settings, **known.by)
    links.take_up(secret_of(link), Purpose.RESET, OTHER, known.now)

    assert websessions.find(cookie, known.now) is None


def test_a_changed_password_is_told_by_mail_and_keeps_the_browser_it_was_changed_in(known: House) -> None:
    here, there = _secret(known.enter()), _secret(known.enter())
    login.set_password(known.account, OTHER, known.settings, **known.by, keep=websessions.digest(here))

    assert mails() == [(MAIL, "Votre mot de passe chez Halle Zéro a été changé")]
    assert websessions.find(here, known.now) is not None
    assert websessions.find(there, known.now) is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("kurz", "at least 12 characters"),
        ("x" * 201, "at most 200 characters"),
        ("Motdepasse123", "among the first that are guessed"),
        ("aaaaaaaaaaaaaa", "among the first that are guessed"),
        ("Ines@Lab.Test", "is the mail address"),
        ("my ines@lab.test!", "is the mail address"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str, said: str) -> None:
    with pytest.raises(AccountError, match=said):
        passwords.check(password, MAIL)


# --- logging in -----------------------------------------------------------------------------------------------------------


def test_wrong_unknown_ended_and_not_yet_invited_get_one_answer(known: House) -> None:
    other = service.add_account(AccountFacts("new@lab.test", "New"), **known.by)
    ended = service.add_account(AccountFacts("gone@lab.test", "Gone"), **known.by)
    login.set_password(ended, PASSWORD, known.settings, **known.by)
    service.end_account(ended, **known.by)
    answers = [
        known.enter(OTHER),
        *(known.enter(email=mail) for mail in ("no@lab.test", "new@lab.test", "gone@lab.test")),
    ]

    assert other
    assert answers == [NotEntered()] * 4
    assert isinstance(known.enter(email=" INES@Lab.test "), Entered)


def test_an_address_nobody_has_costs_a_hash_too(known: House, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = PasswordHasher.verify

    def verify(*said: Any) -> bool:
        verified.append(said[1])
        return real(*said)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    known.enter(email="nobody@lab.test")
    known.enter(OTHER)

    assert len(verified) == 2
    assert verified[0].split("$")[:4] == verified[1].split("$")[:4]  # the same work


def test_after_five_mistakes_one_waits_longer_and_longer(known: House) -> None:
    waits = []
    for _ in range(5):
        assert known.enter(OTHER) == NotEntered()
    for _ in range(7):
        refused = known.enter()
        assert isinstance(refused, NotEntered)
        waits.append(int(refused.wait.total_seconds()))
        known.later(seconds=waits[-1])
        assert known.enter(OTHER) == NotEntered()

    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_a_right_password_after_the_wait_is_taken_and_forgets_the_mistakes(known: House) -> None:
    for _ in range(5):
        known.enter(OTHER)
    waited = known.enter()
    known.later(seconds=30)

    assert isinstance(waited, NotEntered)
    assert isinstance(known.enter(), Entered)
    assert [known.enter(OTHER) for _ in range(5)] == [NotEntered()] * 5


def test_one_address_that_tries_many_accounts_waits_as_well(now: datetime) -> None:
    counts, here, elsewhere = Tries(), tries.address("192.0.2.7"), tries.address("192.0.2.8")
    waits = [counts.begin([tries.account(f"{number}@lab.test"), here], now) for number in range(21)]

    assert [bool(wait) for wait in waits] == [False] * 20 + [True]
    assert not counts.begin([tries.account("x@lab.test"), elsewhere], now)
    assert not counts.begin([tries.account("x@lab.test"), here], now + timedelta(hours=1))


def test_a_whole_ipv6_network_counts_as_one_address() -> None:
    assert (
        tries.address("2001:db8:1:2:3::4") == tries.address("2001:db8:1:2:ffff::1") != tries.address("2001:db8:1:3::1")
    )


def test_a_hundred_tries_at_once_are_a_hundred(now: datetime) -> None:
    counts, key = Tries(), tries.account(MAIL)
    waits: list[timedelta] = []
    threads = [Thread(target=lambda: waits.append(counts.begin([key], now))) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(not wait for wait in waits) == 5


def test_two_hashes_at_most_are_worked_on_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.01)
    with passwords._Turn(), passwords._Turn(), pytest.raises(AccountError, match="Too many people are logging in"):
        passwords.hashed(PASSWORD)

    assert passwords.hashed(PASSWORD).startswith("$argon2id$")


def test_a_hash_made_with_older_parameters_is_renewed_at_the_next_login(known: House) -> None:
    weak = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with writing():
        db.session.get_one(Account, known.account).password_hash = weak
    before = known.row().version
    known.enter()
    after = known.row()

    assert after.password_hash != weak
    assert not passwords.is_outdated(after.password_hash or "")
    assert after.version == before  # nobody who edits the account is disturbed
    assert isinstance(known.enter(), Entered)


# --- second factor ----------------------------------------------------------------------------------------------------------


@dataclass
class Phone:
    """What an app does: it knows the secret and shows codes."""

    secret: str

    def code(self, at: datetime) -> str:
        return pyotp.TOTP(self.secret).at(at)


def set_up(house: House) -> tuple[Phone, list[str]]:
    proposal = second_factor.propose(house.account, house.settings.site_key_bytes)
    phone = Phone(second_factor.in_words(proposal, house.account, house.settings).replace(" ", ""))
    codes = second_factor.confirm(house.account, proposal, phone.code(house.now), house.settings, house.now)
    house.later(minutes=1)
    return phone, codes


def with_code(house: House, code: str) -> login.Outcome:
    half = house.enter()
    assert isinstance(half, CodeWanted)
    return login.enter_with_code(half.proof, code, house.door, house.now)


def test_with_a_second_factor_the_password_alone_opens_nothing(known: House) -> None:
    phone, _ = set_up(known)

    assert isinstance(known.enter(), CodeWanted)
    assert with_code(known, "000000") == NotEntered()
    assert isinstance(with_code(known, phone.code(known.now)), Entered)


def test_a_code_works_once_and_within_half_a_minute_of_its_time(known: House) -> None:
    phone, _ = set_up(known)
    early, late = phone.code(known.now - timedelta(minutes=2)), phone.code(known.now - timedelta(seconds=30))

    assert with_code(known, early) == NotEntered()
    assert isinstance(with_code(known, late), Entered)
    assert with_code(known, late) == NotEntered()
    assert isinstance(with_code(known, phone.code(known.now)), Entered)


def test_a_code_on_paper_stands_in_for_the_phone_once(known: House) -> None:
    _, codes = set_up(known)

    assert len(set(codes)) == 10
    assert isinstance(with_code(known, codes[3].lower().replace("-", " ")), Entered)
    assert with_code(known, codes[3]) == NotEntered()
    assert second_factor.codes_left(known.account) == 9
    assert not set(codes) & set(db.session.scalars(select(RecoveryCode.id)))


def test_new_codes_on_paper_make_the_old_ones_worthless(known: House) -> None:
    _, old = set_up(known)
    new = second_factor.renew_codes(known.account, known.now)

    assert with_code(known, old[0]) == NotEntered()
    assert isinstance(with_code(known, new[0]), Entered)


def test_wrong_codes_make_one_wait_like_wrong_passwords(known: House) -> None:
    set_up(known)
    half = known.enter()
    assert isinstance(half, CodeWanted)
    outcomes = [login.enter_with_code(half.proof, "111111", known.door, known.now) for _ in range(5)]

    assert [isinstance(one, NotEntered) and bool(one.wait) for one in outcomes] == [False] * 4 + [True]


def test_the_proof_of_a_right_password_lasts_five_minutes_and_dies_with_the_password(known: House) -> None:
    phone, _ = set_up(known)
    half = known.enter()
    assert isinstance(half, CodeWanted)
    with pytest.raises(AccountError, match="took too long"):
        login.enter_with_code(half.proof, phone.code(known.now), known.door, known.now + timedelta(minutes=6))
    with pytest.raises(AccountError, match="took too long"):
        login.enter_with_code(half.proof[:-2] + "xx", phone.code(known.now), known.door, known.now)
    login.set_password(known.account, OTHER, known.settings, **known.by)
    with pytest.raises(AccountError, match="took too long"):
        login.enter_with_code(half.proof, phone.code(known.now), known.door, known.now)


def test_a_second_factor_begins_only_with_a_code_that_fits(known: House) -> None:
    proposal = second_factor.propose(known.account, known.settings.site_key_bytes)
    with pytest.raises(AccountError, match="does not fit"):
        second_factor.confirm(known.account, proposal, "000000", known.settings, known.now)

    assert isinstance(known.enter(), Entered)


def test_a_removed_second_factor_is_told_by_mail_and_its_codes_are_gone(known: House) -> None:
    set_up(known)
    second_factor.remove(known.account, known.settings, "phone lost", **known.by)

    assert mails() == [(MAIL, "Votre second facteur chez Halle Zéro a été retiré")]
    assert db.session.scalars(select(RecoveryCode)).all() == []
    assert isinstance(known.enter(), Entered)


def test_the_phones_secret_is_sealed_and_opens_for_nobody_else(known: House) -> None:
    phone, _ = set_up(known)
    sealed, key = known.row().totp_secret or b"", known.settings.site_key_bytes
    plain = unseal(key, f"account:{known.account}", sealed)

    assert pyotp.TOTP(phone.secret).byte_secret() == plain
    assert plain not in sealed
    for wrong_key, whose, bytes_ in (
        (b"x" * 32, "account:1", sealed),
        (key, "account:99", sealed),
        (key, "a", sealed[:9]),
    ):
        with pytest.raises(Unsealable):
            unseal(wrong_key, whose, bytes_)
    assert seal(key, "a", plain) != seal(key, "a", plain)


# --- accounts and roles -----------------------------------------------------------------------------------------------------


def test_two_accounts_never_share_an_address_or_a_person(house: House) -> None:
    with writing() as session:
        session.add(Holder(number=7))
    service.add_account(AccountFacts("a@lab.test", "A", None, 7), **house.by)

    with pytest.raises(AccountError, match="with this mail address already"):
        service.add_account(AccountFacts(" Ines@LAB.test", "Other"), **house.by)
    with pytest.raises(AccountError, match="has an account already"):
        service.add_account(AccountFacts("b@lab.test", "B", None, 7), **house.by)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (AccountFacts("ines", "Inès"), "Type an e-mail address"),
        (AccountFacts("a b@lab.test", "Inès"), "Type an e-mail address"),
        (AccountFacts("a@lab.test", "  "), "whose account"),
        (AccountFacts("a@lab.test", "Inès", "it"), "do not speak"),
    ],
)
def test_an_account_that_cannot_be_right_is_refused(app: Flask, now: datetime, facts: AccountFacts, said: str) -> None:
    with pytest.raises(AccountError, match=said):
        service.add_account(facts, actor="test", now=now)


def test_a_new_address_is_told_to_the_old_one_and_the_second_editor_is_told(house: House) -> None:
    version = house.row().version
    service.edit_account(
        house.account, AccountFacts("new@lab.test", "Inès"), house.settings, version=version, **house.by
    )

    assert mails() == [(MAIL, "Votre adresse e-mail chez Halle Zéro a été changée")]
    with pytest.raises(Stale):
        service.change_own(house.account, AccountFacts(MAIL, "I."), house.settings, version=version, now=house.now)


def test_nobody_parts_the_own_account_from_the_own_person(house: House) -> None:
    ines, other = (people.add_holder(name, "Lang", "fr", **house.by).number for name in ("Inès", "Paul"))
    own: dict[str, Any] = {"actor": f"account:{house.account}", "now": house.now}
    service.edit_account(house.account, AccountFacts(MAIL, "Inès", holder_number=ines), house.settings, **own)

    for holder in (None, other):
        with pytest.raises(AccountError, match="Another manager"):
            service.edit_account(house.account, AccountFacts(MAIL, "Inès", holder_number=holder), house.settings, **own)
    service.edit_account(house.account, AccountFacts(MAIL, "Inès L.", holder_number=ines), house.settings, **own)
    service.edit_account(house.account, AccountFacts(MAIL, "Inès"), house.settings, actor="account:99", now=house.now)

    assert house.row().holder_number is None


def test_an_ended_account_is_logged_out_at_once_and_can_be_opened_again(known: House) -> None:
    cookie = _secret(known.enter())
    service.end_account(known.account, "left", **known.by)
    gone = websessions.find(cookie, known.now), known.enter()
    service.reopen_account(known.account, **known.by)

    assert gone == (None, NotEntered())
    assert websessions.find(cookie, known.now) is None
    assert isinstance(known.enter(), Entered)


def test_the_last_manager_stays(house: House) -> None:
    service.give_role(house.account, Role.MANAGER, **house.by)
    role = service.give_role(house.account, Role.DESK, **house.by)
    manager = _roles(house, house.account)[0]
    with pytest.raises(AccountError, match="the last manager"):
        service.end_role(manager, **house.by)
    with pytest.raises(AccountError, match="the last manager"):
        service.end_account(house.account, **house.by)
    service.end_role(role, **house.by)
    other = service.add_account(AccountFacts("other@lab.test", "Other"), **house.by)
    service.give_role(other, Role.MANAGER, **house.by)
    service.end_account(house.account, **house.by)

    assert service.has_role(other, Role.MANAGER, house.now)
    assert not service.has_role(house.account, Role.MANAGER, house.now)


@pytest.mark.parametrize(
    ("role", "kind", "scope", "said"),
    [
        (Role.MANAGER, ScopeKind.ROOM, "hall", "cannot be given there"),
        (Role.TENANT_ADMIN, ScopeKind.LAB, "", "cannot be given there"),
        (Role.TENANT_ADMIN, ScopeKind.TENANT, "", "which room, machine or tenant"),
        (Role.TRAINER, ScopeKind.LAB, "hall", "which room, machine or tenant"),
        (Role.HOLDER, ScopeKind.LAB, "", "Tie the account to a person"),
    ],
)
def test_a_role_is_given_only_where_it_makes_sense(
    house: House, role: Role, kind: ScopeKind, scope: str, said: str
) -> None:
    with pytest.raises(AccountError, match=said):
        service.give_role(house.account, role, kind, scope, **house.by)


def test_a_role_that_is_there_is_not_given_twice_and_ends_at_once(known: House) -> None:
    cookie = _secret(known.enter())
    role = service.give_role(known.account, Role.TRAINER, ScopeKind.ROOM, "Laser", **known.by)
    with pytest.raises(AccountError, match="has this role there already"):
        service.give_role(known.account, Role.TRAINER, ScopeKind.ROOM, "Laser", **known.by)
    before = _actor(cookie, known.now)
    service.end_role(role, "training over", **known.by)
    after = _actor(cookie, known.now)

    assert [given.scope for given in before.assignments] == ["Laser"]
    assert after.assignments == ()
    with pytest.raises(AccountError, match="has ended already"):
        service.end_role(role, **known.by)


def test_every_change_stands_in_the_journal_and_names_nobody(known: House) -> None:
    set_up(known)
    service.give_role(known.account, Role.MANAGER, **known.by)
    facts = AccountFacts("changed@lab.test", "Somebody Else", "de")
    service.edit_account(known.account, facts, known.settings, **known.by)
    service.invite(known.account, known.settings, **known.by)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    pictures = " ".join(f"{entry.before} {entry.after} {entry.reason} {entry.actor}" for entry in entries)

    assert [entry.verb for entry in entries] == [
        "add",
        "set_password",
        "add_second_factor",
        "give_role",
        "edit",
        "reset",
    ]
    assert {(entry.object_kind, entry.object_id) for entry in entries} == {("account", str(known.account))}
    assert not [word for word in ("lab.test", "Vautrelle", "Somebody", PASSWORD, "argon2") if word in pictures]
    assert "'changed': ['email', 'language', 'name']" in pictures


def test_a_manager_who_logs_somebody_out_is_in_the_journal_and_leaving_oneself_is_not(known: House) -> None:
    first, second = (websessions.digest(_secret(known.enter())) for _ in range(2))
    websessions.end(first, actor=f"account:{known.account}", now=known.now)
    websessions.end(second, actor="account:99", now=known.now)
    verbs = db.session.scalars(select(AuditEntry.verb).where(AuditEntry.actor == "account:99")).all()

    assert verbs == ["end_web_session"]
    assert db.session.scalars(select(WebSession.ended_at)).all() == [known.now, known.now]


def _secret(outcome: login.Outcome) -> str:
    assert isinstance(outcome, Entered)
    return outcome.secret


def _actor(cookie: str, now: datetime) -> Actor:
    found = websessions.find(cookie, now)
    assert found is not None
    return found.actor


def _roles(house: House, account: int) -> list[int]:
    return list(db.session.scalars(select(RoleAssignment.id).where(RoleAssignment.account_id == account)))
