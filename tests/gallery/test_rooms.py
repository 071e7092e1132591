"""Rooms on pages: essays, reference pictures, the chosen few, captions that unfold, and the glossary."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from PIL import Image

from babelgen.errors import UserError
from babelgen.gallery import paths
from babelgen.rooms import NO_ROOM, Reference, Room, Term

from .links import check, unreached
from .made_up import HOSTILE, MadeCollection, MadeLibrary, made_up, row
from .reader import Reader
from .test_axes import MadeAxes, tabled
from .test_safety import Skeleton, skeletons
from .test_site import files, item, stamps

SHEET = paths.sheet("found")


def changed(library: MadeLibrary, site: Path) -> set[str]:
    """The files of a site that another build adds, changes or removes."""
    before = files(site)
    library.build(site)
    after = files(site)
    return {name for name in before | after if before.get(name) != after.get(name)}


def refurnish(library: MadeLibrary, **changes: object) -> None:
    """Change what is in the room of the third collection."""
    one = library.collections[2]
    room = replace(one.room, **changes)  # type: ignore[arg-type]
    library.collections = (*library.collections[:2], replace(one, room=room), *library.collections[3:])


def section(page: str, anchor: str) -> str:
    """The section of a page that has an element of that id, up to the next section's end."""
    start = page.index(f'id="{anchor}"')
    return page[start : page.index("</section>", start)]


