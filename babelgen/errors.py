"""The families of error: what a user can cause, what one picture can cause; any other is our bug.

Law: the text of a UserError is one sentence that says what is wrong and where.
May import: nothing.
"""


class BabelgenError(Exception):
    """Base of every error that is not our bug."""


class UserError(BabelgenError):
    """What a user can cause: one sentence, exit code 1."""


class BadKey(UserError):
    """A key that is refused: one sentence that says what is wrong and where."""


class ItemError(BabelgenError):
    """One picture failed: it is recorded and the run goes on, exit code 4."""


def first_line(error: BaseException) -> str:
    """What a library's error says, as far as it fits into a sentence of ours; its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
