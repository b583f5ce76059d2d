"""The screen that pages are laid out for: its width, and whether it shows colours."""

import io
import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 80
_WIDEST = 120


def new_console(*, to_terminal: bool) -> "tuple[Console, io.StringIO]":
    """Return a console of the right width that writes into a text."""
    from rich.console import Console

    is_terminal = (
        to_terminal
        and sys.stdout is not None
        and sys.stdout.isatty()
        and "NO_COLOR" not in os.environ
    )
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if is_terminal else _WIDTH
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(min(width, _WIDEST), _WIDTH),
        force_terminal=is_terminal,
        color_system="standard" if is_terminal else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    return console, buffer


def printed(buffer: io.StringIO) -> str:
    """Return what was printed, without blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
