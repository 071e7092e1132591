"""The crew: processes that make pages side by side.

Law: they are spawned, ask the snapshot on disk and write what waits for the site, and nothing else; results come back in
any order, since what is made of them does not depend on it. A process whose parent is gone ends.
May import: the standard library, babelgen.errors, gallery.making.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any, cast

from babelgen.gallery.making import Made, Maker, Task, Work

if TYPE_CHECKING:
    Pipe = Connection[Any, Any]
else:
    Pipe = Connection

WORTH = 1200  # pages from which a second process earns the time that it takes to start


def processes_for(pages: int) -> int:
    """How many processes to make so many pages with, on this machine's cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, pages // (WORTH // 2)))


def work_side_by_side(work: Work, tasks: Iterator[Task], count: int) -> Iterator[list[Made]]:
    """Do tasks in so many processes; what one of them raises is raised here."""
    context = multiprocessing.get_context("spawn")
    crew: dict[Pipe, SpawnProcess] = {}
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(work, theirs), daemon=True)
            process.start()
            theirs.close()
            crew[ours] = process
        yield from _deal(tasks, crew)
    finally:
        for connection, process in crew.items():
            connection.close()
            process.join(5)
            if process.is_alive():
                process.kill()


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
                raise RuntimeError("a process that made pages ended before its work was done") from None
            if isinstance(result, BaseException):
                raise result
            waiting[connection] -= 1
            _give(connection, tasks, waiting)
            yield result


def _give(connection: Connection, tasks: Iterator[Task], waiting: dict[Pipe, int]) -> None:
    if (task := next(tasks, None)) is not None:
        connection.send(task)
        waiting[connection] += 1


def _work(work: Work, connection: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it, too, and closes the connection
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), connection:
        try:
            with closing(Maker(work)) as maker, maker.index.reading():
                while True:
                    connection.send(maker.make(connection.recv()))
        except (EOFError, OSError) as error:
            if isinstance(error, EOFError | BrokenPipeError | ConnectionResetError):
                return
            connection.send(error)
        except Exception as error:
            connection.send(error)
