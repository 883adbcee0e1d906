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


def write_secret(file: Path, content: bytes) -> None:
    """Whole or not at all, and readable by its owner only."""
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
