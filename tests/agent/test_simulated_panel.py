"""The panel on the simulated board: its words and, dot for dot, the picture that a real display would be given."""

import json
from dataclasses import replace
from pathlib import Path

from PIL import Image

from agent.hardware.drawing import picture
from agent.hardware.simulated_panel import FOLDER, SimulatedPanel
from agent.panel import Face, Lamp, Shown

FREE = Shown("Laser", "", ("Frei", ""), "Karte hier", Lamp.FREE, Face.FREE)


def test_the_words_and_the_picture_lie_side_by_side(tmp_path: Path) -> None:
    SimulatedPanel(tmp_path).show("p1", FREE)

    words = json.loads((tmp_path / FOLDER / "p1.json").read_text())
    with Image.open(tmp_path / FOLDER / "p1.png") as drawn:
        assert drawn.mode == "1"
        assert drawn.tobytes() == picture(FREE).tobytes()
    assert words["simulated"] is True
    assert (words["head"], words["lamp"]) == ("Laser", "white steady")


def test_nothing_is_written_where_nothing_changed_and_nothing_half_is_left(tmp_path: Path) -> None:
    panel = SimulatedPanel(tmp_path)
    panel.show("p1", FREE)
    (tmp_path / FOLDER / "p1.png").unlink()

    panel.show("p1", FREE)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["p1.json"]

    panel.show("p1", replace(FREE, hint=""))
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == ["p1.json", "p1.png"]
