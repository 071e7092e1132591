"""Films: every frame in its order and time, whatever their number in flat memory, and the same bytes each time."""

from __future__ import annotations

import gc
import io
import tracemalloc
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from babelgen.animation import FORMATS, Film, check_wishes, frame_order, write_film
from babelgen.errors import UserError

WIDTH, HEIGHT = 48, 32
NOTE = "keys with <angles> & ünicode\nbabel2:x"


def film_of(frames: int, rate: Fraction = Fraction(12), loop: int = 0) -> Film:
    return Film(WIDTH, HEIGHT, frames, rate, loop, NOTE)


def colour_of(frame: int) -> tuple[int, int, int]:
    return (frame * 37 % 256, frame * 91 % 256, frame * 53 % 256)


def images(frames: int) -> Iterator[Image.Image]:
    for frame in range(frames):
        yield Image.new("RGB", (WIDTH, HEIGHT), colour_of(frame))


def written(path: Path, film: Film) -> Path:
    if path.suffix == ".mp4":
        pytest.importorskip("av")
    with path.open("wb") as file:
        write_film(path.suffix, film, images(film.frames), file)
    return path


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_each_frame_is_shown_in_its_order_and_for_its_time(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"film{suffix}", film_of(7, Fraction(30)))
    with Image.open(path) as film:
        assert (film.size, getattr(film, "n_frames", 1)) == ((WIDTH, HEIGHT), 7)
        times = []
        for at, frame in enumerate(ImageSequence.Iterator(film)):
            centre = frame.convert("RGB").getpixel((WIDTH // 2, HEIGHT // 2))
            assert np.abs(np.subtract(centre, colour_of(at))).max() <= 6
            times.append(frame.info["duration"])
    # 33 ms and 3 hundredths are too short: now and then one is longer, so that 7 frames take 7/30 of a second.
    assert times == ([33, 34, 33, 33, 34, 33, 33] if suffix == ".webp" else [30, 40, 30, 30, 40, 30, 30])


def test_an_mp4_has_every_frame_at_its_rate(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = written(tmp_path / "film.mp4", film_of(40, Fraction(5)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("vp9", 5)
        assert container.metadata["comment"] == NOTE
        centres = [
            frame.to_ndarray(format="rgb24")[HEIGHT // 2, WIDTH // 2] for frame in container.decode(video=0)
        ]
    assert len(centres) == 40
    assert all(np.abs(centre.astype(int) - colour_of(at)).max() < 30 for at, centre in enumerate(centres))


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_frames_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    film = film_of(30)
    first, second = (written(tmp_path / f"{name}{suffix}", film).read_bytes() for name in ("one", "two"))
    assert first == second
    assert written(tmp_path / f"three{suffix}", film_of(31)).read_bytes() != first


def test_the_note_is_in_the_file(tmp_path: Path) -> None:
    with Image.open(written(tmp_path / "film.webp", film_of(2))) as film:
        assert b"keys with &lt;angles&gt; &amp; \xc3\xbcnicode\nbabel2:x<" in film.info["xmp"]
    with Image.open(written(tmp_path / "film.gif", film_of(2))) as film:
        assert film.info["comment"] == NOTE.encode("ascii", "backslashreplace")


@pytest.mark.parametrize(("suffix", "loop", "said"), [(".webp", 0, 0), (".webp", 1, 1), (".webp", 3, 3),
                                                      (".gif", 0, 0), (".gif", 1, None), (".gif", 3, 2)])  # fmt: skip
def test_it_plays_as_often_as_is_asked(suffix: str, loop: int, said: int | None, tmp_path: Path) -> None:
    """A GIF says how often it plays again, and one that plays once says nothing."""
    with Image.open(written(tmp_path / f"film{suffix}", film_of(3, loop=loop))) as film:
        assert film.info.get("loop") == said


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_memory_does_not_grow_with_length(suffix: str, tmp_path: Path) -> None:
    """Neither pictures nor what they are encoded to, a thousand bytes and more of noise each, are kept."""
    rng = np.random.default_rng(1)

    def noisy(frames: int) -> Iterator[Image.Image]:
        seen: list[weakref.ref[Image.Image]] = []
        for _ in range(frames):
            assert sum(image() is not None for image in seen) <= 1
            image = Image.fromarray(rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8))
            seen.append(weakref.ref(image))
            yield image

    def peak(frames: int) -> int:
        gc.collect()
        tracemalloc.start()
        with (tmp_path / "film").open("wb") as file:
            write_film(suffix, film_of(frames), noisy(frames), file)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(3)  # what is imported and made once
    assert peak(500) < peak(20) + 100_000
    assert (tmp_path / "film").stat().st_size > 20 * 1000


def test_frames_are_asked_for_one_by_one() -> None:
    """None is read before the one before it has been written."""
    file = io.BytesIO()
    lengths = []

    def watched() -> Iterator[Image.Image]:
        for image in images(5):
            lengths.append(file.tell())
            yield image

    write_film(".webp", film_of(5), watched(), file)
    assert lengths == sorted(set(lengths))


def test_out_and_back_shows_either_end_once() -> None:
    assert frame_order(4, back=True) == [0, 1, 2, 3, 2, 1]
    assert frame_order(4, back=False) == [0, 1, 2, 3]
    assert [frame_order(count, back=True) for count in (1, 2)] == [[0], [0, 1]]


@pytest.mark.parametrize(
    ("suffix", "rate", "loop", "said"),
    [
        (".gif", 60, 0, "at most 50 frames a second, not 60"),
        (".webp", 12, 70_000, "plays at most 65,535 times"),
        (".mp4", 12, 2, "does not say how often it plays"),
    ],
)
def test_what_a_format_cannot_have_is_refused(suffix: str, rate: int, loop: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_wishes(suffix, Fraction(rate), loop, (WIDTH, HEIGHT))


def test_an_mp4_needs_even_sides() -> None:
    with pytest.raises(UserError, match="even sides, not 33 x 32"):
        check_wishes(".mp4", Fraction(12), 0, (33, 32))


def test_an_mp4_is_refused_without_the_package_that_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("babelgen.animation.film.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'babelgen\[video\]'"):
        check_wishes(".mp4", Fraction(12), 0, (WIDTH, HEIGHT))
    check_wishes(".webp", Fraction(12), 0, (WIDTH, HEIGHT))
