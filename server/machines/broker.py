"""The accounts of agents at the broker: their lines in Mosquitto's password file, and telling it to read the file again.

A password is never kept: what stands in the file is its PBKDF2 hash. Everything here is for a Mosquitto on this computer.
"""

import fcntl
import hashlib
import os
import signal
from base64 import b64encode
from pathlib import Path

from server.machines.keys import Files

_ITERATIONS = 1000


def password_line(name: str, password: str) -> str:
    """A line of Mosquitto's password file: PBKDF2 with SHA-512, as ``mosquitto_passwd`` writes it."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"{name}:$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def can_write(file: Path | None) -> bool:
    """Whether accounts can be added here."""
    return file is not None and file.is_file() and os.access(file, os.W_OK)


def put_account(file: Path, line: str) -> None:
    """Let this line be the only one of its account. Raises OSError where the file cannot be written."""
    _rewrite(file, line.partition(":")[0], [line])


def remove_account(file: Path, name: str) -> None:
    """The account can no longer connect once the broker has read the file again. Raises OSError."""
    _rewrite(file, name, [])


def read_again(pid_file: Path | None) -> bool:
    """Tell the Mosquitto whose process number stands here to read its accounts again. False where that cannot be done:
    there is no such file, no such process, it is not Mosquitto, or it is not ours to tell."""
    try:
        pid = int(pid_file.read_text()) if pid_file else 0
        if pid <= 0 or Path(f"/proc/{pid}/comm").read_text().strip() != "mosquitto":
            return False
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True


def tls_listener(port: int, certificates: Files) -> list[str]:
    """The lines of Mosquitto's configuration by which agents on the network are served."""
    return [
        f"listener {port}",
        f"certfile {certificates.server}",
        f"keyfile {certificates.server_key}",
        "tls_version tlsv1.2",  # at least
    ]


def _rewrite(file: Path, name: str, instead: list[str]) -> None:
    """In place and in one write: the file keeps its owner and its rights, or the broker could no longer read it."""
    with file.open("r+b") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        lines = [line for line in opened.read().decode().splitlines() if line.partition(":")[0] != name]
        content = "".join(f"{line}\n" for line in (*lines, *instead)).encode()
        os.pwrite(opened.fileno(), content, 0)
        opened.truncate(len(content))
        os.fsync(opened.fileno())
