"""The commands of ``prolab``. Each is thin, and imports inside what it runs, so that each process loads only its own.

Exit codes: 0 done, 1 refused or something is wrong with the books, 2 cannot start (settings, database, command line).
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli import agents as agent_commands
from server.cli.ground import CannotStart, bring_up_to_date, log_to_stderr, open_books, refusals, settings_or_stop, who

if TYPE_CHECKING:
    from server.billing.service import Drafts


_GUNICORN = Path(__file__).parents[1] / "deploy" / "gunicorn_conf.py"
_month = click.argument("month", metavar="YYYY-MM")
_by = click.option("--by", "actor", default=who, show_default="your login", help="Who does this.")


@click.group()
@click.option(
    "--config", type=click.Path(path_type=Path), help="The settings; else PROLAB_CONFIG, ./prolab.toml, /etc."
)
def main(config: Path | None) -> None:
    """Machine access, metering and monthly invoices for a shared workshop."""
    if config is not None:
        os.environ["PROLAB_CONFIG"] = str(config.resolve())  # for the processes we start, too


for _command in (
    agent_commands.agents,
    agent_commands.certificates,
    agent_commands.pairing,
    agent_commands.site_key,
):
    main.add_command(_command)


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--lab-name", default="Prolab", show_default=True)
@click.option("--database-url", help="Else a SQLite file in the folder.")
@click.option(
    "--card", help="Badge of the example holder, as in em4100:0102030405. Without it nobody can start anything."
)
@_by
def init(directory: Path, lab_name: str, database_url: str | None, card: str | None, actor: str) -> None:
    """Write a small lab that works: settings with fresh secrets, database, broker files, one example of everything."""
    from server.cli.first_lab import FirstLab, Refused, make
    from server.clock import Clock

    try:
        steps = make(FirstLab(directory.resolve(), lab_name, database_url, card, actor), Clock().now())
    except Refused as error:
        raise CannotStart(str(error)) from None
    click.echo(steps)


@main.command()
def serve() -> None:
    """Run web, link and work together, and pairing where there are certificates; all are stopped when one ends."""
    from server.cli.serving import run_together
    from server.machines.keys import Files

    settings = settings_or_stop()
    with open_books(settings):
        names = ("web", "link", "work", *(["pairing"] if Files(settings.keys_dir).are_there else []))
        parts = {part: [sys.executable, "-m", "server.cli", part] for part in names}
    sys.exit(run_together(parts, spared={"pairing"}))


@main.command()
def web() -> None:
    """Serve the pages: one process, many threads."""
    with open_books(settings_or_stop()):
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", str(_GUNICORN)])


@main.command()
def link() -> None:
    """Talk to the agents: events in, access lists and receipts out."""
    from server.link import run

    settings = settings_or_stop()
    with open_books(settings):
        log_to_stderr()
    run(settings)


@main.command()
def work() -> None:
    """Do the jobs: render documents."""
    from server.work import run

    settings = settings_or_stop()
    with open_books(settings):
        log_to_stderr()
    run(settings)


@main.command()
def migrate() -> None:
    """Bring the database to the tables of this version. Stop the other processes first, and take a backup."""
    from server.migrations import newest_revision

    bring_up_to_date(settings_or_stop())
    click.echo(f"the database is at revision {newest_revision()}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_by
def seller(file: Path, actor: str) -> None:
    """Record who issues the invoices, from FILE: the seller.toml that init wrote, filled in."""
    from server.billing.service import add_seller
    from server.cli.seller import read
    from server.clock import clock_for

    settings = settings_or_stop()
    with open_books(settings), refusals():
        who, since = read(file)
        add_seller(who, since, actor=actor, now=clock_for(settings.board).now())
    click.echo(f"documents from {since} on are issued by {who.legal_name}")


@main.command()
@click.argument("email")
@click.option("--name", help="Whose account it is; else what stands before the @.")
@click.option(
    "--role", type=click.Choice(["manager", "desk", "trainer", "lab_accountant"]), default="manager", show_default=True
)
@_by
def account(email: str, name: str | None, role: str, actor: str) -> None:
    """Open a login for EMAIL and print the link that sets its password: the first manager, or a forgotten one."""
    from server.cli.accounts import open_account
    from server.clock import clock_for
    from server.domain.roles import Role

    settings = settings_or_stop()
    with open_books(settings), refusals():
        now = clock_for(settings.board).now()
        link = open_account(email, name or email.partition("@")[0], Role(role), settings, actor, now)
    click.echo(f"{link}\nIt works once. Open it in a browser and choose a password.")


@main.command("close-month")
@_month
@_by
def close_month(month: str, actor: str) -> None:
    """Close a month and show its drafts. Can be repeated until its documents are issued."""
    from server.billing.service import close_month as close
    from server.clock import clock_for

    settings = settings_or_stop()
    with open_books(settings), refusals():
        now = clock_for(settings.board).now()
        report = close(month, actor, now, settings.zone, specimen=settings.demo)
        _show(report.drafts)
        for session_id in report.provisional:
            click.echo(f"silent, closed at its last known second: {session_id}")
        for one in report.open_sessions:
            click.echo(f"still open: {one.machine} since {one.started_at.astimezone(settings.zone):%Y-%m-%d %H:%M}")


@main.command()
@_month
@_by
def issue(month: str, actor: str) -> None:
    """Give numbers to the drafts of a closed month that are not held. `prolab work` renders the documents."""
    from server.billing.service import issue_month
    from server.clock import clock_for

    settings = settings_or_stop()
    with open_books(settings), refusals():
        now = clock_for(settings.board).now()
        for number in issue_month(month, actor, now, settings.zone, specimen=settings.demo):
            click.echo(number)


@main.command()
@_by
def reingest(actor: str) -> None:
    """Read events again that were set aside, after whatever kept them from being used was put right."""
    from server.clock import clock_for
    from server.reingest import reingest as again

    settings = settings_or_stop()
    with open_books(settings), refusals():
        stored, known, left = again(clock_for(settings.board).now(), actor=actor)
    click.echo(f"{stored} stored, {known} were there already, {left} stay set aside")


@main.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
def backup(file: Path | None) -> None:
    """Write all rows and documents into one FILE. Keep the settings file apart: its secrets are not in it."""
    from server.clock import clock_for
    from server.jobs.backup import backup as take

    settings = settings_or_stop()
    with open_books(settings), refusals():
        now = clock_for(settings.board).now()
        target = file or settings.backups_dir / f"prolab-{now:%Y%m%dT%H%M%SZ}.tar"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = take(target, settings.documents_dir)
    click.echo(f"{target}: {sum(rows.values())} rows of {len(rows)} tables")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.confirmation_option("--yes", prompt="Everything in the database is replaced. Are web, link and work stopped?")
@_by
def restore(file: Path, actor: str) -> None:
    """Read a backup back. Documents issued since then are adopted; agents send their events again."""
    from server.accounts.websessions import end_everybodys
    from server.audit.service import record
    from server.billing.service import adopt_documents
    from server.clock import clock_for
    from server.db import writing
    from server.jobs.backup import restore as read_back
    from server.privacy.again import erase_again

    settings = settings_or_stop()
    bring_up_to_date(settings)  # an empty database is welcome
    with open_books(settings), refusals():
        now = clock_for(settings.board).now()
        with writing():
            rows = read_back(file, settings.documents_dir, now)
            end_everybodys(now)
            erased = erase_again(settings.data_dir, now)
            record(actor, "restore", "database", "all", None, {"file": file.name, "rows": sum(rows.values())}, "", now)
        click.echo(f"{sum(rows.values())} rows of {len(rows)} tables restored")
        if erased:
            click.echo(f"erased again, as before the restore: {erased} people")
        for number in adopt_documents(settings.documents_dir, now):
            click.echo(f"adopted, issued after the backup: {number}")


@main.command()
def doctor() -> None:
    """Check this server and say what to do about each thing that is wrong; exit code 1 with any. Changes nothing."""
    from server.cli.doctor import examine

    wrong = 0
    for finding in examine():
        click.echo(str(finding))
        wrong += bool(finding.fix)
    sys.exit(1 if wrong else 0)


@main.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, by class, and change nothing.")
@_by
def retention(dry_run: bool, actor: str) -> None:
    """Let go now of what is kept about people and is over. `prolab work` does it every night."""
    from server.cli.retention import let_go, say
    from server.clock import clock_for

    settings = settings_or_stop()
    with open_books(settings), refusals():
        now = clock_for(settings.board).now()
        for line in say(settings, now) if dry_run else let_go(settings, actor, now):
            click.echo(line)


@main.command("verify-ledger")
def verify_ledger() -> None:
    """Check events, sessions, charges and documents against each other. Every problem is a line; exit code 1 with any."""
    from server.billing.verifying import verify
    from server.collecting.verifying import verify_payments

    settings = settings_or_stop()
    with open_books(settings):
        problems = [*verify(settings.documents_dir), *verify_payments()]
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problems" if problems else "the ledger is whole", err=True)
    sys.exit(1 if problems else 0)


@main.command()
@click.option("--once", is_flag=True, help="One month on a virtual clock, its invoices, and the reconciliation.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where files and invoices go.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same figures.")
@click.option("--days", type=click.IntRange(1, 31), help="Live fewer days than the whole month.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
@click.option(
    "--sabotage", type=click.Choice(["pin", "event", "charge", "line"]), help="Falsify one value; it must be found."
)
@click.option("--reconcile", type=click.Path(path_type=Path, exists=True), help="Reconcile a finished run again.")
@click.option("--port", type=int, default=8080, show_default=True, help="Of the live board.")
def demo(
    once: bool,
    out: Path | None,
    seed: int,
    days: int | None,
    as_json: bool,
    sabotage: str | None,
    reconcile: Path | None,
    port: int,
) -> None:
    """A whole lab on simulated hardware: live until Ctrl-C, or one month at once."""
    from server.demo.main import run

    code = run(
        once=once,
        out=out,
        seed=seed,
        days=days,
        as_json=as_json,
        sabotage=sabotage,
        reconcile=reconcile,
        port=port,
    )
    sys.exit(code)


def _show(drafts: "Drafts") -> None:
    for one in drafts.drafts:
        held = f"  held: {one.held}" if one.held else ""
        click.echo(f"{one.tenant:20} {one.sessions:5} sessions {one.gross_cents / 100:12.2f} EUR{held}")
    for sentence in drafts.unplaced:
        click.echo(f"unplaced: {sentence}")
