"""``python -m server.cli``: the same as ``prolab``."""

from server.cli import main

main(prog_name="prolab")
