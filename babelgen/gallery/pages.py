"""Pages: views into HTML text, by the templates.

Law: nothing is written here, and every value is escaped: autoescape is on for all templates, and no
template marks text as safe.
May import: Jinja2, babelgen.resources, gallery.paths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from babelgen.gallery import paths
from babelgen.resources import shipped

TEMPLATES = shipped("templates")


@dataclass(frozen=True)
class Site:
    """What every page says of the library."""

    id: str
    title: str
    description: str


class Pages:
    """The templates of a site."""

    def __init__(self, templates: Path, site: Site) -> None:
        self._templates = templates
        self._env = Environment(
            loader=FileSystemLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._env.filters["href"] = _href
        self._env.filters["thousands"] = "{:,}".format
        self._env.globals["site"] = site
        self._env.globals["paths"] = paths

    def html(self, template: str, here: str, view: object = None) -> str:
        """The page at the site path `here`, from the template of that name (without its ending)."""
        return self._env.get_template(f"{template}.html").render(here=here, view=view)

    def assets(self) -> Iterator[tuple[str, str]]:
        """(site path, text) of the css, js and svg files."""
        for path in sorted((self._templates / "assets").iterdir()):
            if path.is_file():
                yield paths.asset(path.name), path.read_text(encoding="utf-8")


@pass_context
def _href(context: Context, target: str) -> str:
    return paths.href(target, context["here"])
