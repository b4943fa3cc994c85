"""``delivery:`` the notices the bot sends."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Literal

from pydantic import Field

from bot.settings.base import Section


class Mode(StrEnum):
    """How credentials reach the applicant."""

    #: One mail to the applicant with login ID and password; the password opens nothing outside its window.
    SINGLE = "single"
    #: The login ID to the applicant, the password to the supervisor, who hands it over.
    SPLIT = "split"
    #: Everything to the supervisor, on a sheet to hand over: the applicant can't read mail.
    HANDOVER = "handover"


class SmimeSettings(Section):
    """Encryption of credential mails to their recipients."""

    certificates_dir: str | None = None
    """A folder of certificates (.pem, .crt, .cer; RSA), each named after the employee number. Empty: nothing is encrypted."""
    required: bool = False
    """Send credentials to nobody without a certificate."""


class DeliverySettings(Section):
    """Notices."""

    subject_prefix: str = "【テレワークID】"
    """Begins every subject, so that staff know a genuine notice."""
    city: str = "例市"
    """The organisation's name in the text."""
    contact: str = "情報政策課 テレワークID担当（内線 2468）"
    """Whom to ask; no link and no outside address."""
    contact_en: str = "ICT Policy Division, telework ID desk (ext. 2468)"
    """The same in English."""
    english: bool = True
    """Add the English text below the Japanese."""
    html: bool = True
    """Add the same text as simple HTML; mail programs show the one they prefer."""
    charset: Literal["utf-8", "iso-2022-jp"] = "utf-8"
    """``iso-2022-jp`` for old mail programs: plain text alone; a mail with letters that it lacks (髙, ①) goes out in UTF-8."""
    receipt: bool = False
    """Tell applicants at once that their application was granted; the login follows in a mail of its own."""
    send_at: time | None = None
    """Issue and send no earlier than this time of the day of the cutoff, such as 15:00: less time for a secret to lie about.
    Urgent and late ones go at once. Empty: everything at once."""
    templates_dir: str | None = None
    """A folder with the organisation's own copies of files in bot/delivery/templates. Empty: the texts as they come."""
    mode: Mode = Mode.SINGLE
    """How credentials reach the applicant: single, split or handover."""
    urgent_mode: Mode = Mode.SINGLE
    """The same for urgent requests (V07): their applicants may be at home, unable to read their mail."""
    stop_after_refused: int = Field(default=3, ge=1)
    """So many mails in a row that the server refuses, whoever they are for, have sending and issuing stand still for a while."""
    hand_to: Literal["supervisor", "operators"] = "supervisor"
    """``split`` and ``handover``: who is sent what the applicant is handed: the supervisor, or the operators (``alerts.mail_to``)
    as a sheet to print."""
    secret_from: str = "所属長"
    """``split``: from whom the applicant gets the password, in the words of the notice."""
    secret_from_en: str = "your supervisor"
    """The same in English."""
    smime: SmimeSettings = SmimeSettings()
    max_notices_per_day: int = Field(default=10, ge=1)
    """So many refusals and notices of applications held are mailed to one address in 24 hours; of the others operators are told.
    Credentials, receipts and what tells that a login was closed are always mailed."""
    max_bounces: int = Field(default=10, ge=0)
    """A login whose credential mail came back is disabled at once; of more in 24 hours than this none is, and operators are told:
    the mail system is more likely wrong than so many addresses."""
