"""A second reading of keys, written from docs/keys.md and in nothing but the standard library.

It shares no code with the package, only the data file of the table T. Where both say the same of every key, the
document says enough. It is written to be compared with the document, not to be fast; it tells that a text is no
key (ValueError), not why.
"""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TABLE_FILE = Path(__file__).parents[2] / "babelgen/keys/normal_table.npy"
T = struct.unpack("<4096f", TABLE_FILE.read_bytes()[128:])

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
NUMBER = f"(?:0|[{DIGITS[1:]}][{DIGITS}]*)"
KEY = re.compile(
    rf"babel2:(?P<edition>[a-z0-9]+(?:-[a-z0-9]+)*):(?P<steps>[1-9][0-9]*)\.(?P<shelf>[tv]{NUMBER})\.(?P<page>{NUMBER})"
    rf"(?:\.n(?P<negative>[tv]{NUMBER}))?~(?P<check>[{DIGITS}]{{8}})"
)

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Edition:
    """What a decoder must know of an edition.

    vocabulary: V. capacity: the most tokens of a prompt. negative: the number of the default negative shelf.
    coordinates: coded ones of the statistics, 0 where there are none.
    """

    id: str
    vocabulary: int
    capacity: int
    latents: Shape
    negative: int = 0
    coordinates: int = 0

    def shelves(self, kind: str) -> int:
        """How many shelves of a kind there are."""
        if kind == "t":
            return sum(self.vocabulary**length for length in range(self.capacity + 1))
        return 1 << 12 * self.coordinates if self.coordinates else 0

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return 1 << 12 * math.prod(self.latents)


@dataclass(frozen=True)
class Key:
    """What a babel2 key says; shelves as (kind, number)."""

    steps: int
    shelf: tuple[str, int]
    page: int
    negative: tuple[str, int] | None


def read_file(data: bytes) -> str:
    """The key in a key file's bytes."""
    for ending in (b"\r\n", b"\n"):
        if data.endswith(ending):
            data = data[: -len(ending)]
            break
    if not data or b"\n" in data or b"\r" in data:
        raise ValueError("not one line")
    return data.decode("ascii")


def read_number(text: str) -> int:
    """A numeral of base 32."""
    return int(text.translate(str.maketrans(DIGITS, "0123456789abcdefghijklmnopqrstuv")), 32)


def write_number(number: int) -> str:
    """The numeral of a number, by its bits."""
    bits = bin(number)[2:]
    bits = bits.rjust(math.ceil(len(bits) / 5) * 5, "0")
    return "".join(DIGITS[int(bits[place : place + 5], 2)] for place in range(0, len(bits), 5))


def check_of(body: str) -> str:
    """The check of everything before `~`."""
    digest = hashlib.blake2b(body.encode("ascii"), digest_size=5).digest()
    return write_number(int.from_bytes(digest, "big")).rjust(8, "0")


def read_key(text: str, edition: Edition) -> Key:
    """What a babel2 key says; ValueError for any other text."""
    key = KEY.fullmatch(text)
    if not key or key["check"] != check_of(text[:-9]) or key["edition"] != edition.id:
        raise ValueError("not a key of this edition")
    if len(key["edition"]) > 64 or len(key["steps"]) > 2 or int(key["steps"]) > 64:
        raise ValueError("too large")
    negative = key["negative"]
    read = Key(
        int(key["steps"]),
        _shelf(key["shelf"], edition),
        read_number(key["page"]),
        _shelf(negative, edition) if negative else None,
    )
    if read.page >= edition.pages or read.negative == ("t", edition.negative):
        raise ValueError("no such address")
    return read


def _shelf(text: str, edition: Edition) -> tuple[str, int]:
    kind, number = text[0], read_number(text[1:])
    if number >= edition.shelves(kind):
        raise ValueError("no such shelf")
    return kind, number


def write_key(key: Key, edition: Edition) -> str:
    """The text of a key."""
    fields = [str(key.steps), key.shelf[0] + write_number(key.shelf[1]), write_number(key.page)]
    if key.negative:
        fields.append("n" + key.negative[0] + write_number(key.negative[1]))
    body = f"babel2:{edition.id}:{'.'.join(fields)}"
    return f"{body}~{check_of(body)}"


