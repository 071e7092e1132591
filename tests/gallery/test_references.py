"""Reference pictures: what a site has of a file is its pixels, upright and no larger than pages show them."""

import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from babelgen.errors import UserError
from babelgen.gallery.references import make, measure
from babelgen.rooms import Reference

SECRET = "somewhere at 48.2 north"


def reference(path: Path) -> Reference:
    return Reference(path, "A boat", "", "")


def made(path: Path) -> list[Image.Image]:
    """The two sizes of a file, read back; they are as large as it was said, and hold nothing but pixels."""
    sizes = measure(reference(path))
    found = dict(make(reference(path), sizes))
    pictures = []
    for name, size in sizes.files:
        picture = Image.open(io.BytesIO(found[name]))
        picture.load()
        assert (picture.format, picture.size) == ("WEBP", size)
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(picture.info)
        assert len(picture.getexif()) == 0
        assert SECRET.encode() not in found[name]
        pictures.append(picture.convert("RGB"))
    return pictures


def near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(one - other) < 24 for one, other in zip(found, colour, strict=True))


def halves(width: int, height: int) -> Image.Image:
    """A picture with a red left half and a blue right one."""
    picture = Image.new("RGB", (width, height), (20, 20, 220))
    picture.paste((220, 20, 20), (0, 0, width // 2, height))
    return picture


class TestSizes:
    def test_a_large_picture_is_made_smaller_and_keeps_its_shape(self, tmp_path: Path) -> None:
        halves(2400, 1200).save(tmp_path / "a.png")
        view, small = made(tmp_path / "a.png")
        assert (view.size, small.size) == ((1600, 800), (480, 240))
        assert near(view, (10, 400), (220, 20, 20))
        assert near(small, (470, 100), (20, 20, 220))

    def test_a_small_one_stays_as_it_is(self, tmp_path: Path) -> None:
        halves(60, 30).save(tmp_path / "a.png")
        assert [picture.size for picture in made(tmp_path / "a.png")] == [(60, 30), (60, 30)]

    @pytest.mark.parametrize("size", [(4000, 1), (1, 4000)])
    def test_the_thinnest_has_a_pixel(self, tmp_path: Path, size: tuple[int, int]) -> None:
        Image.new("RGB", size, "#345").save(tmp_path / "a.png")
        assert all(min(picture.size) == 1 for picture in made(tmp_path / "a.png"))

    def test_the_name_follows_from_the_bytes(self, tmp_path: Path) -> None:
        halves(60, 30).save(tmp_path / "a.png")
        (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
        halves(60, 31).save(tmp_path / "c.png")
        a, b, c = (measure(reference(tmp_path / f"{name}.png")) for name in "abc")
        assert a == b
        assert a.name != c.name

    def test_the_same_file_gives_the_same_bytes(self, tmp_path: Path) -> None:
        halves(600, 300).save(tmp_path / "a.jpg")
        one = reference(tmp_path / "a.jpg")
        assert dict(make(one, measure(one))) == dict(make(one, measure(one)))


class TestNothingButPixels:
    def test_where_it_was_taken_is_left_out(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x010E] = SECRET
        exif[0x0112] = 1
        exif.get_ifd(0x8825)[1] = "N"
        for ending in ("jpg", "png", "webp"):
            halves(60, 30).save(tmp_path / f"a.{ending}", exif=exif, xmp=SECRET.encode())
            assert SECRET.encode() in (tmp_path / f"a.{ending}").read_bytes()
            made(tmp_path / f"a.{ending}")

    def test_comments_are_left_out(self, tmp_path: Path) -> None:
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", SECRET)
        halves(60, 30).save(tmp_path / "a.png", pnginfo=info)
        halves(60, 30).save(tmp_path / "a.jpg", comment=SECRET)
        for name in ("a.png", "a.jpg"):
            assert SECRET.encode() in (tmp_path / name).read_bytes()
            made(tmp_path / name)

    def test_what_is_hidden_behind_the_picture_is_left_out(self, tmp_path: Path) -> None:
        halves(60, 30).save(tmp_path / "a.png")
        with (tmp_path / "a.png").open("ab") as file:
            file.write(b"<script>alert(1)</script>" + SECRET.encode())
        made(tmp_path / "a.png")

    @pytest.mark.parametrize("turn", range(1, 9))
    def test_it_stands_upright(self, tmp_path: Path, turn: int) -> None:
        """What is shown has a red left half, however the file has it."""
        back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's numbers of the ways back
        stored = halves(64, 32)
        if turn > 1:
            stored = stored.transpose(Image.Transpose(back[turn]))
        exif = Image.Exif()
        exif[0x0112] = turn
        stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
        for picture in made(tmp_path / "a.jpg"):
            assert picture.size == (64, 32)
            assert near(picture, (8, 16), (220, 20, 20))
            assert near(picture, (56, 16), (20, 20, 220))

    def test_its_colours_are_those_of_pages(self, tmp_path: Path) -> None:
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        halves(60, 30).save(tmp_path / "a.png", icc_profile=lab)
        assert near(made(tmp_path / "a.png")[0], (5, 5), (220, 20, 20))
        halves(60, 30).save(tmp_path / "b.png", icc_profile=b"no profile at all")
        assert near(made(tmp_path / "b.png")[0], (5, 5), (220, 20, 20))

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "I;16"])
    def test_it_may_be_stored_in_any_way(self, tmp_path: Path, mode: str) -> None:
        ending = "jpg" if mode in ("CMYK", "YCbCr") else "png"
        if mode == "I;16":
            picture = Image.new("I;16", (40, 20), 40_000)
        else:
            picture = Image.new("RGBA", (40, 20), (200, 200, 200, 255)).convert(
                "L" if mode in ("PA", "1", "YCbCr") else mode.replace("CMYK", "RGB")
            )
            picture = picture.convert(mode)
        if mode == "PA":
            picture = picture.convert("P")
        picture.save(tmp_path / f"a.{ending}")
        assert len(made(tmp_path / f"a.{ending}")) == 2

    def test_only_the_first_picture_of_several_is_shown(self, tmp_path: Path) -> None:
        first, second = halves(40, 20), Image.new("RGB", (40, 20), "#0f0")
        first.save(tmp_path / "a.webp", save_all=True, append_images=[second], lossless=True)
        assert near(made(tmp_path / "a.webp")[0], (5, 5), (220, 20, 20))


def png(width: int, height: int, data: bytes) -> bytes:
    """A PNG with a head that may lie about its data."""
    head = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )


