"""Static files: an address that changes with the content, so that browsers may keep the file for a year."""

import hashlib
from functools import partial
from pathlib import Path

from flask import Flask

A_YEAR_S = 365 * 24 * 3600


def install(app: Flask) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = A_YEAR_S
    app.jinja_env.globals["asset"] = partial(_address, _fingerprints(Path(app.root_path) / "static"))


def _fingerprints(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}


def _address(fingerprints: dict[str, str], name: str) -> str:
    return f"/static/{name}?v={fingerprints[name]}"
