"""Who may do what, written out: each role, each verb, and where a role given in one place stops."""

import pytest

from server.domain.roles import (
    NOBODY,
    NOWHERE,
    SCOPES,
    THE_LAB,
    About,
    Actor,
    Assignment,
    Role,
    ScopeKind,
    Verb,
    may,
    may_somewhere,
)

# manager, desk, trainer, lab accountant, tenant's admin, tenant's accountant, holder, nobody: each where the role counts.
# SEE_OWN is nobody's role: it is given by the holder that an account is tied to, see below. BOOK asks a maker for both.
TABLE = """
public             yes yes yes yes yes yes yes yes
logged_in          yes yes yes yes yes yes yes -
see_own            -   -   -   -   -   -   -   -
see_floor          yes yes yes yes yes -   yes -
book               yes yes yes -   -   -   -   -
run_machines       yes yes yes -   -   -   -   -
edit_machines      yes -   -   -   -   -   -   -
see_people         yes yes yes -   -   -   -   -
edit_people        yes yes -   -   -   -   -   -
see_training       yes yes yes -   -   -   -   -
edit_skills        yes -   -   -   -   -   -   -
qualify            yes -   yes -   -   -   -   -
teach              yes yes yes -   -   -   -   -
see_tenants        yes yes -   yes -   -   -   -
edit_tenants       yes -   -   -   -   -   -   -
see_sessions       yes yes -   -   -   -   -   -
correct_sessions   yes -   -   -   -   -   -   -
note_supplies      yes yes yes -   -   -   -   -
see_detail         yes -   -   -   -   -   -   -
see_money          yes -   -   yes -   -   -   -
set_prices         yes -   -   -   -   -   -   -
issue              yes -   -   -   -   -   -   -
collect            yes -   -   yes -   -   -   -
see_tenant_books   yes -   -   yes yes yes -   -
manage_members     yes -   -   -   yes -   -   -
set_contracts      yes -   -   yes -   -   -   -
set_budgets        yes -   -   yes yes -   -   -
refuse_charges     yes -   -   -   yes yes -   -
watch              yes yes yes -   -   -   -   -
manage_accounts    yes -   -   -   -   -   -   -
see_audit          yes -   -   -   -   -   -   -
play               yes -   -   -   -   -   -   -
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
OF_A_TENANT = {Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT}
ACME = About(tenant="acme")


def somebody(*given: Assignment, holder: int | None = None) -> Actor:
    return Actor(account=1, holder=holder, assignments=given)


def given(role: Role) -> Actor:
    if role in OF_A_TENANT:
        return somebody(Assignment(role, ScopeKind.TENANT, "acme"))
    return somebody(Assignment(role))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_role_may_do_what_the_table_says_and_nothing_else(row: list[str]) -> None:
    verb, *said = row
    roles = [may(given(role), Verb(verb), ACME if role in OF_A_TENANT else THE_LAB) for role in Role]

    assert [*roles, may(NOBODY, Verb(verb))] == [word == "yes" for word in said]


def test_the_table_names_every_verb_once() -> None:
    assert [row[0] for row in ROWS] == list(Verb)


def test_the_role_of_one_tenant_says_nothing_of_another_nor_of_all() -> None:
    admin = given(Role.TENANT_ADMIN)

    assert may(admin, Verb.SEE_TENANT_BOOKS, ACME)
    assert not may(admin, Verb.SEE_TENANT_BOOKS, About(tenant="other"))
    assert not may(admin, Verb.SEE_TENANT_BOOKS, THE_LAB)
    assert not may(somebody(Assignment(Role.TENANT_ADMIN)), Verb.SEE_TENANT_BOOKS, ACME)


@pytest.mark.parametrize(
    ("kind", "here", "elsewhere"),
    [
        (ScopeKind.ROOM, About(room="hall", machine="p1"), About(room="laser", machine="l1")),
        (ScopeKind.MACHINE, About(room="hall", machine="p1"), About(room="hall", machine="p2")),
    ],
)
def test_a_trainer_of_one_place_acts_there_and_sees_the_lists_of_all(
    kind: ScopeKind, here: About, elsewhere: About
) -> None:
    trainer = somebody(Assignment(Role.TRAINER, kind, "hall" if kind is ScopeKind.ROOM else "p1"))

    assert [may(trainer, Verb.RUN_MACHINES, about) for about in (here, elsewhere, THE_LAB)] == [True, False, False]
    assert [may(trainer, Verb.QUALIFY, about) for about in (here, elsewhere, THE_LAB)] == [True, False, False]
    assert all(may(trainer, verb, elsewhere) for verb in (Verb.SEE_FLOOR, Verb.SEE_PEOPLE, Verb.WATCH))


def test_nobody_qualifies_himself_not_even_the_manager() -> None:
    manager = somebody(Assignment(Role.MANAGER), holder=7)

    assert not may(manager, Verb.QUALIFY, About(holder=7))
    assert may(manager, Verb.QUALIFY, About(holder=8))


def test_my_page_is_of_the_holder_behind_the_account_whatever_the_roles() -> None:
    maker = somebody(holder=7)

    assert may(maker, Verb.SEE_OWN)
    assert may(maker, Verb.SEE_OWN, About(holder=7))
    assert not may(maker, Verb.SEE_OWN, About(holder=8))
    assert not may(given(Role.MANAGER), Verb.SEE_OWN, About(holder=7))


def test_a_maker_books_for_himself_and_staff_for_anybody_where_they_look_after_machines() -> None:
    maker = somebody(Assignment(Role.HOLDER), holder=7)
    hall = somebody(Assignment(Role.TRAINER, ScopeKind.ROOM, "hall"), holder=8)

    assert [may(maker, Verb.BOOK, about) for about in (THE_LAB, About(holder=7), About(holder=8))] == [
        True,
        True,
        False,
    ]
    assert not may(maker, Verb.BOOK, NOWHERE)
    assert not may(given(Role.HOLDER), Verb.BOOK)
    assert all(may(given(role), Verb.BOOK, About(machine="m", holder=7)) for role in (Role.MANAGER, Role.DESK))
    assert may(hall, Verb.BOOK, About(room="hall", holder=7))
    assert not may(hall, Verb.BOOK, About(room="attic", holder=7))


def test_what_is_nowhere_is_only_for_who_may_do_it_everywhere() -> None:
    room = somebody(Assignment(Role.TRAINER, ScopeKind.ROOM, "hall"), holder=7)

    assert may(given(Role.MANAGER), Verb.RUN_MACHINES, NOWHERE)
    assert not may(room, Verb.RUN_MACHINES, NOWHERE)
    assert not may(given(Role.TENANT_ADMIN), Verb.SEE_TENANT_BOOKS, NOWHERE)
    assert not may(room, Verb.SEE_OWN, NOWHERE)


def test_two_roles_are_worth_the_sum_of_both() -> None:
    both = somebody(Assignment(Role.DESK), Assignment(Role.LAB_ACCOUNTANT))

    assert may(both, Verb.SEE_PEOPLE)
    assert may(both, Verb.SEE_MONEY)
    assert not may(both, Verb.ISSUE)


def test_having_a_verb_somewhere_is_told_apart_from_having_it_everywhere() -> None:
    admin = given(Role.TENANT_ADMIN)

    assert may_somewhere(admin, Verb.SEE_TENANT_BOOKS)
    assert not may_somewhere(admin, Verb.SEE_MONEY)


def test_every_role_can_be_given_somewhere_and_those_of_a_tenant_only_there() -> None:
    assert set(SCOPES) == set(Role)
    assert {role for role, kinds in SCOPES.items() if ScopeKind.LAB not in kinds} == OF_A_TENANT
