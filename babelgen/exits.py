"""Exits: the one place where errors become exit codes, and sentences for people.

Law: 0 all done, 1 the user's error, 3 our bug, 4 some items failed, 130 interrupted; Typer itself ends wrong usage with 2.
May import: errors and Typer.
"""

from __future__ import annotations

import errno
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

from babelgen.errors import BabelgenError, UserError

# What the machine refuses, as opposed to what our code gets wrong.
_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENAMETOOLONG,
}


class Command(TyperCommand):
    """A command whose every end is an exit code, so that Typer deals with wrong usage alone."""

    def invoke(self, ctx: Any) -> NoReturn:
        """Run the function behind the command."""
        invoke = super().invoke
        raise typer.Exit(guard(lambda: invoke(ctx)))


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Take a request to end, as machines send it that are about to go, for an interrupt.

    Only the main thread can; elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def guard(action: Callable[[], int | None]) -> int:
    """Run something, and turn every way in which it can end into an exit code."""
    try:
        with stopping_on_sigterm():
            code = action() or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        raise  # whoever read our output has gone, and Typer ends quietly
    except KeyboardInterrupt as stop:
        return _fail(f"Interrupted; {str(stop) or 'what was done is kept'}.", 130)
    except UserError as error:
        return _fail(str(error), 1)
    except BabelgenError as error:  # an item failed, or a worker died: what was done is kept
        return _fail(str(error), 4)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _MACHINE:
            return _fail(f"{error.strerror}: {error.filename or 'while writing'}.", 1)
        return _fail(f"This is a bug in Babelgen, sorry; what happened is in {_log(error)}.", 3)


def _fail(sentence: str, code: int) -> int:
    sys.stderr.write(f"error: {sentence}\n")
    return code


def _log(error: Exception) -> str:
    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(prefix="babelgen-", suffix=".log", delete=False) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return file.name
