"""Shelves of kind `t`: token sequences as numbers.

Law: bijective base-V numeration, first token most significant. 0 is the empty sequence, 1..V the single
tokens, and so on: every number below the count of shelves is exactly one sequence, and short sequences have
small numbers.
May import: babelgen.errors, space and the standard library.
"""

from collections.abc import Sequence

from babelgen.errors import BadKey, UserError
from babelgen.keys.space import KeySpace, Shelf, shelf_complaint


def shelf_of_tokens(ranks: Sequence[int], space: KeySpace) -> Shelf:
    """The shelf of a token sequence.

    ranks: the content tokens' ranks, 0 .. V - 1 (every id but the tokenizer's start and end, in order of id).
    Raises UserError when there are more than `capacity` tokens, or a rank is out of range; nothing is cut.
    """
    if len(ranks) > space.capacity:
        raise UserError(
            f"The prompt has {len(ranks)} tokens, and edition {space.edition} has room for {space.capacity}."
        )
    number = 0
    for position, rank in enumerate(ranks, start=1):
        if not 0 <= rank < space.vocabulary:
            raise UserError(f"Token {position} is {rank}, which is outside 0 to {space.vocabulary - 1}.")
        number = number * space.vocabulary + rank + 1
    return Shelf("t", number)


def tokens_of_shelf(shelf: Shelf, space: KeySpace) -> tuple[int, ...]:
    """The token sequence of a shelf, as ranks 0 .. V - 1; BadKey when the space has no such shelf."""
    if complaint := shelf_complaint(shelf, space):
        raise BadKey(f"The shelf {complaint}.")
    ranks = []
    number = shelf.number
    while number:
        number, rank = divmod(number - 1, space.vocabulary)
        ranks.append(rank)
    return tuple(reversed(ranks))
