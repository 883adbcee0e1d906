"""Power may be cut after any write: every event that was told to be on the disk is there again, and none is there twice."""

from pathlib import Path

import pytest

from tests.system.power_cut import Flush, Truncate, Write, record, run, try_all
from tests.system.power_cut_ext4 import can_mount, cuts

EVENTS = 22  # once the journal is folded in, and begun anew after that


def test_a_power_cut_after_any_write_costs_no_event_that_was_told_to_be_on_the_disk(tmp_path: Path) -> None:
    found = run(tmp_path, EVENTS, "full", several=2)

    print(f"\n{found.cuts} cut points, {found.images} disks, {found.losing} of them lack something")
    assert found.wrong == []
    assert (found.losing, found.lost) == (0, 0)
    assert found.cuts > 200
    assert found.images > 2 * found.cuts


def test_the_same_cuts_do_cost_events_where_the_disk_is_flushed_less_often(tmp_path: Path) -> None:
    found = run(tmp_path, EVENTS, "normal", several=0)

    print(f"\n{found.cuts} cut points, {found.images} disks, {found.losing} of them lack something")
    assert found.losing > found.cuts // 4
    assert found.lost > found.losing


def test_the_record_of_writes_builds_the_file_that_the_program_made(tmp_path: Path) -> None:
    """Else a cut would be tried on a file that never was."""
    folder = tmp_path / "full"
    steps = record(folder, 5, "full")
    made = (folder / "agent.db-wal").read_bytes()

    assert [type(one) for one in (Write, Flush) if not any(isinstance(step, one) for step in steps)] == []
    assert not any(isinstance(step, Truncate) for step in steps)
    built = bytearray()
    for step in steps:
        if isinstance(step, Write) and step.file == max(one.file for one in steps if isinstance(one, Write)):
            built.extend(bytes(max(0, step.at + len(step.data) - len(built))))
            built[step.at : step.at + len(step.data)] = step.data
    assert bytes(built) == made
    assert try_all(steps, [], tmp_path / "scratch", 0).cuts == len(steps)


# --- a real file system -------------------------------------------------------------------------------------------------

CUTS = 6


@pytest.mark.parametrize(("how", "loses"), [("full", False), ("normal", True)])
def test_a_real_ext4_that_is_copied_while_the_agent_writes_has_every_event_that_was_told(
    tmp_path: Path, how: str, loses: bool
) -> None:
    if not can_mount(tmp_path):
        pytest.skip("only root may mount, and not everywhere")

    found = list(cuts(tmp_path, how, 400, CUTS))

    print(f"\nsynchronous={how}: told and missing {[(told, missing) for told, missing, _ in found]}")
    assert len(found) == CUTS
    assert any(missing for _, missing, _ in found) is loses
    assert loses or [wrong for _, _, wrong in found if wrong] == []
