"""The benchmark of a large library: what it times is what a library of that size has and asks."""

from __future__ import annotations

import json
import sys

import catalog
import pytest

from babelgen.catalog import Catalog
from babelgen.library import load_library
from babelgen.store import in_place

ROWS, FILES = 300, 40


def test_made_up_libraries_are_what_they_are_said_to_be(tmp_path):
    catalog.make_library(tmp_path / "made", ROWS)
    library = load_library(tmp_path / "made")
    assert catalog.time_plan(library.root)["to_do"] == ROWS
    catalog.write_rows(library.root)
    with Catalog.open(library.root) as found:
        assert found.names() == {entry.name for entry in library.entries()}
        assert len(list(found.flagged())) == len(found.failures()) == ROWS // 100
        assert not found.failed(found.names())
        assert {"p"} == set(found.profiles())
        assert [edition.id for edition in {c.edition for c in library.collections}] == list(found.editions())
        assert not any(
            in_place(library.root, name, sizes) for name, sizes in found.sizes(found.names()).items()
        )
    catalog.write_files(library.root)
    with Catalog.open(library.root) as found:
        assert all(in_place(library.root, name, sizes) for name, sizes in found.sizes(found.names()).items())
    for timed in (catalog.time_plan(library.root), catalog.time_status(library.root)):
        assert (timed["to_do"], timed["done"]) == (0, ROWS)


def test_one_run_gives_every_figure(monkeypatch, capsys, tmp_path):
    given = ["--rows", str(ROWS), "--files", str(FILES), "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["catalog.py", *given, "--json"])
    catalog.main()
    result = json.loads(capsys.readouterr().out)
    assert (result["rows"], result["files"]) == (ROWS, FILES)
    assert result["catalog_mb"] > 0.05
    queries = result["queries_ms"]
    assert len(queries) == 12
    for kind in ("cold", "warm"):
        slowest = result[f"slowest_{kind}"]
        assert slowest["ms"] == max(times[kind] for times in queries.values())
        assert queries[slowest["query"]][kind] == slowest["ms"]
    found = {name: (result[name]["to_do"], result[name]["done"]) for name in catalog.TIMED}
    assert found == {
        "plan_nothing_done": (ROWS, 0),
        "plan_all_done": (0, FILES),
        "status_all_done": (0, FILES),
    }
    for name in catalog.TIMED:
        assert result[name]["peak_mb"] > 20
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_takes_a_second_is_told(capsys):
    times = {"quick": {"cold": 900.0, "warm": 1.0}, "slow": {"cold": 1000.0, "warm": 999.0}}
    timed = {"to_do": 1, "done": 2, "seconds": 3.0, "peak_mb": 4.0}
    result = {"rows": 1, "write_seconds": 1.0, "catalog_mb": 1.0, **dict.fromkeys(catalog.TIMED, timed)}
    for queries, verdict in (
        (times, "not each under a second; the slowest: slow, 1000.0 ms cold"),
        ({"quick": times["quick"]}, "each under a second; the slowest: quick, 900.0 ms cold"),
    ):
        catalog.print_tables({**result, "queries_ms": queries, **catalog.slowest(queries)})
        assert verdict in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_numbers_of_rows_begin_with_one(monkeypatch, capsys, number):
    monkeypatch.setattr(sys, "argv", ["catalog.py", "--rows", number])
    with pytest.raises(SystemExit, match="2"):
        catalog.main()
    assert "--rows: invalid" in capsys.readouterr().err
