"""Keys: addresses and codecs.

A key is the address of one picture. This package turns addresses into text and back (codec `babel2`),
prompts' tokens into shelves, pages into start noise, and one address into the next; it draws random ones. It
is pure: it does no I/O but loading its own table, and its only errors that a user can cause are UserError and
BadKey.
May import: babelgen.errors, numpy and the standard library; never torch.
"""

from babelgen.keys.babel2 import edition_of, format_key, longest_key, parse_key
from babelgen.keys.draw import random_address, uniform_address
from babelgen.keys.keyfile import read_key_text
from babelgen.keys.normal import normal_table
from babelgen.keys.numerals import read_number, write_number
from babelgen.keys.order import Level, next_key, previous_key
from babelgen.keys.pages import noise_page, page_noise
from babelgen.keys.shelves import shelf_of_tokens, tokens_of_shelf
from babelgen.keys.space import MAX_STEPS, Address, KeySpace, Shelf, is_edition_id

__all__ = [
    "MAX_STEPS",
    "Address",
    "KeySpace",
    "Level",
    "Shelf",
    "edition_of",
    "format_key",
    "is_edition_id",
    "longest_key",
    "next_key",
    "noise_page",
    "normal_table",
    "page_noise",
    "parse_key",
    "previous_key",
    "random_address",
    "read_key_text",
    "read_number",
    "shelf_of_tokens",
    "tokens_of_shelf",
    "uniform_address",
    "write_number",
]
