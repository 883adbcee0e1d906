"""A backup holds every row and every document, and goes back into either kind of database."""

import json
import tarfile
from datetime import time
from typing import Any

import pytest
from sqlalchemy import select

from server.db import db, make_app, writing
from server.jobs import backup as backups
from server.jobs import service as jobs
from server.jobs.backup import BackupError, backup, restore
from server.machines import service as machines
from server.migrations import all_tables
from server.people import service as people
from server.people.models import Holder, Tenant, TenantKind, Token
from server.usage.models import Event, EventPayload, Outbox

OUTBOX = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def documents(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "F-2026-0001.pdf").write_bytes(b"%PDF one")
    (folder / "F-2026-0001.json").write_bytes(b"{}")
    (folder / ".F-2026-0002.pdf.99").write_bytes(b"half written")
    return folder


@pytest.fixture
def full(lab, now):
    """Rows of every awkward kind: bytes, times of day, JSON, nothing, a row that points to a later one, letters."""
    by = {"actor": "test", "now": now}
    machines.set_opening_hours("printer", [machines.Hours(0, time(8, 30), machines.END_OF_DAY)], **by)
    people.add_tenant("ecole", "École d’été « Ü »", TenantKind.SCHOOL, **by)
    with writing() as session:
        session.add(Tenant(id=91, code="parent", name="Parent", kind="accelerator"))
        session.flush()
        session.add(Tenant(id=90, code="child", name="Child", kind="startup", parent_id=91))
        session.add(Outbox(id=OUTBOX, agent_id=1, last_n=1, first_seen_at=now))
        session.flush()
        session.add(
            Event(
                id=1, outbox=OUTBOX, n=1, agent_id=1, kind="gap", received_at=now, simulated=True,
                payload_hash="a", chain_hash="b",
            )
        )  # fmt: skip
        session.flush()
        session.add(EventPayload(event_id=1, salt=b"\x00\xff", payload=bytes(range(256))))
    jobs.enqueue("render_document", {"document_id": 7}, now)
    return lab


def everything():
    """Every row of every table, as Python sees it."""
    tables = [table for table in all_tables().sorted_tables if table.name != "change"]
    found = {
        table.name: sorted(map(repr, db.session.execute(select(table)).all()))
        for table in tables
        if table.name != "audit"
    }
    db.session.remove()
    return found


def test_what_was_changed_after_the_backup_is_undone(full, documents, tmp_path, now):
    before = everything()
    rows = backup(tmp_path / "lab.tar", documents)
    people.block_token(full.token, "lost", actor="desk", now=now)
    people.add_holder("Bob", "B", actor="desk", now=now)

    assert restore(tmp_path / "lab.tar", documents, now) == rows
    assert everything() == before
    assert rows["event_payload"] == rows["person"] == 1


def test_a_row_put_back_is_as_it_was_and_the_next_one_gets_a_new_number(full, documents, tmp_path, now):
    backup(tmp_path / "lab.tar", documents)
    restore(tmp_path / "lab.tar", documents, now)

    assert db.session.scalars(select(EventPayload.payload)).one() == bytes(range(256))
    tenants = [people.add_tenant(f"new-{n}", "New", TenantKind.COMPANY, actor="desk", now=now).id for n in range(3)]
    assert min(tenants) > 91


@pytest.mark.parametrize("direction", ["to_postgresql", "to_sqlite"])
def test_a_backup_moves_a_lab_from_one_kind_of_database_to_the_other(
    direction, sqlite_databases, postgresql_databases, tmp_path, documents, now
):
    kinds = (sqlite_databases, postgresql_databases)
    source, target = (make_app(make()) for make in (kinds if direction == "to_postgresql" else reversed(kinds)))
    with source.app_context():
        people.add_tenant("ecole", "École", TenantKind.SCHOOL, actor="desk", now=now)
        people.add_holder("Ada", "L", actor="desk", now=now)
        jobs.enqueue("render_document", {"nested": [1, None, {"é": 2}]}, now)
        backup(tmp_path / "lab.tar", documents)
        before = everything()
        db.engine.dispose()

    with target.app_context():
        restore(tmp_path / "lab.tar", documents, now)

        assert everything() == before
        db.engine.dispose()


