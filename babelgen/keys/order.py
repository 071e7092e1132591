"""Order: the address before and the address after.

Law: the addresses of a space whose shelves are of one kind are the numbers (steps, shelf, page) in mixed radix,
page last; no step leads to another kind. A step of any length is one addition with carry and wraps at both
ends. The level says which digit steps; the lower ones are held, and so is the negative shelf at every level.
May import: space and the standard library.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from babelgen.keys.space import MAX_STEPS, Address, KeySpace, Shelf, require_address

Level = Literal["page", "shelf", "steps"]

_MOVING: dict[Level, int] = {"steps": 1, "shelf": 2, "page": 3}  # how many of the leading digits take part


def next_key(address: Address, space: KeySpace, level: Level = "page", count: int = 1) -> Address:
    """The address `count` steps further on at this level; a negative count steps back.

    Level `page` steps the page and carries into the shelf and the steps; `shelf` steps the shelf, carries
    into the steps and holds the page; `steps` steps only those. The last address of a kind is followed by the
    first of that kind. The time does not depend on the count but for its length. Raises BadKey when the space
    has no such address.
    """
    steps, shelf, page = walk(address, space, level)(count)
    return replace(address, steps=steps, shelf=Shelf(address.shelf.kind, shelf), page=page)


def previous_key(address: Address, space: KeySpace, level: Level = "page", count: int = 1) -> Address:
    """The address `count` steps back at this level: `next_key` the other way round."""
    return next_key(address, space, level, -count)


def walk(address: Address, space: KeySpace, level: Level = "page") -> Callable[[int], tuple[int, int, int]]:
    """What tells steps, shelf and page of the address that is so many steps further on: see `next_key`."""
    require_address(address, space)
    digits = (address.steps - 1, address.shelf.number, address.page)
    moving = _MOVING[level]
    front, held = digits[:moving], digits[moving:]
    radices = (MAX_STEPS, space.shelves_of(address.shelf.kind), space.pages)[:moving]

    def places(count: int) -> tuple[int, int, int]:
        steps, shelf, page = advance(front, radices, count) + held
        return steps + 1, shelf, page

    return places


def advance(digits: tuple[int, ...], radices: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The digits of a mixed-radix number, most significant first, plus count; the last carry is lost."""
    moved = []
    carry = count
    for digit, radix in zip(reversed(digits), reversed(radices), strict=True):
        carry, digit = divmod(digit + carry, radix)
        moved.append(digit)
    return tuple(reversed(moved))
