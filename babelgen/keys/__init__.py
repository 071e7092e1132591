"""Keys: addresses and codecs.

A key is the address of one picture. This package turns addresses into text and back (codec `babel2`),
prompts' tokens and embeddings into shelves, pages into start noise, and one address into the next; it draws
random ones. It reads and writes the archive's own keys too (codec `lob1`), and codec.py is the one interface
over both. It is pure: it does no I/O but loading its own table, and its only errors that a user can cause are
UserError and BadKey.
May import: babelgen.errors, numpy and the standard library; never torch.
"""

from babelgen.keys.babel2 import format_key, longest_key, parse_key
from babelgen.keys.codec import CODECS, Codec, Condition, Encoded, Key, Wanted, edition_of
from babelgen.keys.draw import random_address, uniform_address
from babelgen.keys.embeddings import Statistics, embedding_of_shelf, shelf_of_embedding
from babelgen.keys.keyfile import read_key_text
from babelgen.keys.normal import normal_table
from babelgen.keys.numerals import read_number, write_number
from babelgen.keys.order import Level, next_key, previous_key
from babelgen.keys.pages import noise_page, page_noise
from babelgen.keys.shelves import shelf_of_tokens, tokens_of_shelf
from babelgen.keys.space import MAX_STEPS, Address, KeySpace, Shelf, is_edition_id

__all__ = [
    "CODECS",
    "MAX_STEPS",
    "Address",
    "Codec",
    "Condition",
    "Encoded",
    "Key",
    "KeySpace",
    "Level",
    "Shelf",
    "Statistics",
    "Wanted",
    "edition_of",
    "embedding_of_shelf",
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
    "shelf_of_embedding",
    "shelf_of_tokens",
    "tokens_of_shelf",
    "uniform_address",
    "write_number",
]