class TestDamage:
    """A file may change between the reading of a library and the making of its site."""

    def test_a_file_that_is_gone_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"^The reference picture .*a\.png cannot be shown: .*\.$"):
            measure(reference(tmp_path / "a.png"))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"no picture",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;",
            png(60_000, 60_000, b""),
            png(5001, 5000, zlib.compress(bytes(100))),
        ],
    )
    def test_what_is_no_picture_is_refused(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(UserError, match=r"cannot be shown: it (is|cannot) .*\.$"):
            measure(reference(tmp_path / "a.png"))

    @pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
    def test_a_file_that_was_cut_off_is_refused(self, tmp_path: Path, ending: str) -> None:
        rng = random.Random(1)
        noise = Image.frombytes("RGB", (90, 60), rng.randbytes(90 * 60 * 3))
        noise.save(tmp_path / f"a.{ending}")
        whole = (tmp_path / f"a.{ending}").read_bytes()
        (tmp_path / f"a.{ending}").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UserError, match=r"cannot be shown"):
            list(make(reference(tmp_path / f"a.{ending}"), measure(reference(tmp_path / f"a.{ending}"))))

    def test_a_bomb_in_the_data_is_no_larger_than_the_head_says(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(png(20, 10, zlib.compress(bytes(30_000_000))))
        one = reference(tmp_path / "a.png")
        assert len(dict(make(one, measure(one)))) == 2

    @pytest.mark.parametrize("seed", range(40))
    def test_any_damage_is_one_sentence(self, tmp_path: Path, seed: int) -> None:
        rng = random.Random(seed)
        ending = rng.choice(["jpg", "png", "webp"])
        halves(40, 30).save(tmp_path / f"a.{ending}")
        data = bytearray((tmp_path / f"a.{ending}").read_bytes())
        for _ in range(rng.randint(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (tmp_path / f"a.{ending}").write_bytes(data)
        sentence = complaint(tmp_path / f"a.{ending}")
        assert sentence == "" or sentence.startswith("The reference picture ")
        assert "\n" not in sentence


def complaint(path: Path) -> str:
    """What is said of a file; '' where its two sizes can be made."""
    try:
        found = dict(make(reference(path), measure(reference(path))))
    except UserError as error:
        return str(error)
    return "" if len(found) == 2 else "a size is missing"
