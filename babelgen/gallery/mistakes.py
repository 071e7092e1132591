"""Mistakes in somebody's own templates, as one sentence with the template and its line.

Law: it is told in the process that meets it, since an error that goes to another one leaves behind where it was. A mistake
in the shipped templates is ours, and stays the error that it is.
May import: the standard library, jinja2, babelgen.errors, gallery.pages.
"""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jinja2 import TemplateError, TemplateSyntaxError

from babelgen.errors import UserError, first_line
from babelgen.gallery.pages import TEMPLATES


@contextmanager
def telling_of_templates(folders: Sequence[Path]) -> Iterator[None]:
    """Turn what is wrong with templates of the user's into a UserError. folders: of templates, the shipped ones among them."""
    try:
        yield
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        own = next((folder for folder in folders if folder != TEMPLATES), None)
        place = "" if own is None else _place(error, own)
        if not place:
            raise
        raise UserError(
            f"The template {place} cannot be used (templates of {own} go first): {first_line(error).rstrip('.')}."
        ) from error


def _place(error: Exception, own: Path) -> str:
    """Where a mistake is in somebody's own templates: the name of one and its line; '' where it is not in them."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(own)]
    if inside:
        return f"{Path(inside[-1].filename).name}, line {inside[-1].lineno}"
    if isinstance(error, UnicodeDecodeError) and (bad := _not_utf8(own)):
        return bad.name
    return (getattr(error, "name", None) or "in use") if isinstance(error, TemplateError) else ""


def _not_utf8(own: Path) -> Path | None:
    """The first template in a folder that is not UTF-8."""
    for path in sorted(own.glob("*.html")):
        try:
            path.read_text("utf-8")
        except UnicodeDecodeError:
            return path
    return None
