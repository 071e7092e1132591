"""Pictures: the three files of each, and their sizes."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from babelgen.catalog import UNKNOWN
from babelgen.store import SUFFIXES, encode_png, encode_webp, file_of, in_place, put_picture

from .samples import NAME, every_file

Pixels = NDArray[np.uint8]
relaxed = settings(deadline=None, max_examples=30)


def noise(height: int = 8, width: int = 16) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


class TestPicture:
    """The three files of a picture."""

    @relaxed
    @given(pixels=arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
    def test_a_png_holds_the_pixels(self, pixels: Pixels) -> None:
        with Image.open(io.BytesIO(encode_png(pixels, {}))) as image:
            assert image.mode == "RGB"
            assert np.array_equal(np.asarray(image), pixels)

    @relaxed
    @given(texts=st.dictionaries(st.sampled_from(["key", "edition", "parameters"]), st.text(max_size=40)))
    def test_a_png_holds_its_texts_and_nothing_else(self, texts: dict[str, str]) -> None:
        with Image.open(io.BytesIO(encode_png(noise(), texts))) as image:
            image.load()
            assert image.text == texts
            assert set(image.info) == set(texts)

    @pytest.mark.parametrize("text", ["k" * 40_000, "海" * 40_000, "the sea\nSteps: 3", "é"])
    def test_texts_of_any_length_and_script_come_back(self, text: str) -> None:
        with Image.open(io.BytesIO(encode_png(noise(), {"key": text}))) as image:
            image.load()
            assert image.text["key"] == text

    def test_the_same_picture_is_the_same_bytes(self) -> None:
        texts = {"key": "k", "parameters": "海"}
        assert encode_png(noise(), texts) == encode_png(noise().copy(order="F"), dict(texts))
        assert encode_png(noise(), texts) != encode_png(noise(), {**texts, "key": "l"})

    @pytest.mark.parametrize(
        ("height", "width", "thumbnail"),
        [(208, 320, (160, 104)), (8, 16, (16, 8)), (8, 9000, (160, 1)), (900, 161, (160, 894))],
    )
    def test_views_keep_their_size_and_thumbnails_are_narrow(
        self, tmp_path: Path, height: int, width: int, thumbnail: tuple[int, int]
    ) -> None:
        put_picture(tmp_path, NAME, noise(height, width), {})
        for folder, size in (
            ("pictures", (width, height)),
            ("views", (width, height)),
            ("thumbs", thumbnail),
        ):
            with Image.open(file_of(tmp_path, folder, NAME)) as image:
                assert image.size == size
                assert image.format == ("PNG" if folder == "pictures" else "WEBP")

    def test_a_view_looks_like_its_picture(self) -> None:
        smooth = np.tile(np.arange(0, 256, 2, dtype=np.uint8)[:, None, None], (1, 64, 3))
        with Image.open(io.BytesIO(encode_webp(smooth))) as image:
            assert np.abs(np.asarray(image).astype(int) - smooth).mean() < 3

    def test_the_lossless_file_is_the_last_to_be_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put = os.replace
        order: list[str] = []
        monkeypatch.setattr(os, "replace", lambda a, b: (order.append(b.parts[-3]), put(a, b)))
        put_picture(tmp_path, NAME, noise(), {})
        assert order == ["thumbs", "views", "pictures"]
        assert every_file(tmp_path) == [
            f"{f}/ab/{NAME}.{e}" for f, e in (("pictures", "png"), ("thumbs", "webp"), ("views", "webp"))
        ]

    def test_the_sizes_are_those_of_the_files(self, tmp_path: Path) -> None:
        sizes = put_picture(tmp_path, NAME, noise(40, 200), {"key": "k"})
        assert all(
            file_of(tmp_path, folder, NAME).stat().st_size == size for folder, size in sizes._asdict().items()
        )
        assert list(sizes._asdict()) == list(SUFFIXES)
        assert len(set(sizes)) == 3

    @pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
    @pytest.mark.parametrize("change", [-1, 1])
    def test_a_file_of_another_size_is_not_in_place(self, tmp_path: Path, folder: str, change: int) -> None:
        """But only where the size is known: catalogs of earlier versions have none."""
        sizes = put_picture(tmp_path, NAME, noise(), {})
        assert in_place(tmp_path, NAME, sizes)
        path = file_of(tmp_path, folder, NAME)
        path.write_bytes((path.read_bytes() + b"x")[: getattr(sizes, folder) + change])
        assert not in_place(tmp_path, NAME, sizes)
        assert in_place(tmp_path, NAME, UNKNOWN)
        assert in_place(tmp_path, NAME, sizes._replace(**{folder: 0}))
        path.write_bytes(b"")
        assert not in_place(tmp_path, NAME, UNKNOWN)

    @pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
    def test_a_picture_is_in_place_with_all_its_files(self, tmp_path: Path, folder: str) -> None:
        assert not in_place(tmp_path, NAME)
        put_picture(tmp_path, NAME, noise(), {})
        assert in_place(tmp_path, NAME)
        file_of(tmp_path, folder, NAME).write_bytes(b"")
        assert not in_place(tmp_path, NAME)
        file_of(tmp_path, folder, NAME).unlink()
        assert not in_place(tmp_path, NAME)
