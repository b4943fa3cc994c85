"""See :mod:`tests.scenario.faults.command`."""

from __future__ import annotations

import sys

from tests.scenario.faults.command import from_command_line

sys.exit(from_command_line(sys.argv[1:]))
