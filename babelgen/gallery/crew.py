"""The crew: processes that make pages side by side.

Law: they are spawned, ask the snapshot on disk and write what waits for the site, and nothing else; results come back in
any order, since what is made of them does not depend on it. A process whose parent is gone ends.
May import: the standard library, gallery.making, gallery.mistakes, gallery.pages, gallery.staging.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from babelgen.gallery.making import MADE, Maker, Task, Work
from babelgen.gallery.mistakes import telling_of_templates
from babelgen.gallery.pages import Pages, Site
from babelgen.gallery.staging import Made

if TYPE_CHECKING:
    Pipe = Connection[Any, Any]
else:
    Pipe = Connection

WORTH = 1200  # pages from which a second process earns the time that it takes to start


def processes_for(pages: int) -> int:
    """How many processes to make so many pages with, on this machine's cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, pages // (WORTH // 2)))


class Crew:
    """Processes that start when they are hired, read the templates, and then wait for their work. Close it."""

    def __init__(self, templates: Sequence[Path], site: Site) -> None:
        self._pages = tuple(templates), site
        self._members: dict[Pipe, SpawnProcess] = {}

    def __len__(self) -> int:
        return len(self._members)

    def hire(self, count: int) -> None:
        """Have so many; one alone would be nobody's help."""
        context = multiprocessing.get_context("spawn")
        while 1 < count > len(self):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, *self._pages), daemon=True)
            with _uninterrupted():
                process.start()
            theirs.close()
            self._members[ours] = process

    def make(self, work: Work, tasks: Iterator[Task]) -> Iterator[list[Made]]:
        """Do tasks, and let the crew go, which reads the snapshot as long; what one of them raises is raised here."""
        for connection in self._members:
            with suppress(BrokenPipeError, ConnectionResetError):  # who has ended is missed when its work is
                connection.send(work)
        yield from _deal(tasks, self._members)
        self.close()

    def close(self) -> None:
        """Let them go."""
        while self._members:
            connection, process = self._members.popitem()
            connection.close()
            process.join(5)
            if process.is_alive():
                process.kill()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep interrupts waiting. What starts meanwhile never has any: the parent has them, too, and closes the connection."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _deal(tasks: Iterator[Task], crew: dict[Pipe, SpawnProcess]) -> Iterator[list[Made]]:
    waiting = dict.fromkeys(crew, 0)
    for _ in range(2):  # one to do, and one more, so that nobody waits for us
        for connection in crew:
            _give(connection, tasks, waiting)
    while any(waiting.values()):
        busy = [one for one, count in waiting.items() if count]
        for connection in cast("list[Pipe]", wait(busy)):
            try:
                result = connection.recv()
            except (EOFError, ConnectionResetError):
                raise _last_words(connection) from None
            if isinstance(result, BaseException):
                raise result
            waiting[connection] -= 1
            _give(connection, tasks, waiting)
            yield result


def _give(connection: Connection, tasks: Iterator[Task], waiting: dict[Pipe, int]) -> None:
    if (task := next(tasks, None)) is not None:
        try:
            connection.send(task)
        except (BrokenPipeError, ConnectionResetError):
            raise _last_words(connection) from None
        waiting[connection] += 1


def _last_words(connection: Connection) -> BaseException:
    """Why a process has ended, as far as it said so."""
    with suppress(EOFError, OSError):
        if isinstance(said := connection.recv(), BaseException):
            return said
    return RuntimeError("a process that made pages ended before its work was done")


def _work(connection: Pipe, templates: Sequence[Path], site: Site) -> None:
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), connection:
        try:
            with telling_of_templates(templates):
                _make_pages(connection, Pages(templates, site))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return
        except Exception as error:
            connection.send(error)


def _make_pages(connection: Pipe, pages: Pages) -> None:
    for template in MADE:
        pages.template(template)
    with closing(Maker(connection.recv(), pages)) as maker, maker.index.reading():
        while True:
            connection.send(maker.make(connection.recv()))