def step_key(key: Key, edition: Edition, level: str, count: int) -> Key:
    """The key `count` steps on at a level, as one long number of mixed radix."""
    kind, shelf = key.shelf
    steps, page = key.steps - 1, key.page
    shelves, pages = edition.shelves(kind), edition.pages
    if level == "page":
        rank = (steps * shelves + shelf) * pages + page + count
        rank, page = divmod(rank % (64 * shelves * pages), pages)
        steps, shelf = divmod(rank, shelves)
    elif level == "shelf":
        steps, shelf = divmod((steps * shelves + shelf + count) % (64 * shelves), shelves)
    else:
        steps = (steps + count) % 64
    return Key(steps + 1, (kind, shelf), page, key.negative)


def ranks_of(shelf: int, vocabulary: int) -> list[int]:
    """The content ranks of a shelf of kind t."""
    ranks: list[int] = []
    while shelf > 0:
        ranks.insert(0, (shelf - 1) % vocabulary)
        shelf = (shelf - 1) // vocabulary
    return ranks


def digits_of(number: int, count: int) -> list[int]:
    """A number as so many digits of 12 bits, the most significant first."""
    bits = bin(number)[2:].rjust(12 * count, "0")
    return [int(bits[12 * place : 12 * place + 12], 2) for place in range(count)]


def permuted(page: int, shape: Shape) -> int:
    """The page after its permutation."""
    half = 12 * math.prod(shape) // 2
    left, right = divmod(page, 1 << half)
    for r in range(4):
        if r % 2 == 0:
            left ^= _mixed(r, right, half, shape)
        else:
            right ^= _mixed(r, left, half, shape)
    return left << half | right


def _mixed(r: int, number: int, bits: int, shape: Shape) -> int:
    size = math.ceil(bits / 8)
    text = f"babel2/page/{shape[0]}x{shape[1]}x{shape[2]}/{r}/"
    output = hashlib.shake_256(text.encode("ascii") + number.to_bytes(size, "big")).digest(size)
    return int.from_bytes(output, "big") >> (8 * size - bits)


def noise_of(page: int, shape: Shape) -> list[float]:
    """The noise of a page, in C order."""
    return [T[digit] for digit in digits_of(permuted(page, shape), math.prod(shape))]


def embedding_of(shelf: int, means: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """The embedding of a shelf of kind v, in C order."""
    coded = [s > 0 and s >= abs(mean) / 2048 for mean, s in zip(means, deviations, strict=True)]
    digits = iter(digits_of(shelf, sum(coded)))
    values = []
    for mean, deviation, varies in zip(means, deviations, coded, strict=True):
        value = mean + deviation * T[next(digits)] if varies else mean
        values.append(struct.unpack("<f", struct.pack("<f", value))[0])
    return values


LOB1 = re.compile("[A-Za-z0-9+/]{189436}")


def read_lob1(text: str) -> tuple[int, list[float], list[float]]:
    """Steps, embedding and latents of a lob1 key, both in C order; ValueError for any other text."""
    if not LOB1.fullmatch(text):
        raise ValueError("not a lob1 key")
    data = base64.b64decode(text)
    words = [_field(data, 6 + 15 * place, 15) for place in range(59_134 + 16_640)]
    embedding = [_value(word, 4) for word in words[:59_134]]
    embedding.insert(19, -28.078125)
    embedding.insert(681, 33.09375)
    return _field(data, 0, 6) + 1, embedding, [_value(word, 1) for word in words[59_134:]]


def _field(data: bytes, start: int, bits: int) -> int:
    window = int.from_bytes(data[start // 8 : start // 8 + 3], "little")
    return window >> start % 8 & (1 << bits) - 1


def _value(word: int, bias: int) -> float:
    mantissa, exponent, sign = word & 1023, word >> 10 & 15, word >> 14
    magnitude = (1 + mantissa / 1024) * 2.0 ** (exponent + bias - 15)
    return -magnitude if sign else magnitude


def word_of(value: float, bias: int) -> int:
    """The word that a number is written as: the nearest of all, of two equally near the one with the even mantissa."""
    sign = 1 if value < 0 else 0
    words = range(1 << 14)
    nearest = min(words, key=lambda word: (abs(_value(word, bias) - abs(value)), word % 2))
    return sign << 14 | nearest


def step_lob1(text: str, level: int, count: int) -> str:
    """The lob1 key `count` steps on at a level."""
    held = text[len(text) - level :]
    size = len(text) - level
    number = int.from_bytes(base64.b64decode(text), "big") >> 6 * level
    number = (number + count) % 64**size << 6 * level
    moved = base64.b64encode(number.to_bytes(len(text) * 6 // 8, "big")).decode("ascii")
    return moved[:size] + held
