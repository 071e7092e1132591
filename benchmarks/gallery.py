"""The gallery's build: how many item pages a second, what a build costs when little or nothing is new, and its memory.

A library of made-up rows and real small pictures is made in a temporary folder, and its site is built with all that
belongs to it: pictures, key files, contact sheets, the index of prompts, the search. The rate of pages is that of the stage
in which items' pages, contact sheets and prompts are made and written, by as many processes as the build starts, their own
start included; what the snapshot is read and the files are put in place in is told beside it. Whatever is built again is
built by the command that users have, timed from its start to its end, Python's own start included. Memory, summed over
all processes of a build, is read from the system every 50 ms. A core's rate is that by the clock, divided by the cores.

For comparison, in the same run and the same folder, Jinja2 alone renders pages of the same items from views made before
and writes them: in as many processes at once as there are cores, as in a build, since a core is slower while its neighbour
works. Each of them has a rate; their mean counts, of a time before and one after.

    python benchmarks/gallery.py [--items 20000] [--folder .] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import chain, islice, pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

from babelgen.catalog import Catalog
from babelgen.gallery import build_site, paths
from babelgen.gallery.making import Maker, Work
from babelgen.gallery.pages import TEMPLATES, Site
from babelgen.gallery.site import heading
from babelgen.gallery.staging import Places
from babelgen.gallery.views import SHEET
from babelgen.gallery.writer import SNAPSHOT
from babelgen.library import load_library
from babelgen.neighbours import Neighbours

RENDER = Path(__file__).resolve().parent.parent / "render.py"
STAGES = ("reading", "pages", "placing")
ADDED = 20
SAMPLE = 4000  # pages that Jinja2 renders alone, of each collection as many as it has a share of
EVERY = 0.05  # seconds between two looks at the memory


def run_site(library: Path, site: Path) -> dict[str, float]:
    """Build a site as a user does; seconds, and the most memory that its processes had together."""
    return run([str(RENDER), "site", "--library", str(library), "--out", str(site)])


def run(command: list[str]) -> dict[str, float]:
    """Run a command of Python's; what it says of itself in JSON, its seconds, and the most memory of its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    most, start = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as told:
        with subprocess.Popen([sys.executable, *command], stdout=said, stderr=told) as process:
            while process.poll() is None:
                most = max(most, sum(map(resident, family(process.pid))))
                time.sleep(EVERY)
        seconds = time.perf_counter() - start
        said.seek(0), told.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed: {told.read()}")
        text = said.read()
    own = json.loads(text) if text.startswith("{") else {}
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime
    return {**own, "seconds": seconds, "cpu_seconds": processor, "peak_mb": most / 2**20}


def build_in_stages(library_folder: Path, site: Path) -> dict[str, float]:
    """Build a site as the command does; the seconds of each stage."""
    library, stages = load_library(library_folder), []

    def tell(name: str) -> None:
        stages.append((name, time.perf_counter(), sum(os.times()[:4])))

    with Catalog.open(library.root) as catalog:
        build_site(library, catalog, site, Neighbours(library), told=tell)
    tell("")
    found = {name: end - start for (name, start, _), (_, end, _) in pairwise(stages)}
    spent = {f"{name}_cpu": end - start for (name, _, start), (_, _, end) in pairwise(stages)}
    return found | spent


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += map(int, task.read_text().split())
        except OSError:  # it ended meanwhile
            continue
    return [pid, *chain.from_iterable(map(family, children))]


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def raw_rate(library_folder: Path, site: Path, out: Path) -> tuple[float, float]:
    """Item pages that Jinja2 renders and writes, from views that are there already: a second, a second of its processor."""
    library = load_library(library_folder)
    with Catalog.open(library.root) as catalog:
        profiles = catalog.profiles()
    work = Work(
        snapshot=site / ".babelgen" / SNAPSHOT,
        editions={one.edition.id: one.edition for one in library.collections},
        headings=[heading(one) for one in library.collections],
        glossary=library.glossary,
        neighbours=Neighbours(library),
        profiles=profiles,
        templates=[TEMPLATES],
        site=Site(library.id, library.title, library.description),
        places=Places(site, out, library.root),
    )
    with closing(Maker(work)) as maker:
        views = list(some_views(maker))
        template = maker.pages.template("item")
        out.mkdir()
        start, spent = time.perf_counter(), time.process_time()
        for number, (path, view) in enumerate(views):
            text = template.render(here=path, view=view)
            (out / f"{number}.html").write_text(text, "utf-8")
        return len(views) / (time.perf_counter() - start), len(views) / (time.process_time() - spent)


