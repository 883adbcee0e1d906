"""The first tables: everything prolab keeps, one function a table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in TABLES:
        table()


def _agent() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("understands", sa.JSON(), nullable=False),
        sa.Column("outbox", sa.String(length=36)),
        sa.Column("last_n", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True)),
        sa.Column("disk_free_mb", sa.Integer()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("paired_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
        sa.UniqueConstraint("name", name="uq_agent_name"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=60), nullable=False),
        sa.Column("object_id", sa.String(length=60), nullable=False),
        sa.Column("before", sa.JSON()),
        sa.Column("after", sa.JSON()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_object_id", "audit", ["object_id"], unique=False)


def _ledger_seal() -> None:
    op.create_table(
        "ledger_seal",
        sa.Column("of", sa.String(length=40), nullable=False),
        sa.Column("row", sa.String(length=60), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("of", "row", name="pk_ledger_seal"),
    )


def _change() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change"),
    )


def _holder() -> None:
    op.create_table(
        "holder",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True)),
        sa.Column("blocked_reason", sa.Text(), nullable=False),
        sa.Column("minor_until", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_holder"),
    )


def _ingest_count() -> None:
    op.create_table(
        "ingest_count",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON()),
        sa.PrimaryKeyConstraint("name", name="pk_ingest_count"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"], unique=False)


def _opening_hours() -> None:
    op.create_table(
        "opening_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_opening_hours"),
    )
    op.create_index("ix_opening_hours_category", "opening_hours", ["category"], unique=False)


def _period() -> None:
    op.create_table(
        "period",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.String(length=120), nullable=False),
        sa.Column("built_from", sa.String(length=200), nullable=False),
        sa.Column("unplaced", sa.JSON(), nullable=False),
        sa.Column("oddities", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("building", sa.JSON()),
        sa.Column("issuing", sa.JSON()),
        sa.PrimaryKeyConstraint("month", name="pk_period"),
    )


def _month_note() -> None:
    op.create_table(
        "month_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_month_note"),
        sa.UniqueConstraint("month", "kind", "subject", name="uq_month_note_month_kind_subject"),
    )


def _rejected_event() -> None:
    op.create_table(
        "rejected_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("outbox", sa.String(length=36)),
        sa.Column("n", sa.BigInteger()),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rejected_event"),
    )


def _saved_event() -> None:
    op.create_table(
        "saved_event",
        sa.Column("outbox", sa.String(length=36), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("first_outbox", sa.String(length=36), nullable=False),
        sa.Column("first_n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("outbox", "n", name="pk_saved_event"),
    )
    op.create_index("saved_event_by_first", "saved_event", ["first_outbox", "first_n"], unique=False)


def _seller() -> None:
    op.create_table(
        "seller",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("trade_name", sa.String(length=200), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("capital", sa.String(length=60), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postcode", sa.String(length=12), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("siren", sa.String(length=9), nullable=False),
        sa.Column("siret", sa.String(length=14), nullable=False),
        sa.Column("rcs", sa.String(length=100), nullable=False),
        sa.Column("vat_id", sa.String(length=20), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("bic", sa.String(length=11), nullable=False),
        sa.Column("regime", sa.String(length=30), nullable=False),
        sa.Column("declares", sa.String(length=10), nullable=False),
        sa.Column("vat_on_debits", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("payment_days_public", sa.Integer(), nullable=False),
        sa.Column("payment_days_private", sa.Integer(), nullable=False),
        sa.Column("late_rate", sa.String(length=200), nullable=False),
        sa.Column("series_prefix", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seller"),
    )


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("last_sequence", sa.Integer(), nullable=False),
        sa.Column("last_date", sa.Date()),
        sa.PrimaryKeyConstraint("name", name="pk_series"),
    )


def _setting() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )


def _skill() -> None:
    op.create_table(
        "skill",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("lasts_days", sa.Integer()),
        sa.Column("ends_on", sa.String(length=5)),
        sa.Column("idle_days", sa.Integer()),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_skill"),
        sa.UniqueConstraint("code", name="uq_skill_code"),
    )


def _skill_need() -> None:
    op.create_table(
        "skill_need",
        sa.Column("skill_id", sa.Integer(), nullable=False),
        sa.Column("needs_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name="fk_skill_need_skill_id"),
        sa.ForeignKeyConstraint(["needs_id"], ["skill.id"], name="fk_skill_need_needs_id"),
        sa.PrimaryKeyConstraint("skill_id", "needs_id", name="pk_skill_need"),
    )


def _tenant() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("frame_ref", sa.String(length=120), nullable=False),
        sa.Column("frame_until", sa.DateTime(timezone=True)),
        sa.Column("suspended_from", sa.DateTime(timezone=True)),
        sa.Column("suspended_reason", sa.Text(), nullable=False),
        sa.Column("suspended_by", sa.String(length=120), nullable=False),
        sa.Column("letter_on", sa.Date()),
        sa.Column("notice_days", sa.Integer()),
        sa.Column("names_since", sa.Date()),
        sa.Column("names_reason", sa.Text(), nullable=False),
        sa.Column("names_times", sa.Boolean(), nullable=False),
        sa.Column("shows", sa.String(length=12), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["tenant.id"], name="fk_tenant_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("code", name="uq_tenant_code"),
    )


def _price_draft() -> None:
    op.create_table(
        "price_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("adopted_on", sa.Date()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _what_if() -> None:
    op.create_table(
        "what_if",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("job", sa.Integer()),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("made_of", sa.String(length=240), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "month"),
        sa.ForeignKeyConstraint(["draft_id"], ["price_draft.id"], name="fk_what_if_draft_id"),
    )


def _vat_cell() -> None:
    op.create_table(
        "vat_cell",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("regime", sa.String(length=30), nullable=False),
        sa.Column("treatment", sa.String(length=30), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("category", sa.String(length=3), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("mention", sa.Text(), nullable=False),
        sa.Column("vatex", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vat_cell"),
    )


def _establishment() -> None:
    op.create_table(
        "establishment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postcode", sa.String(length=12), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("siren", sa.String(length=9)),
        sa.Column("siret", sa.String(length=14)),
        sa.Column("vat_id", sa.String(length=20)),
        sa.Column("email", sa.String(length=200)),
        sa.Column("service_code", sa.String(length=100)),
        sa.Column("needs_service_code", sa.Boolean(), nullable=False),
        sa.Column("wants_einvoice", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_establishment_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_establishment"),
    )
    op.create_index("ix_establishment_tenant_id", "establishment", ["tenant_id"], unique=False)


def _machine() -> None:
    op.create_table(
        "machine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("room", sa.String(length=60)),
        sa.Column("x", sa.Integer()),
        sa.Column("y", sa.Integer()),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("risk", sa.String(length=10), nullable=False),
        sa.Column("service", sa.String(length=20), nullable=False),
        sa.Column("service_note", sa.Text(), nullable=False),
        sa.Column("service_at", sa.DateTime(timezone=True)),
        sa.Column("service_by", sa.String(length=120), nullable=False),
        sa.Column("bypass_by", sa.String(length=60), nullable=False),
        sa.Column("bypass_reason", sa.Text(), nullable=False),
        sa.Column("bypass_until", sa.DateTime(timezone=True)),
        sa.Column("end_session", sa.String(length=36)),
        sa.Column("clear_latch_upto", sa.BigInteger(), nullable=False),
        sa.Column("confirm_s", sa.Integer(), nullable=False),
        sa.Column("max_s", sa.Integer()),
        sa.Column("on_max", sa.String(length=10), nullable=False),
        sa.Column("press_s", sa.Integer()),
        sa.Column("removal_s", sa.Integer()),
        sa.Column("idle_warn_s", sa.Integer()),
        sa.Column("idle_end_s", sa.Integer()),
        sa.Column("cooldown_s", sa.Integer(), nullable=False),
        sa.Column("takeover_s", sa.Integer()),
        sa.Column("extend_s", sa.Integer(), nullable=False),
        sa.Column("extend_times", sa.Integer(), nullable=False),
        sa.Column("payer_s", sa.Integer(), nullable=False),
        sa.Column("continue_s", sa.Integer(), nullable=False),
        sa.Column("second_s", sa.Integer()),
        sa.Column("again_s", sa.Integer(), nullable=False),
        sa.Column("supervise_s", sa.Integer(), nullable=False),
        sa.Column("list_valid_s", sa.Integer()),
        sa.Column("minors", sa.String(length=10)),
        sa.Column("commission_since", sa.DateTime(timezone=True)),
        sa.Column("commission_why", sa.String(length=20), nullable=False),
        sa.Column("make", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=False),
        sa.Column("bought_on", sa.Date()),
        sa.Column("manual_url", sa.String(length=300), nullable=False),
        sa.Column("conformity_url", sa.String(length=300), nullable=False),
        sa.Column("unattended", sa.Boolean(), nullable=False),
        sa.Column("unattended_note", sa.Text(), nullable=False),
        sa.Column("counter_note", sa.Text(), nullable=False),
        sa.Column("replaces_id", sa.Integer()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["room"], ["room.name"], name="fk_machine_room", onupdate="CASCADE"),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_machine_agent_id"),
        sa.ForeignKeyConstraint(["replaces_id"], ["machine.id"], name="fk_machine_replaces_id"),
        sa.PrimaryKeyConstraint("id", name="pk_machine"),
        sa.UniqueConstraint("code", name="uq_machine_code"),
    )
    op.create_index("ix_machine_agent_id", "machine", ["agent_id"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("last_n", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_outbox_agent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_agent_id", "outbox", ["agent_id"], unique=False)


def _payer() -> None:
    op.create_table(
        "payer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("cost_centre", sa.String(length=60), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("machines", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_payer_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payer"),
        sa.UniqueConstraint("code", name="uq_payer_code"),
    )
    op.create_index("ix_payer_tenant_id", "payer", ["tenant_id"], unique=False)


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=200)),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("shows_first_name", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_person_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("holder_number", name="uq_person_holder_number"),
    )


def _published_list() -> None:
    op.create_table(
        "published_list",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_published_list_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_published_list"),
    )


def _qualification() -> None:
    op.create_table(
        "qualification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("skill_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("idle_until", sa.DateTime(timezone=True)),
        sa.Column("granted_by", sa.String(length=120), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_reason", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_qualification_holder_number"),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name="fk_qualification_skill_id"),
        sa.PrimaryKeyConstraint("id", name="pk_qualification"),
        sa.UniqueConstraint("ref", name="uq_qualification_ref"),
    )
    op.create_index("ix_qualification_holder_number", "qualification", ["holder_number"], unique=False)
    op.create_index("ix_qualification_skill_id", "qualification", ["skill_id"], unique=False)


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.Column("blocked_at", sa.DateTime(timezone=True)),
        sa.Column("blocked_reason", sa.Text(), nullable=False),
        sa.Column("blocked_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_token_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("ref", name="uq_token_ref"),
    )
    op.create_index("ix_token_holder_number", "token", ["holder_number"], unique=False)
    op.create_index(
        "one_holder_a_badge",
        "token",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )


def _bill_to() -> None:
    op.create_table(
        "bill_to",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_bill_to_establishment_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_bill_to_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bill_to"),
    )
    op.create_index("ix_bill_to_tenant_id", "bill_to", ["tenant_id"], unique=False)


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("series", sa.String(length=60), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("specimen", sa.Boolean(), nullable=False),
        sa.Column("frozen", sa.Text(), nullable=False),
        sa.Column("frozen_sha256", sa.String(length=64), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("pdf_sha256", sa.String(length=64)),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("paid_on", sa.Date()),
        sa.Column("corrects_id", sa.Integer()),
        sa.Column("external_number", sa.String(length=60)),
        sa.Column("external_on", sa.Date()),
        sa.ForeignKeyConstraint(["corrects_id"], ["document.id"], name="fk_document_corrects_id"),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_document_establishment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
        sa.UniqueConstraint("number", name="uq_document_number"),
        sa.UniqueConstraint("series", "sequence", name="uq_document_series_sequence"),
    )
    op.create_index(
        "document_of_month",
        "document",
        ["month", "specimen", "state", "paid_on", "net_cents", "gross_cents"],
        unique=False,
    )
    op.create_index("document_unpaid", "document", ["paid_on", "due_on"], unique=False)
    op.create_index("ix_document_corrects_id", "document", ["corrects_id"], unique=False)


def _platform_state() -> None:
    op.create_table(
        "platform_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_platform_state_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_platform_state"),
    )
    op.create_index("ix_platform_state_document_id", "platform_state", ["document_id"], unique=False)


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=80), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("gross_cents", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("checked_sha256", sa.String(length=64)),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_draft_establishment_id"),
        sa.ForeignKeyConstraint(["month"], ["period.month"], name="fk_draft_month"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.UniqueConstraint("month", "establishment_id", "part", name="uq_draft_month_establishment_id_part"),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outbox", sa.String(length=36), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=36)),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("chain_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_event_agent_id"),
        sa.ForeignKeyConstraint(["outbox"], ["outbox.id"], name="fk_event_outbox"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("outbox", "n", name="uq_event_outbox_n"),
    )
    op.create_index("ix_event_kind", "event", ["kind"], unique=False)
    op.create_index("ix_event_session", "event", ["session"], unique=False)


def _machine_live() -> None:
    op.create_table(
        "machine_live",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session", sa.String(length=36)),
        sa.Column("checkpoint_s", sa.Integer()),
        sa.Column("latched", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Boolean(), nullable=False),
        sa.Column("running", sa.Boolean()),
        sa.Column("proven_open_at", sa.DateTime(timezone=True)),
        sa.Column("lacks", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_machine_live_machine_id"),
        sa.PrimaryKeyConstraint("machine_id", name="pk_machine_live"),
    )


def _machine_skill() -> None:
    op.create_table(
        "machine_skill",
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("skill_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_machine_skill_machine_id"),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name="fk_machine_skill_skill_id"),
        sa.PrimaryKeyConstraint("machine_id", "skill_id", name="pk_machine_skill"),
    )


def _membership() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.Column("member_class", sa.String(length=20)),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_membership_holder_number"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_membership_payer_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_membership_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("ref", name="uq_membership_ref"),
    )
    op.create_index("ix_membership_holder_number", "membership", ["holder_number"], unique=False)
    op.create_index("ix_membership_tenant_id", "membership", ["tenant_id"], unique=False)


def _tariff() -> None:
    op.create_table(
        "tariff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer()),
        sa.Column("category", sa.String(length=40)),
        sa.Column("tenant_id", sa.Integer()),
        sa.Column("tenant_kind", sa.String(length=20)),
        sa.Column("member_class", sa.String(length=20)),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_tariff_machine_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_tariff_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tariff"),
    )


def _tax_treatment() -> None:
    op.create_table(
        "tax_treatment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("treatment", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("staff_on_site", sa.Boolean()),
        sa.Column("staff_since", sa.Date()),
        sa.Column("stated_by", sa.String(length=120), nullable=False),
        sa.Column("stated_in", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_tax_treatment_establishment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tax_treatment"),
    )
    op.create_index("ix_tax_treatment_establishment_id", "tax_treatment", ["establishment_id"], unique=False)


def _status_proof() -> None:
    op.create_table(
        "status_proof",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("vat_id", sa.String(length=20)),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("recheck_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seen_by", sa.String(length=120), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("file_kind", sa.String(length=4), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("file_bytes", sa.Integer(), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True)),
        sa.Column("taken_back_because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_status_proof_establishment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_status_proof"),
    )
    op.create_index("ix_status_proof_establishment_id", "status_proof", ["establishment_id"], unique=False)


def _usage_session() -> None:
    op.create_table(
        "usage_session",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("occupied_s", sa.Integer(), nullable=False),
        sa.Column("powered_s", sa.Integer(), nullable=False),
        sa.Column("running_s", sa.Integer()),
        sa.Column("wh", sa.Integer()),
        sa.Column("end_reason", sa.String(length=40)),
        sa.Column("time_quality", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("taps", sa.Integer(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("payer_chosen", sa.Boolean(), nullable=False),
        sa.Column("cooldown_s", sa.Integer(), nullable=False),
        sa.Column("gap_s", sa.Integer(), nullable=False),
        sa.Column("metered_s", sa.Integer()),
        sa.Column("continues", sa.String(length=36)),
        sa.Column("master", sa.Boolean(), nullable=False),
        sa.Column("supervisor", sa.BigInteger()),
        sa.Column("companion", sa.BigInteger()),
        sa.Column("lesson", sa.String(length=36)),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_usage_session_payer_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_usage_session_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_usage_session"),
    )
    op.create_index("ix_usage_session_lesson", "usage_session", ["lesson"], unique=False)
    op.create_index("ix_usage_session_started_at", "usage_session", ["started_at"], unique=False)
    op.create_index(
        "one_open_session_a_machine",
        "usage_session",
        ["machine_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("session_by_end", "usage_session", ["ended_at", "simulated", "state", "occupied_s"], unique=False)
    op.create_index("session_of_holder", "usage_session", ["holder_number", "started_at"], unique=False)
    op.create_index("session_of_machine", "usage_session", ["machine_id", "started_at"], unique=False)
    op.create_index("session_of_payer", "usage_session", ["payer_id", "ended_at"], unique=False)


def _charge() -> None:
    op.create_table(
        "charge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer()),
        sa.Column("tariff_id", sa.Integer()),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("day", sa.Date()),
        sa.Column("occupied_s", sa.Integer(), nullable=False),
        sa.Column("counted_s", sa.Integer()),
        sa.Column("free", sa.String(length=20)),
        sa.Column("continues", sa.Boolean(), nullable=False),
        sa.Column("billed_s", sa.Integer(), nullable=False),
        sa.Column("priced", sa.JSON(), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("vat_category", sa.String(length=3), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_charge_document_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_charge_machine_id"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_charge_payer_id"),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariff.id"], name="fk_charge_tariff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_charge"),
        sa.UniqueConstraint("subject", "round", name="uq_charge_subject_round"),
    )
    op.create_index(
        "charge_taken_back",
        "charge",
        ["subject"],
        unique=False,
        sqlite_where=sa.text("kind = 'credit'"),
        postgresql_where=sa.text("kind = 'credit'"),
    )
    op.create_index("charge_of_payer", "charge", ["payer_id", "ended_at"], unique=False)
    op.create_index("ix_charge_document_id", "charge", ["document_id"], unique=False)
    op.create_index("ix_charge_tariff_id", "charge", ["tariff_id"], unique=False)


def _denial() -> None:
    op.create_table(
        "denial",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enforced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_denial_machine_id"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_denial_event_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_denial"),
    )
    op.create_index("denial_of_token", "denial", ["token", "at"], unique=False)
    op.create_index("ix_denial_at", "denial", ["at"], unique=False)
    op.create_index("ix_denial_machine_id", "denial", ["machine_id"], unique=False)


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("session", sa.String(length=36)),
        sa.Column("seconds", sa.Integer()),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_notice_event_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_notice_machine_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_notice"),
    )
    op.create_index("ix_notice_at", "notice", ["at"], unique=False)
    op.create_index("ix_notice_machine_id", "notice", ["machine_id"], unique=False)


def _master() -> None:
    op.create_table(
        "master",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("pin_digest", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=20), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.String(length=120), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_master_holder_number"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_master_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_master"),
    )
    op.create_index(
        "one_master_a_holder",
        "master",
        ["holder_number"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _event_payload() -> None:
    op.create_table(
        "event_payload",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_event_payload_event_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_event_payload"),
    )


def _room() -> None:
    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_room"),
        sa.UniqueConstraint("name", name="uq_room_name"),
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200)),
        sa.Column("language", sa.String(length=2)),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_account_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("email", name="uq_account_email"),
        sa.UniqueConstraint("holder_number", name="uq_account_holder_number"),
    )


def _role_assignment() -> None:
    op.create_table(
        "role_assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("scope_kind", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_role_assignment_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_role_assignment"),
    )
    op.create_index("ix_role_assignment_account_id", "role_assignment", ["account_id"], unique=False)


def _web_session() -> None:
    op.create_table(
        "web_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_web_session_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_web_session"),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"], unique=False)


def _account_link() -> None:
    op.create_table(
        "account_link",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_link_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account_link"),
    )
    op.create_index("ix_account_link_account_id", "account_link", ["account_id"], unique=False)


def _recovery_code() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_recovery_code_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_account_id", "recovery_code", ["account_id"], unique=False)


def _mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attached", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("about", sa.String(length=100)),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("about", name="uq_mail_about"),
    )
    op.create_index("ix_mail_written_at", "mail", ["written_at"], unique=False)


def _session_decision() -> None:
    op.create_table(
        "session_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("counted_s", sa.Integer()),
        sa.Column("free", sa.String(length=20)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session_decision"),
    )
    op.create_index("ix_session_decision_session_id", "session_decision", ["session_id"], unique=False)


def _pulse() -> None:
    op.create_table(
        "pulse",
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_pulse"),
    )


def _pairing_code() -> None:
    op.create_table(
        "pairing_code",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.Integer()),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_pairing_code_agent_id"),
        sa.ForeignKeyConstraint(["replaces_id"], ["agent.id"], name="fk_pairing_code_replaces_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pairing_code"),
    )
    op.create_index("ix_pairing_code_agent_id", "pairing_code", ["agent_id"], unique=False)


def _closure() -> None:
    op.create_table(
        "closure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=40)),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("holiday", sa.String(length=30), nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_closure"),
    )
    op.create_index("ix_closure_ends", "closure", ["ends"], unique=False)


def _commissioning() -> None:
    op.create_table(
        "commissioning",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("drawing", sa.String(length=80), nullable=False),
        sa.Column("tests", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_commissioning_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_commissioning"),
    )
    op.create_index("ix_commissioning_machine_id", "commissioning", ["machine_id"], unique=False)


def _machine_check() -> None:
    op.create_table(
        "machine_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("basis", sa.String(length=120), nullable=False),
        sa.Column("body", sa.String(length=80), nullable=False),
        sa.Column("every_months", sa.Integer(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserves", sa.Text(), nullable=False),
        sa.Column("reserves_until", sa.Date()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_machine_check_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_machine_check"),
    )
    op.create_index("ix_machine_check_machine_id", "machine_check", ["machine_id"], unique=False)


def _check_report() -> None:
    op.create_table(
        "check_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Integer(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("reserves", sa.Text(), nullable=False),
        sa.Column("reserves_until", sa.Date()),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["machine_check.id"], name="fk_check_report_check_id"),
        sa.PrimaryKeyConstraint("id", name="pk_check_report"),
    )
    op.create_index("ix_check_report_check_id", "check_report", ["check_id"], unique=False)


def _machine_paper() -> None:
    op.create_table(
        "machine_paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commissioning_id", sa.Integer()),
        sa.Column("report_id", sa.Integer()),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["check_report.id"], name="fk_machine_paper_report_id"),
        sa.ForeignKeyConstraint(["commissioning_id"], ["commissioning.id"], name="fk_machine_paper_commissioning_id"),
        sa.PrimaryKeyConstraint("id", name="pk_machine_paper"),
    )
    op.create_index("ix_machine_paper_commissioning_id", "machine_paper", ["commissioning_id"], unique=False)
    op.create_index("ix_machine_paper_report_id", "machine_paper", ["report_id"], unique=False)


def _log_only() -> None:
    op.create_table(
        "log_only",
        sa.Column("risk", sa.String(length=10), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("risk", name="pk_log_only"),
    )


def _emergency_contact() -> None:
    op.create_table(
        "emergency_contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_emergency_contact_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_emergency_contact"),
        sa.UniqueConstraint("holder_number", name="uq_emergency_contact_holder_number"),
    )


def _payer_rule() -> None:
    op.create_table(
        "payer_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("machines", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name="fk_payer_rule_membership_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payer_rule"),
    )
    op.create_index("ix_payer_rule_membership_id", "payer_rule", ["membership_id"], unique=False)


def _charge_refusal() -> None:
    op.create_table(
        "charge_refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("is_charged", sa.Boolean()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_charge_refusal_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_charge_refusal"),
        sa.UniqueConstraint("session_id", name="uq_charge_refusal_session_id"),
    )
    op.create_index("ix_charge_refusal_payer_id", "charge_refusal", ["payer_id"], unique=False)


def _edition() -> None:
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("skill_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("required_from", sa.DateTime(timezone=True)),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("published_by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name="fk_edition_skill_id"),
        sa.PrimaryKeyConstraint("id", name="pk_edition"),
        sa.UniqueConstraint("skill_id", "kind", "number", name="uq_edition_skill_id_kind_number"),
    )


def _acceptance() -> None:
    op.create_table(
        "acceptance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("right", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_acceptance_edition_id"),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_acceptance_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_acceptance"),
        sa.UniqueConstraint("holder_number", "edition_id", name="uq_acceptance_holder_number_edition_id"),
    )
    op.create_index("ix_acceptance_edition_id", "acceptance", ["edition_id"], unique=False)


def _sign_off() -> None:
    op.create_table(
        "sign_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("machine", sa.String(length=40), nullable=False),
        sa.Column("trainer", sa.BigInteger(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("ticked_at", sa.DateTime(timezone=True)),
        sa.Column("ticked", sa.JSON(), nullable=False),
        sa.Column("minutes", sa.Integer()),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_off"),
        sa.UniqueConstraint("event_id", name="uq_sign_off_event_id"),
    )
    op.create_index("ix_sign_off_learner", "sign_off", ["learner"], unique=False)
    op.create_index("ix_sign_off_state", "sign_off", ["state"], unique=False)
    op.create_index("ix_sign_off_trainer", "sign_off", ["trainer"], unique=False)


def _instruction_interval() -> None:
    op.create_table(
        "instruction_interval",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("months_minor", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_instruction_interval_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_instruction_interval"),
    )


def _reminder() -> None:
    op.create_table(
        "reminder",
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("about", name="pk_reminder"),
    )


def _course() -> None:
    op.create_table(
        "course",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("nature", sa.String(length=20), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("trainer", sa.BigInteger()),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["trainer"], ["holder.number"], name="fk_course_trainer"),
        sa.PrimaryKeyConstraint("id", name="pk_course"),
    )


def _course_date() -> None:
    op.create_table(
        "course_date",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_reason", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name="fk_course_date_course_id"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_course_date_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_course_date"),
    )
    op.create_index("ix_course_date_begins_at", "course_date", ["begins_at"], unique=False)
    op.create_index("ix_course_date_course_id", "course_date", ["course_id"], unique=False)


def _enrolment() -> None:
    op.create_table(
        "enrolment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date_id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolled_by", sa.String(length=120), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("present", sa.Boolean()),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_enrolment_holder_number"),
        sa.ForeignKeyConstraint(["date_id"], ["course_date.id"], name="fk_enrolment_date_id"),
        sa.PrimaryKeyConstraint("id", name="pk_enrolment"),
    )
    op.create_index("ix_enrolment_date_id", "enrolment", ["date_id"], unique=False)
    op.create_index("ix_enrolment_holder_number", "enrolment", ["holder_number"], unique=False)
    op.create_index(
        "one_seat_a_holder",
        "enrolment",
        ["date_id", "holder_number"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _course_fee() -> None:
    op.create_table(
        "course_fee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date_id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("tenant_id", sa.Integer()),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("nature", sa.String(length=20), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_course_fee_tenant_id"),
        sa.ForeignKeyConstraint(["date_id"], ["course_date.id"], name="fk_course_fee_date_id"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_course_fee_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_course_fee"),
    )
    op.create_index("ix_course_fee_date_id", "course_fee", ["date_id"], unique=False)
    op.create_index("ix_course_fee_tenant_id", "course_fee", ["tenant_id"], unique=False)


def _lesson() -> None:
    op.create_table(
        "lesson",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("trainer", sa.BigInteger(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("prepared_by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["trainer"], ["holder.number"], name="fk_lesson_trainer"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_lesson_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lesson"),
    )
    op.create_index("ix_lesson_ends_at", "lesson", ["ends_at"], unique=False)


def _lesson_machine() -> None:
    op.create_table(
        "lesson_machine",
        sa.Column("lesson_id", sa.String(length=36), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_lesson_machine_machine_id"),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name="fk_lesson_machine_lesson_id"),
        sa.PrimaryKeyConstraint("lesson_id", "machine_id", name="pk_lesson_machine"),
    )


def _retention_rule() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("kept", sa.String(length=20), nullable=False),
        sa.Column("keep", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kept", name="pk_retention_rule"),
    )


def _refusal_count() -> None:
    op.create_table(
        "refusal_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_refusal_count_machine_id"),
        sa.PrimaryKeyConstraint("day", "machine_id", "reason", name="pk_refusal_count"),
    )


def _hold() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("machine_id", sa.Integer()),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.String(length=120), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.String(length=120), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_hold_holder_number"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_hold_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
    )


def _retention_run() -> None:
    op.create_table(
        "retention_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_run"),
    )
    op.create_index("ix_retention_run_began_at", "retention_run", ["began_at"], unique=False)


def _trace_view() -> None:
    op.create_table(
        "trace_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trace_view"),
        sa.UniqueConstraint(
            "holder_number", "actor", "what", "hour", name="uq_trace_view_holder_number_actor_what_hour"
        ),
    )
    op.create_index("ix_trace_view_at", "trace_view", ["at"], unique=False)
    op.create_index("view_of_holder", "trace_view", ["holder_number", "at"], unique=False)


def _privacy_request() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answered_on", sa.Date()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_privacy_request_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_request"),
    )


def _controller() -> None:
    op.create_table(
        "controller",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("officer", sa.String(length=200), nullable=False),
        sa.Column("authority", sa.String(length=200), nullable=False),
        sa.Column("informed", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_controller"),
    )


def _booking() -> None:
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("machine_id", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_by", sa.String(length=120), nullable=False),
        sa.Column("cancelled_reason", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(length=10)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_booking_holder_number"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_booking_payer_id"),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_booking_machine_id"),
        sa.PrimaryKeyConstraint("id", name="pk_booking"),
        sa.UniqueConstraint("ref", name="uq_booking_ref"),
    )
    op.create_index("booking_of_holder", "booking", ["holder_number", "ends"], unique=False)
    op.create_index("booking_of_machine", "booking", ["machine_id", "ends"], unique=False)
    op.create_index("ix_booking_ends", "booking", ["ends"], unique=False)


def _handout() -> None:
    op.create_table(
        "handout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("readers", sa.JSON(), nullable=False),
        sa.Column("hears_from", sa.DateTime(timezone=True)),
        sa.Column("hears_until", sa.DateTime(timezone=True)),
        sa.Column("heard_by", sa.String(length=120), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.String(length=120), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_handout_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_handout"),
    )
    op.create_index("ix_handout_begun_at", "handout", ["begun_at"], unique=False)


def _handout_line() -> None:
    op.create_table(
        "handout_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handout_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("holder_number", sa.BigInteger(), nullable=False),
        sa.Column("token_ref", sa.String(length=36)),
        sa.Column("membership_ref", sa.String(length=36)),
        sa.Column("given_at", sa.DateTime(timezone=True)),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["handout_id"], ["handout.id"], name="fk_handout_line_handout_id"),
        sa.ForeignKeyConstraint(["holder_number"], ["holder.number"], name="fk_handout_line_holder_number"),
        sa.PrimaryKeyConstraint("id", name="pk_handout_line"),
        sa.UniqueConstraint("handout_id", "position", name="uq_handout_line_handout_id_position"),
    )
    op.create_index("ix_handout_line_holder_number", "handout_line", ["holder_number"], unique=False)
    op.create_index("ix_handout_line_token_ref", "handout_line", ["token_ref"], unique=False)


def _handout_tap() -> None:
    op.create_table(
        "handout_tap",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("handout_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer()),
        sa.Column("machine", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=4), nullable=False),
        sa.Column("token_ref", sa.String(length=36)),
        sa.Column("holder_number", sa.BigInteger()),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("runs", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["handout_id"], ["handout.id"], name="fk_handout_tap_handout_id"),
        sa.ForeignKeyConstraint(["line_id"], ["handout_line.id"], name="fk_handout_tap_line_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_handout_tap"),
    )
    op.create_index("ix_handout_tap_handout_id", "handout_tap", ["handout_id"], unique=False)


def _payment() -> None:
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("means", sa.String(length=12), nullable=False),
        sa.Column("reference", sa.String(length=140), nullable=False),
        sa.Column("reverses_id", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("specimen", sa.Boolean(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["reverses_id"], ["payment.id"], name="fk_payment_reverses_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_payment_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.UniqueConstraint("reverses_id", name="uq_payment_reverses_id"),
    )
    op.create_index("ix_payment_received_on", "payment", ["received_on"], unique=False)
    op.create_index("ix_payment_tenant_id", "payment", ["tenant_id"], unique=False)


def _allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("shares", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_allocation_document_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name="fk_allocation_payment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_allocation"),
    )
    op.create_index("ix_allocation_document_id", "allocation", ["document_id"], unique=False)
    op.create_index("ix_allocation_payment_id", "allocation", ["payment_id"], unique=False)


def _document_reminder() -> None:
    op.create_table(
        "document_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=False),
        sa.Column("interest_cents", sa.BigInteger(), nullable=False),
        sa.Column("indemnity_cents", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_document_reminder_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document_reminder"),
        sa.UniqueConstraint("document_id", "step", name="uq_document_reminder_document_id_step"),
    )


def _reference_rate() -> None:
    op.create_table(
        "reference_rate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate_bp", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reference_rate"),
        sa.UniqueConstraint("kind", "valid_from", name="uq_reference_rate_kind_valid_from"),
    )


def _document_mail() -> None:
    op.create_table(
        "document_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=200), nullable=False),
        sa.Column("mail_id", sa.Integer()),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("bounced_on", sa.Date()),
        sa.Column("bounced_words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_document_mail_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document_mail"),
        sa.UniqueConstraint("mail_id", name="uq_document_mail_mail_id"),
    )
    op.create_index("ix_document_mail_document_id", "document_mail", ["document_id"], unique=False)


def _account_rule() -> None:
    op.create_table(
        "account_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("account", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_rule"),
        sa.UniqueConstraint("kind", "subject", "valid_from", name="uq_account_rule_kind_subject_valid_from"),
    )


def _month_archive() -> None:
    op.create_table(
        "month_archive",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True)),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_month_archive"),
    )


def _contract() -> None:
    op.create_table(
        "contract",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer()),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("gives", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("carry_months", sa.Integer()),
        sa.Column("carry_most", sa.BigInteger()),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_contract_payer_id"),
        sa.ForeignKeyConstraint(["root_id"], ["contract.id"], name="fk_contract_root_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_contract_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
    )
    op.create_index("ix_contract_root_id", "contract", ["root_id"], unique=False)
    op.create_index("ix_contract_tenant_id", "contract", ["tenant_id"], unique=False)


def _pack() -> None:
    op.create_table(
        "pack",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("pooled", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("treatment", sa.String(length=30), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("taken_back_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_pack_payer_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_pack_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pack"),
    )
    op.create_index("ix_pack_tenant_id", "pack", ["tenant_id"], unique=False)


def _budget() -> None:
    op.create_table(
        "budget",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("monthly", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("by_lab", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_budget_payer_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_budget_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_budget"),
    )
    op.create_index("ix_budget_tenant_id", "budget", ["tenant_id"], unique=False)


def _budget_crossing() -> None:
    op.create_table(
        "budget_crossing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("budget_id", sa.Integer(), nullable=False),
        sa.Column("span_from", sa.Date(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("spent_cents", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.id"], name="fk_budget_crossing_budget_id"),
        sa.PrimaryKeyConstraint("id", name="pk_budget_crossing"),
        sa.UniqueConstraint(
            "budget_id", "span_from", "percent", "cents", name="uq_budget_crossing_budget_id_span_from_percent_cents"
        ),
    )


def _purchase_order() -> None:
    op.create_table(
        "purchase_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("establishment_id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("ordered_on", sa.Date()),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("ceiling_cents", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_purchase_order_establishment_id"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_purchase_order_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_purchase_order"),
    )
    op.create_index("ix_purchase_order_establishment_id", "purchase_order", ["establishment_id"], unique=False)


def _order_rule() -> None:
    op.create_table(
        "order_rule",
        sa.Column("establishment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("one_each", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["establishment_id"], ["establishment.id"], name="fk_order_rule_establishment_id"),
        sa.PrimaryKeyConstraint("establishment_id", name="pk_order_rule"),
    )


def _payer_standing() -> None:
    op.create_table(
        "payer_standing",
        sa.Column("payer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("by_day", sa.JSON(), nullable=False),
        sa.Column("allowances", sa.JSON(), nullable=False),
        sa.Column("made_of", sa.String(length=200), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_payer_standing_payer_id"),
        sa.PrimaryKeyConstraint("payer_id", "month", name="pk_payer_standing"),
    )


def _material() -> None:
    op.create_table(
        "material",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_material"),
    )


def _supply_price() -> None:
    op.create_table(
        "supply_price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("material_id", sa.Integer()),
        sa.Column("machine_id", sa.Integer()),
        sa.Column("category", sa.String(length=40)),
        sa.Column("tenant_kind", sa.String(length=20)),
        sa.Column("cents_milli", sa.BigInteger(), nullable=False),
        sa.Column("step_s", sa.Integer(), nullable=False),
        sa.Column("free_s", sa.Integer(), nullable=False),
        sa.Column("per_hour", sa.Boolean(), nullable=False),
        sa.Column("within_h", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["machine_id"], ["machine.id"], name="fk_supply_price_machine_id"),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name="fk_supply_price_material_id"),
        sa.PrimaryKeyConstraint("id", name="pk_supply_price"),
    )


def _noted() -> None:
    op.create_table(
        "noted",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer()),
        sa.Column("material_id", sa.Integer()),
        sa.Column("session_id", sa.String(length=36)),
        sa.Column("payer_id", sa.Integer()),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("measured", sa.String(length=20)),
        sa.Column("begins_at", sa.DateTime(timezone=True)),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.String(length=120), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name="fk_noted_material_id"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_noted_payer_id"),
        sa.ForeignKeyConstraint(["root_id"], ["noted.id"], name="fk_noted_root_id"),
        sa.PrimaryKeyConstraint("id", name="pk_noted"),
    )
    op.create_index("ix_noted_day", "noted", ["day"], unique=False)
    op.create_index("ix_noted_root_id", "noted", ["root_id"], unique=False)
    op.create_index("ix_noted_session_id", "noted", ["session_id"], unique=False)


def _one_off() -> None:
    op.create_table(
        "one_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("cents_milli", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_one_off_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_one_off"),
    )
    op.create_index("one_off_of_payer", "one_off", ["payer_id", "day"], unique=False)


def _recurring() -> None:
    op.create_table(
        "recurring",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_recurring_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recurring"),
    )
    op.create_index("ix_recurring_payer_id", "recurring", ["payer_id"], unique=False)


def _preset() -> None:
    op.create_table(
        "preset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("nature", sa.String(length=30), nullable=False),
        sa.Column("cents_milli", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_preset"),
    )


def _member_class() -> None:
    op.create_table(
        "member_class",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_member_class"),
    )


def _dispute() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("payer_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer()),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by", sa.String(length=120), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_by", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=12)),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("settled_cents", sa.BigInteger(), nullable=False),
        sa.Column("settled_by", sa.String(length=80), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_dispute_document_id"),
        sa.ForeignKeyConstraint(["payer_id"], ["payer.id"], name="fk_dispute_payer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dispute"),
    )
    op.create_index("ix_dispute_document_id", "dispute", ["document_id"], unique=False)
    op.create_index("ix_dispute_payer_id", "dispute", ["payer_id"], unique=False)
    op.create_index("ix_dispute_subject", "dispute", ["subject"], unique=False)
    op.create_index(
        "one_open_dispute_a_line",
        "dispute",
        ["subject"],
        unique=True,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )


TABLES = (  # each after those it points to
    _agent,
    _audit,
    _ledger_seal,
    _price_draft,
    _what_if,
    _change,
    _holder,
    _room,
    _mail,
    _pulse,
    _account,
    _account_link,
    _recovery_code,
    _role_assignment,
    _web_session,
    _ingest_count,
    _jobs,
    _opening_hours,
    _closure,
    _log_only,
    _period,
    _month_note,
    _rejected_event,
    _saved_event,
    _seller,
    _series,
    _setting,
    _skill,
    _skill_need,
    _tenant,
    _vat_cell,
    _establishment,
    _machine,
    _commissioning,
    _machine_check,
    _check_report,
    _machine_paper,
    _outbox,
    _pairing_code,
    _payer,
    _booking,
    _person,
    _emergency_contact,
    _published_list,
    _qualification,
    _token,
    _bill_to,
    _document,
    _platform_state,
    _draft,
    _event,
    _machine_live,
    _machine_skill,
    _membership,
    _payer_rule,
    _tariff,
    _tax_treatment,
    _status_proof,
    _usage_session,
    _session_decision,
    _charge,
    _charge_refusal,
    _denial,
    _notice,
    _master,
    _event_payload,
    _edition,
    _acceptance,
    _sign_off,
    _instruction_interval,
    _reminder,
    _course,
    _course_date,
    _enrolment,
    _course_fee,
    _lesson,
    _lesson_machine,
    _retention_rule,
    _refusal_count,
    _hold,
    _retention_run,
    _trace_view,
    _privacy_request,
    _controller,
    _handout,
    _handout_line,
    _handout_tap,
    _payment,
    _allocation,
    _document_reminder,
    _reference_rate,
    _document_mail,
    _account_rule,
    _month_archive,
    _contract,
    _pack,
    _budget,
    _budget_crossing,
    _purchase_order,
    _order_rule,
    _payer_standing,
    _member_class,
    _material,
    _supply_price,
    _noted,
    _one_off,
    _recurring,
    _preset,
    _dispute,
)
