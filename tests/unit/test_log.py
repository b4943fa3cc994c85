"""What is logged: for people on stderr, for machines in a file, and no secret in either."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from bot.log import set_up
from bot.secret import MASK, Redactor, Secret

VALUE = "Kx7#mQ2%'vT\"9=wZ4\\!"


@pytest.fixture
def redactor() -> Redactor:
    """The net."""
    return Redactor()


@pytest.fixture
def secret(redactor: Redactor) -> Secret:
    """A living secret that the net knows of."""
    return redactor.new(VALUE)


@pytest.fixture
def file(tmp_path: Path, redactor: Redactor) -> Iterator[Path]:
    """A log file; logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    path = tmp_path / "log" / "bot.jsonl"
    set_up(redactor, file=path)
    yield path
    logger.remove()
    logger.configure(patcher=lambda _: None)
    root.handlers[:], root.level = handlers, level


def documents(file: Path) -> list[dict[str, Any]]:
    """Return the lines of the file, each a JSON document."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def deep(value: str) -> None:
    """Fail with the value in the message, in a cause and in a note."""
    try:
        raise KeyError(value)
    except KeyError as cause:
        error = ValueError(f"can't log in with {value}")
        error.add_note(f"note: {value}")
        raise error from cause


def log_exception(secret: Secret) -> None:
    """Log an exception that carries the value everywhere."""
    try:
        deep(secret.reveal())
    except ValueError:
        logger.exception("failed with {}", secret.reveal())


@pytest.mark.parametrize(
    "write",
    [
        log_exception,
        lambda secret: logger.info("password is " + secret.reveal()),
        lambda secret: logger.info("password is {}", secret.reveal()),
        lambda secret: logger.info("password is {password}", password=secret.reveal()),
        lambda secret: logger.bind(password=secret.reveal()).warning("bound"),
        lambda secret: logger.bind(deeper={"fields": [secret.reveal()]}).warning("bound"),
        lambda secret: logger.opt(lazy=True).info("{}", secret.reveal),
        lambda secret: logging.getLogger("library").error("sent %s", secret.reveal()),
        lambda secret: logging.getLogger("library").error("sent", exc_info=ValueError(secret.reveal())),
    ],
    ids=["exception", "message", "argument", "named", "bound", "nested", "lazy", "library", "library exception"],
)
def test_no_way_of_logging_writes_a_secret(
    write: Any,  # noqa: ANN401 - any of the ways
    file: Path,
    secret: Secret,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """stderr and the file hold the mask and no form of the value: not plain, not in repr, not in JSON."""
    write(secret)
    out = capsys.readouterr()
    text = file.read_text(encoding="utf-8")
    assert documents(file)
    assert MASK in text
    for seen in (text, out.err, out.out, repr(documents(file))):
        for form in (VALUE, repr(VALUE)[1:-1], json.dumps(VALUE)[1:-1], json.dumps(json.dumps(VALUE)[1:-1])[1:-1]):
            assert form not in seen


def test_a_file_that_fails_does_not_print_what_it_could_not_write(
    file: Path, redactor: Redactor, secret: Secret, capsys: pytest.CaptureFixture[str]
) -> None:
    """People are told in one line, without the record and without the error that was to be logged."""
    file.mkdir()
    set_up(redactor, file=file, quiet=True)
    log_exception(secret)
    assert capsys.readouterr().err == "the log file can't be written: IsADirectoryError\n"


def test_a_traceback_names_the_places_and_no_values(file: Path, secret: Secret) -> None:
    """An operator can find the line; the values of variables stay out."""
    log_exception(secret)
    (line,) = documents(file)
    assert line["error"] == "ValueError"
    assert "in deep" in line["trace"]
    assert "KeyError" in line["trace"]


def test_every_line_carries_its_request(file: Path) -> None:
    """Within a request its id stands in the line; outside there is a dash."""
    logger.info("outside")
    with logger.contextualize(request="R-20210730-0001"):
        logger.info("inside")
    assert [line["request"] for line in documents(file)] == ["-", "R-20210730-0001"]


def test_time_level_and_place_are_in_every_line(file: Path) -> None:
    """What a machine filters by: an aware time, the level, where it was written."""
    logger.warning("here")
    (line,) = documents(file)
    assert line["level"] == "WARNING"
    assert line["time"][-6] in "+-"
    assert "test_time_level_and_place" in line["where"]


@pytest.mark.parametrize(
    "name", ["two\nlines", "a\rb", "\x1b[2J\x1b[31m", "\u202egnp.exe", "\udc82\udca0", "<red>x</red>", "{0} {request}"]
)
def test_a_hostile_text_neither_steers_the_terminal_nor_poses_as_a_line(
    name: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control and direction characters are shown as escapes; a further line is set in; markup and braces are text."""
    logger.warning("{} came", name)
    seen = capsys.readouterr().err
    assert not set(seen) & set("\r\x1b\u202e\udc82")
    assert all(line.startswith("    ") for line in seen.splitlines()[1:])
    assert len(documents(file)) == 1
    if name.isascii() and name.isprintable():
        assert name in seen


def test_quiet_keeps_stderr_empty_and_the_file_full(
    file: Path, redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    """With quiet, all of it is in the file alone."""
    set_up(redactor, file=file, quiet=True)
    logger.error("only there")
    assert capsys.readouterr().err == ""
    assert documents(file)[-1]["message"] == "only there"


def test_the_file_keeps_what_stderr_leaves_out(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Debug lines are for the file."""
    logger.debug("detail")
    assert "detail" not in capsys.readouterr().err
    assert documents(file)[-1]["message"] == "detail"


def test_what_a_library_warns_of_is_called_a_warning(file: Path) -> None:
    """Its level goes by the same name here: no operator knows what a "Level 30" is."""
    logging.getLogger("library").warning("look here")
    logging.getLogger("library").log(35, "and here")
    assert [line["level"] for line in documents(file)] == ["WARNING", "Level 35"]
