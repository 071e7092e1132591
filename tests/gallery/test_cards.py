"""Cards: what other sites show of a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from babelgen.gallery import paths
from babelgen.gallery.cards import Card, card
from babelgen.gallery.intake import take
from babelgen.gallery.rooms import Rooms
from babelgen.gallery.site import heading
from babelgen.gallery.views import Views

from .made_up import MINI, MadeCollection, MadeLibrary, neighbours, row


def views_of(library: MadeLibrary, folder: Path) -> Views:
    index = take(folder / "snapshot", library, library, False, "a test", None)
    return Views(
        index,
        neighbours,
        library.profiles(),
        Rooms([heading(one) for one in library.collections], library.glossary),
    )


@pytest.fixture
def views(shared: MadeLibrary, tmp_path: Path) -> Iterator[Views]:
    made = views_of(shared, tmp_path)
    yield made
    made.index.close()


def of(view: object) -> Card:
    return card(view, "A made-up library", "Pictures that nobody rendered.")


def test_home_shows_the_first_cover(views: Views) -> None:
    found = of(views.home())
    assert (found.title, found.description) == ("A made-up library", "Pictures that nobody rendered.")
    assert found.image == paths.picture(row(0, "").name)


def test_a_collection_says_what_it_is(views: Views) -> None:
    pages, sample, found, empty = views.index.drawers
    assert of(views.sheet(pages, 1)).title == "The first pages <em>"
    assert of(views.sheet(pages, 1)).description == "Eight pages & one prompt."
    assert of(views.sheet(sample, 1)).description == "A collection of “A made-up library”."
    assert of(views.sheet(empty, 1)).image == ""
    assert of(views.sheet(found, 1)).image == paths.picture(
        row(0, "", "t0h").name
    )  # the first of the chosen few


def test_an_item_says_its_prompt_and_its_place(views: Views) -> None:
    drawer = views.index.drawers[0]
    (window, *_) = views.index.walk(drawer)
    found = of(views.item(drawer, 1, window))
    assert found.title == "the sea at sunset"
    assert found.description == "Number 1 of “The first pages <em>”. Its key alone re-creates it."
    assert (found.image, found.width, found.height) == (paths.picture(row(0, "").name), 32, 20)
    assert found.alt == "Picture for “the sea at sunset”"


def test_others_say_whose_they_are(views: Views) -> None:
    assert of(views.edition(MINI)).title == "Mini"
    assert of(views.prompts(1)).title == "Prompts of “A made-up library”"
    assert of(views.glossary()).title == "Glossary of “A made-up library”"
    assert of(None) == Card("A made-up library", "Pictures that nobody rendered.")


def test_long_texts_are_short_in_cards(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(
        MadeCollection("one", "T" * 5000, description="D" * 5000), [row(1, "x" * 100_000), row(2, "")]
    )
    views = views_of(library, tmp_path)
    drawer = views.index.drawers[0]
    for found in (
        of(views.sheet(drawer, 1)),
        *(of(views.item(drawer, 1, window)) for window in views.index.walk(drawer)),
        card(None, "L" * 5000, "M" * 5000),
    ):
        assert 0 < len(found.title) <= 80
        assert 0 < len(found.description) <= 300
        assert len(found.alt) <= 300


def test_a_prompt_that_is_longer_than_the_title_goes_on_below(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(MadeCollection("one", "One"), [row(1, "a town " * 20)])
    views = views_of(library, tmp_path)
    drawer = views.index.drawers[0]
    (window,) = views.index.walk(drawer)
    assert of(views.item(drawer, 1, window)).description.startswith("a town a town")


@pytest.mark.parametrize(
    ("size", "kind"),
    [((640, 416), "summary_large_image"), ((300, 157), "summary_large_image"), ((299, 400), "summary"), ((0, 0), "summary")],
)  # fmt: skip
def test_only_a_large_picture_has_a_large_card(size: tuple[int, int], kind: str) -> None:
    assert Card("a", "b", "c", *size).kind == kind
