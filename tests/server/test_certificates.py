"""The lab's own certificates: whom they vouch for, from when on, and who may read them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from server.machines import certificates
from server.machines.certificates import BACK_DATED, SERVER_LASTS, provide, served
from server.machines.keys import CertificateError, Files, pin

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path / "keys")
    provide(made, ["lab.example", "192.168.1.10"], "Halle Zéro", NOW)
    return made


def believes(files: Files, name: str, moment: datetime, authority: Files | None = None) -> bool:
    """Whether a Pi whose clock stands there takes this server for the one it knows by the authority."""
    store = Store([x509.load_pem_x509_certificate((authority or files).authority.read_bytes())])
    leaf, *_ = x509.load_pem_x509_certificates(files.server.read_bytes())
    try:
        PolicyBuilder().store(store).time(moment).build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    except VerificationError:
        return False
    return True


def test_a_pi_without_a_clock_that_boots_more_than_a_year_in_the_past_believes_its_server(files: Files) -> None:
    assert timedelta(days=365) < BACK_DATED
    for clock in (NOW, NOW - timedelta(days=400), NOW + timedelta(days=1000)):
        assert believes(files, "lab.example", clock)

    for clock in (NOW - BACK_DATED - timedelta(days=1), NOW + SERVER_LASTS + timedelta(days=1)):  # the control
        assert not believes(files, "lab.example", clock)


def test_the_authority_vouches_for_this_server_under_its_names_and_for_nobody_else(
    files: Files, tmp_path: Path
) -> None:
    other = Files(tmp_path / "other")
    provide(other, ["lab.example"], "Other", NOW)

    assert believes(files, "lab.example", NOW)
    assert not believes(files, "elsewhere.example", NOW)
    assert not believes(other, "lab.example", NOW, authority=files)
    assert pin(files) != pin(other)


def test_the_files_are_their_owners_alone(files: Files) -> None:
    assert {path.stat().st_mode & 0o777 for path in files.folder.iterdir()} == {0o600}
    assert files.folder.stat().st_mode & 0o777 == 0o700


def test_what_is_still_good_is_left_alone_and_a_renewal_keeps_the_authority_and_the_names(files: Files) -> None:
    before, known = files.server.read_bytes(), pin(files)

    assert not provide(files, ["lab.example"], "Lab", NOW)
    assert files.server.read_bytes() == before
    assert provide(files, ["new.example"], "Lab", NOW)
    assert {"lab.example", "new.example", "192.168.1.10", "localhost"} <= set(served(files).names)
    assert provide(files, [], "Lab", NOW + timedelta(days=950))
    assert (pin(files), served(files).until) == (known, NOW + timedelta(days=950) + SERVER_LASTS)


def test_an_authority_without_its_key_is_not_made_anew_because_every_agent_knows_it(files: Files) -> None:
    files.authority_key.unlink()

    with pytest.raises(CertificateError, match="bring it back"):
        provide(files, ["new.example"], "Lab", NOW)


def test_this_computer_knows_what_it_is_called() -> None:
    names = certificates.own_names()

    assert all(names)
    assert any(name.endswith(".local") for name in names)


def test_a_certificate_without_its_own_key_is_renewed(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path / "other")
    provide(other, [], "Other", NOW)
    for damage in (other.server_key.read_bytes(), b"no key", None):
        if damage is None:
            files.server_key.unlink()
        else:
            files.server_key.write_bytes(damage)
        assert provide(files, [], "Lab", NOW)
        assert certificates.fit_together(files.server, files.server_key)
        assert believes(files, "lab.example", NOW)

    assert not provide(files, [], "Lab", NOW)  # the control


def test_an_authority_with_the_key_of_another_signs_nothing(files: Files, tmp_path: Path) -> None:
    other, before = Files(tmp_path / "other"), files.server.read_bytes()
    provide(other, [], "Other", NOW)
    files.authority_key.write_bytes(other.authority_key.read_bytes())

    with pytest.raises(CertificateError, match="is not the key of"):
        provide(files, ["new.example"], "Lab", NOW)
    assert files.server.read_bytes() == before


@pytest.mark.parametrize("name", ["hütte.example", "", "a\nb"])
def test_a_name_that_cannot_stand_in_a_certificate_is_refused_before_anything_is_made(
    tmp_path: Path, name: str
) -> None:
    files = Files(tmp_path / "keys")

    with pytest.raises(CertificateError, match="cannot stand in a certificate"):
        provide(files, [name], "Lab", NOW)
    assert not files.folder.exists()
