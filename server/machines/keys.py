"""Where the lab's own certificates lie, and the pin by which a new agent knows them. Making them: ``certificates``."""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

PIN_BYTES = 10


class CertificateError(Exception):
    """The certificates are not there or cannot be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where they lie, all in one folder that nobody else may read."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def authority_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def server(self) -> Path:
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"

    @property
    def are_there(self) -> bool:
        return self.authority.is_file() and self.server.is_file() and self.server_key.is_file()


def pin(files: Files) -> str:
    """Of the authority, as it stands in a code: 16 letters and digits. Raises CertificateError."""
    try:
        return pin_of(PEM_cert_to_DER_cert(files.authority.read_text()))
    except (OSError, ValueError):
        raise CertificateError(f"{files.authority} cannot be read: `prolab certificates` makes it") from None


def pin_of(der: bytes) -> str:
    return base64.b32encode(hashlib.sha256(der).digest()[:PIN_BYTES]).decode()


def make_folder(folder: Path) -> None:
    """Made by root, it belongs to whoever the folder around it belongs to: root only lends a hand."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # somebody else may just be making it
        _give_away(folder, folder.parent)


def write_secret(file: Path, content: bytes) -> None:
    """Whole or not at all, and readable by its owner only. Written by root, it belongs to whoever the file before belonged
    to, or its folder: the server must be able to read what `sudo prolab` has made."""
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    _give_away(new, file if file.exists() else file.parent)
    new.replace(file)


def _give_away(new: Path, like: Path) -> None:
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(new, owner.st_uid, owner.st_gid)
