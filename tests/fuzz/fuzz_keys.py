"""A fuzz target: whatever the bytes of a key file are, they are refused in one sentence or are exactly a key.

By hand, with atheris (https://github.com/google/atheris), which no test needs:

    pip install atheris numpy
    python tests/fuzz/fuzz_keys.py -runs=1000000 -max_len=96 -len_control=0

The first byte of an input says how the others become a key file. Plain bytes almost never get past the check, so
that most ways put the right check behind them or damage a key that is right. What the package says of a text
is compared with the independent decoder (tests/keys/independent.py). Any exception that gets out is a finding. Every
100,000 inputs it says what became of the texts.
"""

import contextlib
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import atheris  # type: ignore[import-untyped]

    instrumented = atheris.instrument_imports(include=["babelgen"])
else:
    instrumented = contextlib.nullcontext()

with instrumented:
    import numpy as np

    from babelgen.errors import BadKey
    from babelgen.keys import (
        CODECS,
        KeySpace,
        Shelf,
        Statistics,
        edition_of,
        embedding_of_shelf,
        longest_key,
        noise_page,
        read_key_text,
        shelf_of_embedding,
        shelf_of_tokens,
        tokens_of_shelf,
    )
    from babelgen.keys.codec import LOB1, Babel2, Babel2Key
    from babelgen.keys.lob1 import LENGTH, decode_key, encode_key
    from tests.keys import independent

MEAN = np.array([[0.5, -0.25], [7, 0]], np.float32)
DEVIATION = np.array([[1, 0.5], [0.001, 0]], np.float32)
STATISTICS = Statistics(MEAN, DEVIATION)
SPACE = KeySpace("fuzz-00000000", 10, 2, (1, 1, 3), negative=7, coordinates=2)
STRANGER = independent.Edition("fuzz-00000000", 10, 2, (1, 1, 3), negative=7, coordinates=2)
BABEL2 = Babel2(SPACE)
assert CODECS["babel2"](SPACE) == BABEL2
OPENING = b"babel2:fuzz-00000000:"
ENDINGS = (b"", b"\n", b"\r\n", b"\r", b"\n\n", b" ", b"\0", b"\n\r\n")
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

counts = {"refused files": 0, "refused babel2": 0, "read babel2": 0, "refused lob1": 0, "read lob1": 0}


def one_input(data: bytes) -> None:
    """Judge one input."""
    way, rest = (data[0], data[1:]) if data else (0, b"")
    make = WAYS[way % len(WAYS)]
    judge(make(rest))


def judge(file: bytes) -> None:
    """A file's bytes are refused, or are a key of one codec that says what an independent decoder says."""
    try:
        text = read_key_text(file)
    except BadKey as error:
        one_sentence(error)
        assert refuses(independent.read_file, file)
        counts["refused files"] += 1
        return
    assert independent.read_file(file) == text
    judge_edition(text)
    judge_babel2(text)
    judge_lob1(text)


def judge_edition(text: str) -> None:
    """The edition that a key names is in it."""
    try:
        edition = edition_of(text)
    except BadKey as error:
        one_sentence(error)
    else:
        assert text.startswith(f"babel2:{edition}:")


def judge_babel2(text: str) -> None:
    """As a key of babel2."""
    try:
        key = BABEL2.parse(text)
    except BadKey as error:
        one_sentence(error)
        assert refuses(independent.read_key, text, STRANGER)
        counts["refused babel2"] += 1
        return
    counts["read babel2"] += 1
    assert key.text == text
    assert len(text) <= longest_key(SPACE)
    said = independent.read_key(text, STRANGER)
    assert independent.write_key(said, STRANGER) == text
    judge_address(key, said)


def judge_address(key: Babel2Key, said: independent.Key) -> None:
    """What a key says is what the independent decoder says, and comes back as the same numbers."""
    address = key.address
    shelf, negative = (
        (part.kind, part.number) if part else None for part in (address.shelf, address.negative)
    )
    assert (key.steps, shelf, address.page, negative) == (said.steps, said.shelf, said.page, said.negative)
    judge_shelf(address.shelf)
    if address.negative:
        judge_shelf(address.negative)
    noise = key.noise()
    assert noise.ravel().tolist() == independent.noise_of(address.page, STRANGER.latents)
    assert noise_page(noise) == (address.page, 0)
    for level in ("page", "shelf", "steps"):
        after = key.step(1, level)
        assert after.step(-1, level).text == key.text
        stepped = independent.step_key(said, STRANGER, level, 1)
        assert independent.write_key(stepped, STRANGER) == after.text


def judge_shelf(shelf: Shelf) -> None:
    """A shelf decodes and encodes alike."""
    if shelf.kind == "t":
        ranks = tokens_of_shelf(shelf, SPACE)
        assert list(ranks) == independent.ranks_of(shelf.number, SPACE.vocabulary)
        assert shelf_of_tokens(ranks, SPACE) == shelf
        return
    values = embedding_of_shelf(shelf, SPACE, STATISTICS)
    means, deviations = MEAN.ravel().tolist(), DEVIATION.ravel().tolist()
    assert values.ravel().tolist() == independent.embedding_of(shelf.number, means, deviations)
    assert shelf_of_embedding(values, STATISTICS) == (shelf, 0)


