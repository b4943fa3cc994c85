"""Credential mails encrypted to their recipients: opened by OpenSSL with the recipient's key, and by nothing else."""

from __future__ import annotations

import email
import email.policy
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from bot.console.memory import MemoryConsole
from bot.life import State
from tests.house import FRIDAY, LOGIN_LINE, PASSWORD_LINE, House, text_of


def certificate(folder: Path, employee_no: str, *, until: datetime) -> Path:
    """Write a certificate for an employee, and its key beside the folder; returns the key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, employee_no)])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(until).sign(key, hashes.SHA256())
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / f"{employee_no}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path = folder.parent / f"{employee_no}.key"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


async def sent(tmp_path: Path, **smime: object) -> tuple[House, MemoryConsole]:
    """Issue one ID with these settings."""
    settings = {"certificates_dir": "certificates", "required": False, **smime}
    house = House(path=tmp_path).lay_out({"delivery": {"smime": settings}, "console": {"settle": 0.1}})
    (tmp_path / "certificates").mkdir(exist_ok=True)
    house.receive("02")
    console = MemoryConsole()
    await house.run(console)
    return house, console


def opened(file: Path, key: Path) -> bytes:
    """Return what OpenSSL makes of the mail with this key."""
    openssl = shutil.which("openssl")
    assert openssl, "OpenSSL is part of every Debian"
    command = [openssl, "cms", "-decrypt", "-in", str(file), "-inkey", str(key)]
    return subprocess.run(command, capture_output=True, check=True).stdout


async def test_only_the_recipient_s_key_opens_it(tmp_path: Path) -> None:
    """OpenSSL decrypts the mail with the applicant's key; nothing of ID or password stands in it before."""
    key = certificate(tmp_path / "certificates", "0048213", until=datetime(2030, 1, 1, tzinfo=UTC))
    house, console = await sent(tmp_path)
    (file,) = [one for one in house.files("outbox") if ".credentials." in one.name]
    content = file.read_bytes()
    assert b"tw0048213" not in content
    mail = email.message_from_bytes(content)
    assert mail["X-Telework-Request"].startswith("R-20210730-0001.credentials.1.")
    assert mail["Message-ID"].startswith(f"<{mail['X-Telework-Request']}@")
    text = text_of(email.message_from_bytes(opened(file, key), policy=email.policy.default))
    assert console.accepts(LOGIN_LINE.findall(text)[0], PASSWORD_LINE.findall(text)[0])


@pytest.mark.parametrize("case", ["expired", "no certificate", "missing"])
async def test_nothing_goes_out_in_clear_that_should_not(tmp_path: Path, case: str) -> None:
    """With an expired certificate, one that is none, or none where one is required, the request is stuck and says why."""
    if case == "expired":
        certificate(tmp_path / "certificates", "0048213", until=FRIDAY - timedelta(days=1))
    if case == "no certificate":
        (tmp_path / "certificates").mkdir()
        (tmp_path / "certificates" / "0048213.cer").write_bytes(b"nonsense")
    house, _ = await sent(tmp_path, required=case == "missing")
    ledger = house.workshop().ledger()
    try:
        (request,) = await ledger.requests()
    finally:
        ledger.close()
    assert (request.state, "certificate" in request.stuck_reason) == (State.STUCK, True)
    assert not [one for one in house.files("outbox") if ".credentials." in one.name]


async def test_who_has_none_is_written_to_as_ever(tmp_path: Path) -> None:
    """Where encryption is not required, a recipient without a certificate gets the mail in clear."""
    house, console = await sent(tmp_path)
    (mail,) = house.credentials()
    assert console.accepts(mail.login_id, mail.password)
