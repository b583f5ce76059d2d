"""The command line: the only room that prints, and the first customer of the public face."""

import gc
import os
import sys
from importlib import import_module

import click

from divide_index.cli.context import ClosedPipeError, Session, write_text
from divide_index.errors import DivideIndexError

COMMANDS = {
    "compute": "compute",
    "decompose": "decompose",
    "trend": "trend",
    "target": "target",
    "report": "report",
    "weight": "weight",
    "schemas": "schemas",
    "check": "check",
    "simulate": "simulate",
}
"""Command → its module below :mod:`divide_index.cli`; each is one public function."""


class _Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"divide_index.cli.{COMMANDS[cmd_name]}").command
        return command


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(package_name="divide-index", prog_name="divide-index")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Digital informatization levels from survey microdata.

    Levels are relative to a reference population (= 100) and come with design-based standard
    errors.
    """
    if ctx.invoked_subcommand is None:
        write_text(ctx.obj.words("cli.start") + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    # One thread: the matrices are small, and a sum's last digit must not depend on the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # a short process without cycles of its own: collecting costs a tenth of its time
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        0 done (warnings too), 1 input, data, library or disk error, 2 usage, 130 interrupted.
    """
    session = Session()
    try:
        code = group.main(arguments, prog_name="divide-index", standalone_mode=False, obj=session)
    except DivideIndexError as error:
        session.report(error)
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except ClosedPipeError:
        # The reader went away; what Python flushes at its end must not complain.
        if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", "") or type(error).__name__
        session.report(DivideIndexError("DI-E128", reason=reason))
        return 1
    return code if isinstance(code, int) else 0  # what a command leaves by
