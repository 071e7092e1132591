"""Key files: the bytes of a file that holds one key.

Law: a key file is the key's text in ASCII, with or without one final newline (LF or CRLF). Nothing else is
taken off.
May import: babelgen.errors and the standard library.
"""

import re

from babelgen.errors import BadKey

_WRONG = re.compile(rb"[\r\n\x80-\xff]")


def read_key_text(data: bytes) -> str:
    """The text in a key file's bytes; BadKey when they are empty, not ASCII or more than one line.

    The caller bounds how many bytes it reads, well above any key. The text is not yet a checked key.
    """
    line = data.removesuffix(b"\n")
    if line != data:
        line = line.removesuffix(b"\r")
    if not line:
        raise BadKey("The key file is empty.")
    if wrong := _WRONG.search(line):
        place = wrong.start() + 1
        if wrong[0] in b"\r\n":
            raise BadKey(
                f"Byte {place} of the key file is a line break, and only one final newline may follow a key."
            )
        raise BadKey(f"Byte {place} of the key file is {wrong[0][0]:#04x}, which is not ASCII.")
    return line.decode("ascii")
