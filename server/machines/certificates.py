"""The lab's own certificate authority, and the certificate by which agents know their server and broker.

The authority signs nothing but this one server. Its first ten bytes of SHA-256, the *pin*, are half of every pairing code:
so a new agent knows the right server without trusting the network. A Pi without a clock of its own boots months in the
past; both certificates are therefore dated back by two years.
"""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.machines.keys import CertificateError, Files, make_folder, write_secret

BACK_DATED = timedelta(days=730)
_AUTHORITY_LASTS = timedelta(days=30 * 365)  # with it every agent would have to be paired again
SERVER_LASTS = timedelta(days=3 * 365)
RENEW_BEFORE = timedelta(days=180)
_NO_SERVER_ASKED = "192.0.2.1"  # RFC 5737: nothing is sent there, the system only says from which address it would be


@dataclass(frozen=True, slots=True)
class Served:
    """What the server's certificate says."""

    names: tuple[str, ...]
    until: datetime


def provide(files: Files, names: Iterable[str], lab_name: str, now: datetime) -> bool:
    """An authority where there is none, and a certificate of the server that is valid for all of ``names`` and for those
    it had before. True where a certificate was made. Raises CertificateError for an authority without its key, and for a
    name that cannot stand in a certificate."""
    names = list(names)
    _refuse_what_is_no_name(names)
    make_folder(files.folder)
    if not files.authority.is_file():
        _make_authority(files, lab_name, now)
    elif not files.authority_key.is_file():
        raise CertificateError(f"{files.authority_key} is missing: bring it back from your copy")
    known = served(files) if files.server.is_file() else None
    wanted = _wanted(names, () if known is None else known.names)
    is_good = known is not None and set(wanted) <= set(known.names) and known.until - now > RENEW_BEFORE
    if is_good and fit_together(files.server, files.server_key):
        return False
    _make_server(files, wanted, now)
    return True


def own_names() -> list[str]:
    """How this computer is called on its network: by name, by the name of mDNS, and by its address there."""
    host = socket.gethostname()
    short = host.partition(".")[0]
    return [host, f"{short}.local", *filter(None, [_own_address()])]


def served(files: Files) -> Served:
    """Raises CertificateError."""
    certificate = _read(files.server)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return Served((*names.get_values_for_type(x509.DNSName), *addresses), certificate.not_valid_after_utc)


def fit_together(certificate: Path, key: Path) -> bool:
    """Whether this key is the one that this certificate vouches for. Raises CertificateError for what is no certificate."""
    private = _key(key)
    return private is not None and private.public_key() == _read(certificate).public_key()


def _refuse_what_is_no_name(names: Iterable[str]) -> None:
    for name in names:
        if not name.isascii() or not name.isprintable() or not name:
            raise CertificateError(
                f"{name!r} cannot stand in a certificate: a name of a computer has letters without accents, digits, dots"
                " and dashes; one with others is written as DNS knows it, as in xn--htte-8qa.example"
            )


def _wanted(names: Iterable[str], before: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*before, "localhost", "127.0.0.1", *names]))


def _own_address() -> str:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((_NO_SERVER_ASKED, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


# --- making them ------------------------------------------------------------------------------------------------------


def _make_authority(files: Files, lab_name: str, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{lab_name[:40]}: prolab")
    usage = x509.KeyUsage(
        False, False, False, False, False, True, True, False, False
    )  # signs certificates, nothing else
    certificate = (
        _dated(now, _AUTHORITY_LASTS)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_secret(files.authority_key, _private(key))
    write_secret(files.authority, certificate.public_bytes(Encoding.PEM))


def _make_server(files: Files, names: Sequence[str], now: datetime) -> None:
    """With a fresh key, and the authority behind it in the same file."""
    authority, signer = _read(files.authority), _signer(files)
    if signer.public_key() != authority.public_key():
        raise CertificateError(
            f"{files.authority_key} is not the key of {files.authority}: bring it back from your copy"
        )
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())  # type: ignore[arg-type]
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        _dated(now, SERVER_LASTS)
        .subject_name(_name("prolab server"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(signer, hashes.SHA256())
    )
    write_secret(files.server_key, _private(key))
    chain = certificate.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM)
    write_secret(files.server, chain)


def _dated(now: datetime, lasts: timedelta) -> x509.CertificateBuilder:
    from_day = now.astimezone(UTC) - BACK_DATED
    builder = x509.CertificateBuilder().serial_number(x509.random_serial_number())
    return builder.not_valid_before(from_day).not_valid_after(now.astimezone(UTC) + lasts)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


# --- files ------------------------------------------------------------------------------------------------------------


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        raise CertificateError(f"{file} cannot be read: `prolab certificates` makes it") from None


def _signer(files: Files) -> ec.EllipticCurvePrivateKey:
    key = _key(files.authority_key)
    if key is None:
        raise CertificateError(f"{files.authority_key} is missing: bring it back from your copy")
    return key


def _key(file: Path) -> ec.EllipticCurvePrivateKey | None:
    """None where there is none that we have made."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError):  # TypeError: somebody has put a password on it
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
