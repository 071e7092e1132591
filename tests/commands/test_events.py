"""Events: one JSON object a line, for whatever happens, in the library's log and on request on standard output."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.commands.events import Events
from babelgen.edition import Edition
from babelgen.engines import Died, Done, Failed, Order, Outcome, Pulse, Ready
from babelgen.farm import Tally
from babelgen.library import load_library
from babelgen.plan import Item, Plan, Work
from babelgen.store import open_log

from ..conftest import LibraryFactory
from ..engines import fake

ROOT = Path(__file__).parents[2]
ITEMS = tuple(Item(f"{at:032x}", "k" * 500, 1) for at in range(3))


def tell(edition: Edition, root: Path, pictures: bool, every: float) -> list[dict[str, Any]]:
    """What is written of a made-up run."""
    lines: list[str] = []
    events = Events(lines.append, pictures, every)
    events.planned(Plan((Work(edition, ITEMS),), 4, 5))
    happened: list[Outcome] = [
        Ready(fake.PROFILE, 4),
        Died("It died.", "Traceback: there"),
        Failed(ITEMS[0], "It is so.", "Traceback: here"),
        Done(fake.picture(Order(edition, root), ITEMS[1], fake.pixels_of("a"))),
        Pulse(2, 7),
    ]
    for outcome in happened:
        events.advanced(outcome)
    events.shared(1, 2)
    events.waiting(2)
    events.ended(Tally(rendered=1, done_before=4))
    events.stopped(KeyboardInterrupt())
    assert all("\n" not in line for line in lines)
    return [json.loads(line) for line in lines]


def test_everything_that_happens_has_a_line(words_edition: Edition, tmp_path: Path) -> None:
    told = tell(words_edition, tmp_path, pictures=True, every=1e9)
    names = ["planned", "ready", "died", "failed", "done", "shared", "ended", "stopped"]
    assert [line["event"] for line in told] == names
    planned, ready, died, failed, done, shared, ended, stopped = told
    assert (planned["to_do"], planned["done"], planned["failed"]) == (3, 4, 5)
    assert (ready["profile"], ready["slots"]) == (fake.PROFILE, 4)
    assert died["traceback"] == "Traceback: there"
    assert (failed["name"], failed["reason"], failed["traceback"]) == (
        ITEMS[0].name,
        "It is so.",
        "Traceback: here",
    )
    assert len(failed["key"]) < 100
    assert (done["name"], done["steps"]) == (ITEMS[1].name, 1)
    assert (shared["done"], shared["waiting"]) == (1, 2)
    assert (ended["rendered"], ended["done_before"], ended["deaths"]) == (1, 4, 1)
    assert (stopped["error"], stopped["rendered"]) == ("KeyboardInterrupt", 2)
    assert all({"time", "host", "process"} <= set(line) for line in told)


def test_without_a_line_for_each_picture_there_are_counts(words_edition: Edition, tmp_path: Path) -> None:
    told = tell(words_edition, tmp_path, pictures=False, every=0)
    assert "done" not in [line["event"] for line in told]
    last = [line for line in told if line["event"] == "progress"][-1]
    assert (last["finished"], last["left"], last["workers"], last["in_hand"]) == (2, 1, 2, 7)


def test_a_log_is_added_to_and_a_disk_that_refuses_is_no_matter(tmp_path: Path) -> None:
    for line in ("one", "two \udc80"):
        open_log(tmp_path)(line)
    assert (tmp_path / "log.jsonl").read_text() == "one\ntwo \\udc80\n"
    open_log(tmp_path / "nowhere")("three")
    assert not (tmp_path / "nowhere").exists()


def recipe(folder: Path, edition: Path | str, count: int, steps: int) -> Path:
    path = folder / "some.toml"
    path.write_text(
        f'edition = "{edition}"\n[[collection]]\nname = "some"\nkind = "range"\ncount = {count}\nsteps = {steps}\n'
    )
    return path


def test_a_render_has_a_log_and_prints_one_on_request(
    tmp_path: Path, tiny_edition_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["render", str(recipe(tmp_path, tiny_edition_file, 3, 2)), "--library", str(tmp_path / "books")]
    assert main([*words, "--json-log", "--engine", "inline"]) == 0
    shown = capsys.readouterr()
    printed = [json.loads(line)["event"] for line in shown.out.splitlines()]
    assert [printed[0], printed[-1], printed.count("done")] == ["planned", "ended", 3]
    assert "Rendered 3 pictures" in shown.err
    logged = [json.loads(line)["event"] for line in (tmp_path / "books/log.jsonl").read_text().splitlines()]
    assert logged == ["planned", "ready", "ended"]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_render_that_is_told_to_end_keeps_what_is_finished(tmp_path: Path, sent: signal.Signals) -> None:
    """On the real model, in the middle of its work."""
    books = tmp_path / "books"
    command = [sys.executable, str(ROOT / "render.py"), "render", str(recipe(tmp_path, "mini", 400, 2))]
    with subprocess.Popen(
        [*command, "--library", str(books), "--json-log"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["event"] != "done":
            pass
        start = time.monotonic()
        process.send_signal(sent)
        printed, told = process.communicate(timeout=30)
        assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert told.endswith("error: Interrupted; what was done is kept.\n")
    assert json.loads(printed.splitlines()[-1])["event"] == "stopped"
    assert list((books / "runs").iterdir()) == []
    assert main(["verify", str(books), "--sample", "0"]) == 0


def test_a_reader_that_goes_away_ends_no_run(tiny_library: LibraryFactory) -> None:
    """As `| head -1` does; what is left of the lines goes nowhere, at the end of the program, too."""
    library = load_library(tiny_library({"kind": "range", "count": 5}))
    with subprocess.Popen(
        [sys.executable, str(ROOT / "render.py"), "render", "--library", str(library.root), "--engine", "inline", "--json-log"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 0
    assert told.count("Nobody reads standard output any more; the run goes on without --json-log.") == 1
    assert "Traceback" not in told
    with Catalog.open(library.root) as catalog:
        assert catalog.count() == 5