class TestEssay:
    def test_it_stands_on_the_first_sheet_as_markup(self, site: Path) -> None:
        essay = section((site / SHEET).read_text("utf-8"), "room-essay")
        assert "<strong>did</strong>" in essay
        assert '<h2 id="essay-a-heading-with-b-no-markup-b" dir="auto">' in essay
        assert "&lt;b&gt;no markup&lt;/b&gt;" in essay
        assert '<th dir="auto" class="to-right">b</th>' in essay

    def test_its_links_lead_to_what_is_there(self, site: Path) -> None:
        essay = section((site / SHEET).read_text("utf-8"), "room-essay")
        assert '<a href="../pages/item-00002.html">the pages</a>' in essay
        assert ", nothing, or" in essay
        assert '<a href="https://example.org/" rel="external noopener">elsewhere</a>' in essay
        assert '<a href="#essay-a-heading-with-b-no-markup-b">Above</a>' in essay

    def test_other_pages_tell_it_by_its_first_sentence(self, site: Path) -> None:
        home = (site / paths.HOME).read_text("utf-8")
        assert '<span class="teaser" dir="auto">Who asked for the sea?</span>' in home

    def test_only_the_first_sheet_has_the_room(self, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        library.root.mkdir()
        (library.root / "a.md").write_text("An essay.")
        room = Room(essay=library.root / "a.md", chosen=(121,), captions={121: "Far back", 1: "In front"})
        rows = [row(page, f"prompt {page}") for page in range(125)]
        library.add(MadeCollection("many", "Many", room=room), rows)
        library.build(tmp_path / "site")
        first, second = ((tmp_path / "site" / paths.sheet("many", number)).read_text() for number in (1, 2))
        assert "An essay." in first
        assert "An essay." not in second
        assert first.count("Far back") == second.count("Far back") == 1  # with the chosen, and at its place
        assert (first.count("In front"), second.count("In front")) == (1, 0)
        assert first.count('class="plate"') == 121

    def test_a_collection_without_a_room_has_none_of_it(self, site: Path) -> None:
        page = (site / paths.sheet("pages")).read_text("utf-8")
        assert "room-" not in page
        assert "<details" not in page

    def test_a_collection_with_nothing_printed_has_its_essay(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        library.rows.clear()
        library.build(tmp_path / "site")
        page = (tmp_path / "site" / SHEET).read_text("utf-8")
        assert "<strong>did</strong>" in page
        assert "Nothing of this collection is printed yet" in page
        assert "room-chosen" not in page
        assert check(tmp_path / "site") == []

    def test_an_essay_that_is_gone_leaves_the_old_site(self, library: MadeLibrary, tmp_path: Path) -> None:
        library.build(tmp_path / "site")
        before = stamps(tmp_path / "site")
        essay = library.collections[2].room.essay
        assert essay
        essay.unlink()
        with pytest.raises(UserError, match=r"essay\.md cannot be read"):
            library.build(tmp_path / "site")
        assert files(tmp_path / "site").keys() >= {SHEET}
        after = stamps(tmp_path / "site")
        assert {name: after.get(name) for name in before if ".babelgen" not in name} == {
            name: stamp for name, stamp in before.items() if ".babelgen" not in name
        }


LINKS = {
    "../../index.html": "../../index.html",
    "../../prompts.html": "../../prompts.html",
    "../../about.html": "../../about.html",
    "../../search.html": "../../search.html",
    "../../glossary.html": "../../glossary.html",
    "../../editions/mini-7k3q9d2x.html": "../../editions/mini-7k3q9d2x.html",
    "../../editions/other.html": "",
    "../pages/index.html": "../pages/index.html",
    "../pages/../pages/./index.html": "../pages/index.html",
    "../gone/index.html": "",
    "../pages/item-00008.html": "../pages/item-00008.html",
    "../pages/item-00009.html": "",
    "../pages/item-8.html": "",
    "../pages/item-000008.html": "",
    "item-00003.html": "item-00003.html",
    "index.html": "index.html",
    "../../../index.html": "",
    "../../../../../etc/passwd.html": "",
    "/index.html": "",
    "../../favourites.html": "../../favourites.html",
    "../../profiles.html": "../../profiles.html",
    "../../profiles.html#profile-": "../../profiles.html#profile-",
    "../../404.html": "../../404.html",
    "../../prompts-0123456789ab.html": "",
    "../pages/page-2.html": "",
    "../pages/page-0.html": "",
    "../pages/page-1.html": "",
    "../pages/table.html": "",
    "../pages/index-1.html": "",
    "../../glossary.html#term-sea": "../../glossary.html#term-sea",
    "../pages/item-00002.html#again-title": "../pages/item-00002.html#again-title",
    "index.html#A-heading-with-b-no-markup-b": "index.html#essay-a-heading-with-b-no-markup-b",
    "index.html#room-chosen": "index.html#room-chosen",
    "../gone/index.html#a": "",
    "../../about.html#": "../../about.html#",
    "../../search.html#q=sea&steps=20": "../../search.html#q=sea&amp;steps=20",
}


@pytest.mark.parametrize("where", [SHEET, paths.item("found", 1)])
def test_texts_link_to_pages_that_are_there_as_seen_from_where_they_stand(
    library: MadeLibrary, tmp_path: Path, where: str
) -> None:
    text = " ".join(f"[n{number}n]({link})" for number, link in enumerate(LINKS))
    refurnish(library, captions={1: text})
    library.build(tmp_path / "site")
    told = (tmp_path / "site" / where).read_text("utf-8").partition('class="note"')[2]
    found = {int(number): link for link, number in re.findall(r'href="([^"]+)">n(\d+)n</a>', told)}
    assert found == {number: link for number, link in enumerate(LINKS.values()) if link}
    astray = [line for line in check(tmp_path / "site") if "profile-" not in line]
    assert astray == []


def test_texts_link_to_further_pages_of_a_list_where_there_are_some(tmp_path: Path) -> None:
    axes = MadeAxes(tuple(f"c{at}" for at in range(100)), ("r1", "r2", "r3"))
    library = tabled(tmp_path / "library", axes, 121)
    links = {"page-2": True, "page-3": False, "table": True, "table-2": True, "table-3": False}
    one = library.collections[0]
    text = " ".join(f"[n{name}n]({name}.html)" for name in links)
    library.collections = (replace(one, room=Room(captions={1: text})),)
    rows = [row(at, f"of many {at}", "tm") for at in range(600)]
    library.add(MadeCollection("many", "Many"), rows)
    library.build(tmp_path / "site")
    told = item(tmp_path / "site", "grid", 1).partition('class="note"')[2]
    found = set(re.findall(r'href="([a-z0-9-]+)\.html">n\1n</a>', told))
    assert found == {name for name, there in links.items() if there}
    lists = sorted(path.name for path in (tmp_path / "site").glob("prompts-*.html"))
    assert lists
    library.collections = (
        replace(library.collections[0], room=Room(captions={1: f"[x](../../{lists[0]})"})),
        *library.collections[1:],
    )
    assert changed(library, tmp_path / "site") == {paths.sheet("grid"), paths.item("grid", 1)}
    assert f'<a href="../../{lists[0]}">x</a>' in item(tmp_path / "site", "grid", 1)
    library.collections = library.collections[:1]  # the list of prompts is a single page now
    library.build(tmp_path / "site")
    assert check(tmp_path / "site") == []
    assert lists[0] not in item(tmp_path / "site", "grid", 1)


class TestChosen:
    def test_they_stand_large_in_their_order(self, site: Path) -> None:
        chosen = section((site / SHEET).read_text("utf-8"), "room-chosen")
        assert re.findall(r'class="plate" href="item-0000(\d)\.html"', chosen) == ["2", "1"]
        assert len(re.findall(r'src="../../views/', chosen)) == 2

    def test_they_come_first_among_the_collections_covers(self, site: Path) -> None:
        home = (site / paths.HOME).read_text("utf-8")
        drawer = next(part for part in home.split('class="drawer"') if "Found" in part)
        chosen = section((site / SHEET).read_text("utf-8"), "room-chosen")
        names = re.findall(r'src="[^"]+/(\w+)\.webp"', chosen)
        assert len(names) == 2
        assert re.findall(r'src="[^"]+/(\w+)\.webp"', drawer)[:2] == names

    def test_what_is_not_printed_is_left_out(self, library: MadeLibrary, tmp_path: Path) -> None:
        del library.rows[library.collections[2].entries[1].name]
        library.build(tmp_path / "site")
        chosen = section((tmp_path / "site" / SHEET).read_text("utf-8"), "room-chosen")
        assert re.findall(r'class="plate" href="item-0000(\d)\.html"', chosen) == ["1"]

    def test_a_flagged_one_is_left_out_with_its_caption(self, library: MadeLibrary, tmp_path: Path) -> None:
        one = library.rows[library.collections[2].entries[0].name]
        library.flag(one)
        library.build(tmp_path / "site")
        assert not [name for name, data in files(tmp_path / "site").items() if b"<strong>first" in data]
        assert check(tmp_path / "site") == []


class TestCaptions:
    def test_they_unfold_where_their_pictures_are(self, site: Path) -> None:
        sheet = (site / SHEET).read_text("utf-8")
        folded = re.findall(r'<details class="note"><summary>.*?</summary>(.*?)</details>', sheet, re.DOTALL)
        assert len(folded) == 4  # two among the chosen, and the same two at their places
        assert sum("<strong>first</strong>" in note for note in folded) == 2
        assert sum("&lt;script&gt;" in note for note in folded) == 2

    def test_a_pictures_page_shows_it(self, site: Path) -> None:
        assert "<strong>first</strong>" in item(site, "found", 1)
        assert 'class="note" open' in item(site, "found", 1)
        assert 'class="note"' not in item(site, "found", 3)

    def test_it_is_of_the_collection_not_of_the_picture(self, shared: MadeLibrary, site: Path) -> None:
        names = [entry.name for entry in shared.collections[2].entries]
        assert names[0] == names[2]
        assert 'class="note"' not in item(site, "pages", 4)  # the same picture

    def test_they_unfold_without_javascript(self, plain_reader: Reader) -> None:
        page = plain_reader.open(SHEET)
        note = page.locator("details.note").first
        assert not note.locator("p").is_visible()
        note.locator("summary").click()
        assert note.locator("p").inner_text() == "<script>alert(1)</script>"


class TestAskedFor:
    def test_a_prompt_that_its_key_says_in_other_words_is_told(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        refurnish(library, asked=(("The  <b>SEA</b>", "<script>alert(1)</script>"), 1))
        library.build(tmp_path / "site")
        told = '<dt>Asked for</dt><dd dir="auto">The &lt;b&gt;SEA&lt;/b&gt;</dd>'
        assert told in item(tmp_path / "site", "found", 1)
        assert "Asked for" not in item(tmp_path / "site", "found", 2)  # the same text
        assert "Asked for" not in item(tmp_path / "site", "found", 3)  # nobody asked

    def test_another_spelling_changes_the_page(self, library: MadeLibrary, tmp_path: Path) -> None:
        refurnish(library, asked=(("The Sea",), 1))
        library.build(tmp_path / "site")
        refurnish(library, asked=(("The SEA",), 1))
        assert changed(library, tmp_path / "site") == {paths.item("found", 1)}


class TestReferences:
    def test_their_two_sizes_are_in_the_site(self, site: Path) -> None:
        shown = section((site / SHEET).read_text("utf-8"), "room-references")
        found = sorted(site.glob("references/*"))
        assert len(found) == 4
        assert {Image.open(path).size for path in found} == {(600, 400), (480, 320), (30, 40)}
        assert {path.name for path in found} == {
            Path(link).name for link in re.findall(r'(?:src|href)="([^"]+webp)"', shown)
        }
        assert shown.count('loading="lazy"') == 2
        assert 'width="480" height="320"' in shown

    def test_they_say_what_they_are_and_where_they_are_from(self, site: Path) -> None:
        shown = section((site / SHEET).read_text("utf-8"), "room-references")
        assert 'alt="Reference picture: A boat on the sea"' in shown
        assert "<em>A boat</em>" in shown
        assert '<a href="https://example.org/a?b=c&amp;d" rel="external noopener">Source</a>' in shown
        assert 'Source: <span dir="auto">an &lt;i&gt;album&lt;/i&gt;</span>' in shown
        assert "Nobody" in shown

    def test_the_name_of_the_file_is_not_told(self, site: Path) -> None:
        assert not [
            name for name, data in files(site).items() if b"texts/a.png" in data or name.endswith("/a.png")
        ]

    def test_a_picture_that_is_none_any_more_leaves_the_old_site(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        library.build(tmp_path / "site")
        before = files(tmp_path / "site")
        library.collections[2].room.references[0].path.write_text("<svg/>")
        with pytest.raises(
            UserError, match=r"^The reference picture .*a\.png cannot be shown: it is no picture"
        ):
            library.build(tmp_path / "site")
        assert files(tmp_path / "site") == before

    def test_the_same_file_twice_is_there_once(self, library: MadeLibrary, tmp_path: Path) -> None:
        one = library.collections[2].room.references[0]
        refurnish(library, references=(one, replace(one, caption="Again"), one))
        library.build(tmp_path / "site")
        assert len(list((tmp_path / "site/references").iterdir())) == 2


class TestGlossary:
    def test_a_term_is_explained_and_leads_to_where_it_is_used(self, site: Path) -> None:
        page = (site / paths.glossary()).read_text("utf-8")
        assert re.findall(r'<div id="(term-\w+)">', page) == ["term-sea", "term-sunset", "term-words"]
        sea = page[page.index('id="term-sea"') : page.index('id="term-sunset"')]
        assert "also seas, the &lt;i&gt;deep&lt;/i&gt;" in sea
        assert '<a class="term" href="#term-sunset">sunset</a>' in sea
        assert '<a href="collections/found/index.html" dir="auto">Found</a>' in sea
        assert '<a href="collections/pages/index.html"' in sea  # its prompt says so
        assert "collections/sample" not in sea

    def test_essays_captions_and_prompts_lead_to_it(self, site: Path) -> None:
        link = '<a class="term" href="../../glossary.html#term-sea">sea</a>'
        assert link in section((site / SHEET).read_text("utf-8"), "room-essay")
        assert link in item(site, "found", 1).partition('class="note"')[2]
        heading = re.search(r'<h1 id="title">.*</h1>', item(site, "pages", 1))
        assert heading
        assert heading[0] == (
            '<h1 id="title"><span class="words" dir="auto">the <a class="term" href="../../glossary.html#term-sea">sea</a>'
            ' at <a class="term" href="../../glossary.html#term-sunset">sunset</a></span></h1>'
        )

    def test_of_many_words_of_a_prompt_the_first_ones_lead_to_it(self, tmp_path: Path) -> None:
        library = made_up(tmp_path / "library")
        library.glossary = tuple(Term(f"w{number}", (), "x") for number in range(40))
        prompt = " ".join(one.term for one in library.glossary)
        library.add(MadeCollection("words", "Words"), [row(0, prompt, "tw")])
        library.build(tmp_path / "site")
        assert item(tmp_path / "site", "words", 1).count('class="term"') == 12

    def test_pages_lead_to_it_only_where_there_is_one(
        self, library: MadeLibrary, site: Path, tmp_path: Path
    ) -> None:
        assert 'href="glossary.html"' in (site / paths.HOME).read_text("utf-8")
        library.glossary = ()
        library.build(tmp_path / "site")
        assert not (tmp_path / "site/glossary.html").exists()
        assert not [name for name, data in files(tmp_path / "site").items() if b"glossary.html" in data]
        assert check(tmp_path / "site") == []

    def test_a_large_one_is_still_a_page(self, tmp_path: Path) -> None:
        library = made_up(tmp_path / "library")
        library.glossary = tuple(Term(f"w{number} x", (), f"See w{number + 1} x.") for number in range(1000))
        library.build(tmp_path / "site")
        assert (tmp_path / "site/glossary.html").read_text().count('class="term"') == 999
        assert check(tmp_path / "site") == []


class TestBuildingAgain:
    @pytest.fixture
    def built(self, library: MadeLibrary, tmp_path: Path) -> Path:
        library.build(tmp_path / "site")
        return tmp_path / "site"

    def test_nothing_changed_writes_nothing(self, library: MadeLibrary, built: Path) -> None:
        before = stamps(built)
        library.build(built)
        assert stamps(built) == before

    def test_a_changed_essay_changes_its_page_and_nothing_else(
        self, library: MadeLibrary, built: Path
    ) -> None:
        essay = library.collections[2].room.essay
        assert essay
        essay.write_text(essay.read_text("utf-8") + "\n\nAnd the moon.\n", "utf-8")
        assert changed(library, built) == {SHEET}
        assert "And the moon." in (built / SHEET).read_text("utf-8")

    def test_a_changed_first_sentence_changes_the_page_that_tells_it(
        self, library: MadeLibrary, built: Path
    ) -> None:
        essay = library.collections[2].room.essay
        assert essay
        essay.write_text("Nobody asked for the sea, or a sunset.", "utf-8")
        assert changed(library, built) == {SHEET, paths.HOME}

    def test_a_changed_caption_changes_where_it_stands(self, library: MadeLibrary, built: Path) -> None:
        refurnish(library, captions={1: "Another, of the sea.", 2: "<script>alert(1)</script>"})
        assert changed(library, built) == {SHEET, paths.item("found", 1)}

    def test_a_caption_that_is_gone_is_gone(self, library: MadeLibrary, built: Path) -> None:
        refurnish(library, captions={})
        assert changed(library, built) == {SHEET, paths.item("found", 1), paths.item("found", 2)}

    def test_other_chosen_ones_change_the_sheet_and_the_covers(
        self, library: MadeLibrary, built: Path
    ) -> None:
        refurnish(library, chosen=(1,))
        assert changed(library, built) == {SHEET, paths.HOME}

    def test_another_explanation_changes_the_glossary_alone(self, library: MadeLibrary, built: Path) -> None:
        library.glossary = (*library.glossary[:2], replace(library.glossary[2], explanation="Said."))
        assert changed(library, built) == {paths.glossary()}

    def test_another_picture_takes_the_place_of_the_one_before(
        self, library: MadeLibrary, built: Path
    ) -> None:
        one = library.collections[2].room.references[0]
        Image.new("RGB", (700, 400), "#284").save(one.path)
        found = changed(library, built)
        assert len(found) == 5
        assert len(list((built / "references").iterdir())) == 4
        assert check(built) == []

    def test_a_room_that_is_gone_takes_its_files_along(self, library: MadeLibrary, built: Path) -> None:
        one = library.collections[2]
        library.collections = (*library.collections[:2], replace(one, room=NO_ROOM), library.collections[3])
        library.build(built)
        assert not (built / "references").exists()
        assert not [
            name for name, data in files(built).items() if b"room-" in data and name.endswith(".html")
        ]

    def test_a_page_that_a_text_links_to_may_come_and_go(self, library: MadeLibrary, built: Path) -> None:
        name = library.collections[0].entries[1].name
        held = library.rows.pop(name)
        library.build(built)
        assert "the pages</a>" not in (built / SHEET).read_text("utf-8")
        assert check(built) == []
        library.rows[name] = held
        library.build(built)
        assert "the pages</a>" in (built / SHEET).read_text("utf-8")
        assert unreached(built) == {"404.html"}


def told(root: Path, text: str) -> Path:
    """The site of a library with the text wherever a room has one."""
    library = MadeLibrary(root / "library", title="A library")
    library.root.mkdir(parents=True)
    essay, picture = library.root / "essay.md", library.root / "picture.png"
    essay.write_text(f"Begin {text} end.", "utf-8", "surrogatepass")
    Image.new("RGB", (8, 8)).save(picture)
    room = Room(
        essay=essay if "\ud800" not in text else None,
        references=(Reference(picture, f"A {text}", text or " ", text or " "),),
        chosen=(1,),
        captions={1: f"Of {text} it is"},
    )
    library.glossary = (Term(f"word {text}", (f"form {text}",), f"It is {text} so"),)
    library.add(MadeCollection("one", "One", room=room, origin=f"From {text}"), [row(1, "a prompt")])
    library.build(root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, ...]]]:
    return skeletons(told(tmp_path_factory.mktemp("harmless"), "some words"))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text and "\ud800" not in text])
def test_texts_add_nothing_to_a_page(
    tmp_path: Path, harmless: dict[str, list[tuple[str, ...]]], text: str
) -> None:
    site = told(tmp_path, text)
    assert skeletons(site) == harmless
    page = unescape((site / paths.sheet("one")).read_text("utf-8"))
    assert "\u202e" not in page
    assert not any("onerror" in bone for bone in Skeleton(page.partition("<main")[0]).bones)


def test_a_room_runs_nothing_in_a_browser(reader: Reader) -> None:
    reader.open(SHEET)
    reader.page.locator("details").first.click()
    reader.open(paths.item("found", 2))
    reader.open(paths.glossary("term-sea"))
    assert reader.page.locator(":target dt").inner_text().startswith("sea")
