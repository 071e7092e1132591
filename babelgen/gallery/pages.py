"""Pages: views into HTML text, by the templates.

Law: nothing is written here, and every value is escaped: autoescape is on for all templates, and no
template marks text as safe.
May import: Jinja2, babelgen.resources, gallery.assets, gallery.cards, gallery.feeds, gallery.paths, gallery.text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from babelgen.gallery import paths
from babelgen.gallery.assets import read_assets
from babelgen.gallery.cards import card
from babelgen.gallery.feeds import absolute
from babelgen.gallery.text import titled
from babelgen.resources import shipped

TEMPLATES = shipped("templates")


@dataclass(frozen=True)
class Site:
    """What every page says of the library.

    base: the site's address, with a slash at its end, where it has one. glossary: whether it has a glossary.
    """

    id: str
    title: str
    description: str
    base: str = ""
    glossary: bool = False


class Pages:
    """The templates of a site."""

    def __init__(self, templates: Sequence[Path], site: Site) -> None:
        """templates: folders; what is in one of them goes before what is called so in a later one."""
        self._assets = read_assets(*(folder / "assets" for folder in templates))
        self._site = site
        self._env = Environment(
            loader=FileSystemLoader([*templates]),
            auto_reload=False,  # each page would ask the disk for the template's time
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._env.filters["href"] = self._href
        self._env.filters["absolute"] = partial(absolute, site.base)
        self._env.globals["card"] = partial(card, title=site.title, description=site.description)
        self._env.filters["titled"] = titled
        self._env.filters["thousands"] = "{:,}".format
        self._env.globals["site"] = site
        self._env.globals["paths"] = paths

    def html(self, template: str, here: str, view: object = None) -> str:
        """The page at the site path `here`, from the template of that name (without its ending)."""
        return self.template(template).render(here=here, view=view)

    def template(self, name: str) -> Template:
        """The template of that name (without its ending)."""
        return self._env.get_template(f"{name}.html")

    def assets(self) -> Iterator[tuple[str, str | bytes]]:
        """(site path, text or bytes) of the css, js and svg files, and of others."""
        return self._assets.files()

    @pass_context
    def _href(self, context: Context, target: str) -> str:
        """The link to a site path, where an asset may be called by its plain name."""
        path = self._assets.address(target)
        if context["here"] == paths.MISSING and self._site.base:  # a server shows that page at any address
            return urlsplit(absolute(self._site.base, "")).path + paths.href(path, "")
        return paths.href(path, context["here"])