def some_views(maker: Maker) -> Any:
    """(path, view) of items of each collection, in its order, as many as it has a share of."""
    printed = sum(drawer.printed for drawer in maker.index.drawers)
    for drawer in maker.index.drawers:
        share = min(drawer.printed, max(1, SAMPLE * drawer.printed // printed))
        for at, window in enumerate(islice(maker.index.walk(drawer), share)):
            view = maker.views.item(drawer, at // SHEET + 1, window)
            yield paths.item(drawer.slug, view.position), view


def raw_apart(library: Path, site: Path, folder: Path, cores: int) -> list[tuple[float, float]]:
    """The same in a process for each core, at once; each has a memory and a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        order = [sys.executable, __file__, "--raw", str(library), str(site)]
        outs = [str(Path(place) / f"raw-{number}") for number in range(cores)]
        crew = [subprocess.Popen([*order, out], stdout=subprocess.PIPE, text=True) for out in outs]
        said = [process.communicate()[0].split() for process in crew]
    if any(process.returncode for process in crew):
        raise SystemExit("Jinja2 alone failed.")
    return [(float(rate), float(spent)) for rate, spent in said]


def measure(items: int, folder: Path) -> dict[str, Any]:
    """All figures of a library of so many items."""
    import gallery_library  # not above: the processes of a build run this file, too, and do not draw

    library, site = folder / "library", folder / "site"
    gallery_library.make_library(library, items)
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    first = run([__file__, "--build", str(library), str(site)])
    raw = raw_apart(library, site, folder, cores)
    nothing = [run_site(library, site) for _ in range(3)]
    gallery_library.add_search(library, ADDED)
    added = run_site(library, site)
    gallery_library.lengthen(library, ADDED)
    longer = run_site(library, site)
    raw += raw_apart(library, site, folder, cores)
    rate, rate_cpu = items / first["pages"] / cores, items / first["pages_cpu"]
    alone, alone_cpu = (fmean(one) for one in zip(*raw, strict=True))
    sizes = sorted(path.stat().st_size for path in islice(site.glob("collections/*/item-*.html"), 5000))
    return {
        "items": items,
        "pages_per_second_per_core": round(rate, 1),
        "raw_pages_per_second_per_core": round(alone, 1),
        "share_of_raw": round(rate / alone, 3),
        "share_of_raw_cpu": round(rate_cpu / alone_cpu, 3),
        "build_seconds": round(first["seconds"], 2),
        "build_cpu_seconds": round(first["cpu_seconds"], 2),
        "stages": {name: round(first[name], 2) for name in STAGES},
        "noop_seconds": round(min(one["seconds"] for one in nothing), 2),
        "noop_cpu_seconds": round(min(one["cpu_seconds"] for one in nothing), 2),
        "add20_seconds": round(added["seconds"], 2),
        "add20_cpu_seconds": round(added["cpu_seconds"], 2),
        "lengthen20_seconds": round(longer["seconds"], 2),
        "lengthen20_cpu_seconds": round(longer["cpu_seconds"], 2),
        "peak_mb": round(max(one["peak_mb"] for one in (first, added, longer, *nothing)), 1),
        "noop_peak_mb": round(max(one["peak_mb"] for one in nothing), 1),
        "item_page_bytes": {"median": median(sizes), "largest": sizes[-1]},
        "load_before": round(load, 1),
        "machine": f"{cores} cores, {cpu()}, Python {platform.python_version()}",
    }


def cpu() -> str:
    """What the processor is called."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def print_table(result: dict[str, Any]) -> None:
    """The figures for people."""
    print(f"{result['items']:,} items; {result['machine']}; load before: {result['load_before']}\n")
    size = result["item_page_bytes"]
    spent = {
        name: f" ({result[f'{name}_cpu_seconds']:.2f})" for name in ("build", "noop", "add20", "lengthen20")
    }
    for label, value in (
        (
            "item pages a second a core, contact sheets included",
            f"{result['pages_per_second_per_core']:,.0f}",
        ),
        (
            "Jinja2 alone, rendering and writing the same pages",
            f"{result['raw_pages_per_second_per_core']:,.0f}",
        ),
        ("share of that", f"{result['share_of_raw']:.2f}"),
        ("the same in seconds of the processor", f"{result['share_of_raw_cpu']:.2f}"),
        ("seconds of the first build (of processors)", f"{result['build_seconds']:.2f}" + spent["build"]),
        *((f"  of them {name}", f"{seconds:.2f}") for name, seconds in result["stages"].items()),
        ("seconds where nothing changed", f"{result['noop_seconds']:.2f}" + spent["noop"]),
        ("seconds with a new collection of 20 pictures", f"{result['add20_seconds']:.2f}" + spent["add20"]),
        (
            "seconds with the long collection 20 longer",
            f"{result['lengthen20_seconds']:.2f}" + spent["lengthen20"],
        ),
        ("most memory of all processes together, MB", f"{result['peak_mb']:,.0f}"),
        ("an item's page, bytes: median, largest", f"{size['median']:,.0f}, {size['largest']:,}"),
    ):
        print(f"{label:54}{value:>16}")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=positive, default=20_000, help="pictures of the library")
    parser.add_argument("--folder", type=Path, help="where the library and its site are made for the while")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--raw", nargs=3, type=Path, metavar=("LIBRARY", "SITE", "OUT"), help=argparse.SUPPRESS
    )
    parser.add_argument("--build", nargs=2, type=Path, metavar=("LIBRARY", "SITE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.build:
        print(json.dumps(build_in_stages(*given.build)))
        return
    if given.raw:
        print(*raw_rate(*given.raw))
        return
    with tempfile.TemporaryDirectory(prefix="gallery-", dir=given.folder) as place:
        result = measure(given.items, Path(place))
    if given.json:
        print(json.dumps(result))
    else:
        print_table(result)


def positive(text: str) -> int:
    """A number from 1 on."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    main()