def test_documents_come_back_where_they_are_missing_and_newer_ones_stay(full, documents, tmp_path, now):
    backup(tmp_path / "lab.tar", documents)
    (documents / "F-2026-0001.pdf").unlink()
    (documents / "F-2026-0001.json").write_bytes(b"kept")
    (documents / "F-2026-0002.pdf").write_bytes(b"%PDF newer")

    restore(tmp_path / "lab.tar", documents, now)

    assert (documents / "F-2026-0001.pdf").read_bytes() == b"%PDF one"
    assert (documents / "F-2026-0001.json").read_bytes() == b"kept"
    assert (documents / "F-2026-0002.pdf").read_bytes() == b"%PDF newer"


def test_half_written_documents_are_not_backed_up(full, documents, tmp_path):
    backup(tmp_path / "lab.tar", documents)

    with tarfile.open(tmp_path / "lab.tar") as tar:
        names = [name for name in tar.getnames() if name.startswith("documents/")]
    assert names == ["documents/F-2026-0001.json", "documents/F-2026-0001.pdf"]


def test_pollers_see_a_restore_and_miss_no_number(full, documents, tmp_path, now):
    backup(tmp_path / "lab.tar", documents)
    people.block_holder(full.holder, "hurt", actor="desk", now=now)
    seen = jobs.last_change_id()

    restore(tmp_path / "lab.tar", documents, now)

    assert [(one.topic, one.key) for one in jobs.changes_after(seen)] == [
        ("access", "restored"),
        ("ingest", "restored"),
    ]


def test_a_backup_is_readable_by_its_owner_only_and_never_overwritten(full, documents, tmp_path):
    backup(tmp_path / "lab.tar", documents)

    assert (tmp_path / "lab.tar").stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupError, match="exists already"):
        backup(tmp_path / "lab.tar", documents)


def test_a_backup_that_is_cut_short_changes_nothing(full, documents, tmp_path, now):
    backup(tmp_path / "lab.tar", documents)
    whole = (tmp_path / "lab.tar").read_bytes()
    people.add_holder("Bob", "B", actor="desk", now=now)
    before = everything()

    for length in (0, 100, len(whole) // 2, len(whole) - 200):
        (tmp_path / "short.tar").write_bytes(whole[:length])
        with pytest.raises(BackupError, match="cannot be read back"):
            restore(tmp_path / "short.tar", documents, now)

    assert everything() == before


def test_a_backup_of_another_version_is_refused(full, documents, tmp_path, now, monkeypatch):
    monkeypatch.setattr(backups, "_FORMAT", 99)
    backup(tmp_path / "future.tar", documents)
    monkeypatch.undo()

    with pytest.raises(BackupError, match="another version"):
        restore(tmp_path / "future.tar", documents, now)

    assert db.session.scalars(select(Token)).one().ref == full.token


def test_a_table_the_program_does_not_know_stops_the_backup(full, documents, tmp_path):
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE stranger (id INTEGER)")

    with pytest.raises(BackupError, match="other tables"):
        backup(tmp_path / "lab.tar", documents)

    assert list(tmp_path.glob("*lab.tar*")) == []


def test_a_backup_is_one_moment_even_while_rows_are_added(full, documents, tmp_path, now, monkeypatch):
    """A holder is added in another connection after the first table was read: neither she nor her person is in it."""
    dump = backups._dump
    added: list[Any] = []

    def dump_and_disturb(tar, connection, table):
        count = dump(tar, connection, table)
        if not added:
            added.append(people.add_holder("Eve", "E", actor="desk", now=now))
        return count

    monkeypatch.setattr(backups, "_dump", dump_and_disturb)

    rows = backup(tmp_path / "lab.tar", documents)

    assert added
    assert (rows["holder"], rows["person"]) == (1, 1)
    assert len(db.session.scalars(select(Holder)).all()) == 2


def content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def test_the_rows_are_lines_a_person_can_read(full, documents, tmp_path):
    backup(tmp_path / "lab.tar", documents)

    with tarfile.open(tmp_path / "lab.tar") as tar:
        columns = json.loads(content(tar, "tables/opening_hours.columns"))
        [line] = content(tar, "tables/opening_hours.jsonl").splitlines()
    assert dict(zip(columns, json.loads(line), strict=True)) == {
        "id": 1, "category": "printer", "weekday": 0, "opens": "08:30:00", "closes": "23:59:59.999999",
    }  # fmt: skip
