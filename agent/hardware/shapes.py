"""The sign before the head of a panel, one for each way a machine can stand: drawn by hand on eleven dots by eleven.

The same shapes as on the live board, so that whoever knows one knows the other.
"""

from functools import cache

from PIL import Image

from agent.panel import Face

SIDE = 11
_RING = """
...#####...
..#######..
.###...###.
###.....###
##.......##
##.......##
##.......##
###.....###
.###...###.
..#######..
...#####...
"""
_DISC = """
...#####...
..#######..
.#########.
###########
###########
###########
###########
###########
.#########.
..#######..
...#####...
"""
_HALF_DISC = """
...#####...
..####..#..
.#####...#.
######....#
######....#
######....#
######....#
######....#
.#####...#.
..####..#..
...#####...
"""
_CHEVRONS = """
##.......##
###.....###
.###...###.
..###.###..
...#####...
##..###..##
###..#..###
.###...###.
..###.###..
...#####...
....###....
"""
_SQUARE_WITH_BAR = """
.#########.
###########
###########
###########
##.......##
##.......##
##.......##
###########
###########
###########
.#########.
"""
_CROSS = """
##.......##
###.....###
.###...###.
..###.###..
...#####...
....###....
...#####...
..###.###..
.###...###.
###.....###
##.......##
"""
_TRIANGLE = """
.....#.....
....###....
....#.#....
...##.##...
...##.##...
..###.###..
..###.###..
.#########.
.####.####.
#####.#####
###########
"""
_OCTAGON = """
...#####...
..#######..
.#########.
###.###.###
####.#.####
#####.#####
####.#.####
###.###.###
.#########.
..#######..
...#####...
"""
_CHECK = """
..........#
.........##
........###
.......###.
#.....###..
##...###...
###.###....
.#####.....
..###......
...#.......
...........
"""
_DRAWN = {
    Face.FREE: _RING,
    Face.GRANTED: _CHECK,
    Face.IN_USE: _DISC,
    Face.IDLE: _HALF_DISC,
    Face.COOLING: _CHEVRONS,
    Face.REFUSED: _OCTAGON,
    Face.LOCKED: _SQUARE_WITH_BAR,
    Face.OFFLINE: _CROSS,
    Face.FAULT: _TRIANGLE,
}


@cache
def shape(face: Face) -> Image.Image:
    """The face's sign, as ink on nothing."""
    rows = _DRAWN[face].split()
    image = Image.new("1", (SIDE, SIDE))
    image.putdata([dot == "#" for row in rows for dot in row])
    return image