def judge_lob1(text: str) -> None:
    """As a key of lob1; one in 64 of those that are read is decoded and encoded too, which takes long."""
    try:
        key = LOB1.parse(text)
    except BadKey as error:
        one_sentence(error)
        assert not independent.LOB1.fullmatch(text)
        counts["refused lob1"] += 1
        return
    assert independent.LOB1.fullmatch(text)
    counts["read lob1"] += 1
    assert key.text == text
    assert 1 <= key.steps <= 64
    assert key.step(1).step(-1).text == text
    if counts["read lob1"] % 64 == 1:
        parts = decode_key(text)
        encoded = encode_key(parts.steps, parts.embedding, parts.latents)
        assert (encoded.text, encoded.saturated, encoded.unfixed) == (text, 0, ())


def refuses(read: Callable[..., object], *arguments: object) -> bool:
    """Whether the independent decoder refuses it."""
    try:
        read(*arguments)
    except ValueError:
        return True
    return False


def one_sentence(error: BadKey) -> None:
    """A refusal is one line of printable ASCII with a full stop, and no longer than a few lines of a terminal."""
    said = str(error)
    assert said.isascii()
    assert said.isprintable()
    assert said.endswith(".")
    assert len(said) < 300


def plain(data: bytes) -> bytes:
    """The bytes themselves."""
    return data


def signed(data: bytes) -> bytes:
    """ASCII with the right check behind it."""
    body = bytes(byte & 127 for byte in data)
    return body + b"~" + independent.check_of(body.decode("ascii")).encode("ascii")


def opened(data: bytes) -> bytes:
    """The right opening before it and the right check behind it."""
    return signed(OPENING + data)


def spelled(data: bytes) -> bytes:
    """A key of drawn numbers: often a right one, else one with a number beyond its end."""
    numbers = int.from_bytes(data[:16].ljust(16, b"\0"), "little")
    fields = []
    for letters, size in (("", 66), ("tv", 2**10), ("", 2**37), ("", 3), ("tv", 2**10)):
        numbers, kind = divmod(numbers, 2)
        numbers, number = divmod(numbers, size)
        wide = number << 15 if letters and kind and number % 2 else number
        fields.append((letters[kind : kind + 1], wide))
    (_, steps), (kind_t, shelf), (_, page), (_, with_negative), (kind_n, negative) = fields
    text = f"{steps}.{kind_t}{independent.write_number(shelf)}.{independent.write_number(page)}"
    if with_negative:
        text += f".n{kind_n}{independent.write_number(negative)}"
    return opened(text.encode("ascii"))


def damaged(data: bytes) -> bytes:
    """A key of drawn numbers with up to three edits, signed again or not, and something at its end."""
    file = bytearray(spelled(data))
    orders = data[16:28]
    for order in range(0, len(orders) - 2, 3):
        edit, place, byte = orders[order : order + 3]
        place %= len(file)
        if edit % 3 == 0:
            file[place] = byte
        elif edit % 3 == 1:
            file.insert(place, byte)
        else:
            del file[place]
    last = data[-1] if data else 0
    if last & 1 and len(file) > 9:
        file = bytearray(signed(bytes(file[:-9])))
    return bytes(file) + ENDINGS[last >> 1 & 7]


def ended(data: bytes) -> bytes:
    """A key of drawn numbers, and something at its end."""
    return spelled(data) + ENDINGS[data[-1] & 7 if data else 0]


def archive(data: bytes) -> bytes:
    """A text as long as a key of lob1, or nearly: a run of one digit, with digits or any bytes somewhere in it."""
    order, where, what = data[:1] or b"\0", data[1:5], data[5:]
    lengths = (LENGTH,) * 6 + (LENGTH - 1, LENGTH + 1)
    length = lengths[order[0] & 7]
    if order[0] & 24:  # mostly
        what = bytes(ALPHABET[byte & 63] for byte in what)
    place = int.from_bytes(where, "little") % (length + 1 - min(length, len(what)))
    fill = ALPHABET[order[0] >> 5 :: 9][:1] if order[0] & 32 else b"/A"[order[0] >> 7 :][:1]
    file = fill * place + what[:length]
    return file + fill * (length - len(file)) + ENDINGS[order[0] % 3]


# A key of lob1 costs a hundred times as much as another: fewer inputs become one.
WAYS = [plain, signed, opened, spelled, damaged, ended, spelled, damaged] * 4 + [archive]


def main() -> None:
    """Run under atheris; its flags are those of libFuzzer, which ends the process itself."""
    numbers = itertools.count(1)

    def target(data: bytes) -> None:
        one_input(data)
        if next(numbers) % 100_000 == 0:
            print(counts, file=sys.stderr)

    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
