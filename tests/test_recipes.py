"""Recipes and their copies: what a user wrote stays, whoever wrote it where."""

import multiprocessing
import re
import tomllib
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from babelgen.commands.render import find_library
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.library import Library, load_library, read_library
from babelgen.resources import shipped
from babelgen.store import add_collection, add_generations, copy_recipe

RECIPE = """\
# A comment at the top.
title = "Books"   # and one behind
edition = "words.toml"

[[collection]]
name = "first"
kind = "range"
count = 2  # as few as may be
"""
SECOND = """
[[collection]]
name = "second"
kind = "range"
edition = "words.toml"
count = 1
"""
ADDED = {"name": "found", "title": "Found", "kind": "search", "prompts": ["the sea"], "count": 3}


@pytest.fixture
def recipe(tmp_path: Path, words_edition_file: Path) -> Path:
    """A recipe in a folder of its own, its edition beside it."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/words.toml").symlink_to(words_edition_file)
    path = tmp_path / "recipes/books.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def root(tmp_path: Path, recipe: Path) -> Path:
    """The library of the recipe."""
    copy_recipe(recipe, tmp_path / "library")
    return tmp_path / "library"


def copy(root: Path) -> str:
    return (root / "library.toml").read_bytes().decode()


def slugs(library: Library) -> list[str]:
    return [collection.slug for collection in library.collections]


def test_a_copy_is_the_recipe_but_for_where_its_edition_lies(
    root: Path, recipe: Path, words_edition_file: Path
) -> None:
    assert copy(root) == RECIPE.replace('"words.toml"', f'"{words_edition_file}"')
    assert (root / "recipe.toml").read_text() == recipe.read_text() == RECIPE


def test_edition_files_beside_the_recipe_are_found_from_the_copy(
    root: Path, recipe: Path, words_edition: Edition
) -> None:
    recipe.write_text(RECIPE + SECOND)
    copy_recipe(recipe, root)
    assert [entry.edition.id for entry in load_library(root).entries()] == [words_edition.id] * 3


def test_an_edited_copy_stays_while_the_recipe_is_the_same(root: Path, recipe: Path) -> None:
    edited = copy(root).replace("count = 2", "count = 5")
    (root / "library.toml").write_text(edited)
    copy_recipe(recipe, root)
    assert copy(root) == edited


def test_a_changed_recipe_replaces_the_copy_and_keeps_what_was_added(root: Path, recipe: Path) -> None:
    (root / "library.toml").write_text(copy(root).replace("count = 2", "count = 5"))
    add_collection(root, ADDED)
    before = copy(root)
    recipe.write_text(RECIPE + SECOND)
    for _ in range(2):
        copy_recipe(recipe, root)
        library = load_library(root)
        assert slugs(library) == ["first", "second", "found"]
        assert [collection.spec.count() for collection in library.collections] == [2, 1, 3]
        assert [collection.added for collection in library.collections] == [False, False, True]
    assert (root / "library.toml.old").read_text() == before
    assert "# A comment at the top." in copy(root)


def test_what_was_added_is_kept_with_its_comments(root: Path, recipe: Path) -> None:
    add_collection(root, ADDED)
    (root / "library.toml").write_text(copy(root).replace("count = 3", "count = 3  # three are enough"))
    recipe.write_text(RECIPE + SECOND)
    copy_recipe(recipe, root)
    assert "count = 3  # three are enough" in copy(root)


def test_a_library_that_a_command_made_takes_a_recipe_in(tmp_path: Path, recipe: Path) -> None:
    root = tmp_path / "default"
    add_collection(root, ADDED)
    copy_recipe(recipe, root)
    assert slugs(load_library(root)) == ["first", "found"]


def test_a_copy_that_was_interrupted_is_made_again(root: Path, recipe: Path) -> None:
    """Killed after the copy and before the note of what was copied."""
    add_collection(root, ADDED)
    before = copy(root)
    (root / "recipe.toml").unlink()
    copy_recipe(recipe, root)
    assert copy(root).split() == before.split()
    assert (root / "recipe.toml").exists()


def test_a_recipe_that_takes_the_name_of_what_was_added_is_refused(root: Path, recipe: Path) -> None:
    add_collection(root, {**ADDED, "name": "second"})
    before = copy(root)
    recipe.write_text(RECIPE + SECOND)
    with pytest.raises(
        UserError, match=r"would have two collections with the name 'second': rename one of them\.$"
    ):
        copy_recipe(recipe, root)
    assert copy(root) == before


INLINE = 'edition = "words.toml"\ncollection = [{name = "first", kind = "range", count = 1}]\n'


def test_collections_may_stand_in_one_line_until_one_is_added(tmp_path: Path, recipe: Path) -> None:
    recipe.write_text(INLINE)
    root = tmp_path / "library"
    copy_recipe(recipe, root)
    assert slugs(load_library(root)) == ["first"]
    before = copy(root)
    with pytest.raises(
        UserError, match=r"^Nothing can be added to .*library\.toml: each of its collections must stand"
    ):
        add_collection(root, ADDED)
    assert copy(root) == before


def test_an_added_collection_stands_behind_a_text_that_stays(root: Path) -> None:
    for newline in ("\n", "\r\n"):
        text = (copy(root) + "# a last word, without a line break").replace("\n", newline)
        (root / "library.toml").write_bytes(text.encode())
        add_collection(root, {**ADDED, "name": f"found-{len(newline)}"})
        assert copy(root).startswith(text)
        assert load_library(root).collections[-1].slug == f"found-{len(newline)}"


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=20), prompt=st.text(max_size=20).filter(lambda prompt: "<|" not in prompt))
def test_whatever_text_is_added_is_read_back(root: Path, title: str, prompt: str) -> None:
    before = copy(root)
    try:
        add_collection(root, {**ADDED, "title": title, "prompts": [prompt]})
        collection = load_library(root).collections[-1]
        assert (collection.title, collection.spec.prompts()) == (title, (prompt,))
    finally:
        (root / "library.toml").write_bytes(before.encode())


class TestFindingLibraries:
    """Which folder a recipe is rendered into."""

    def test_a_recipe_names_its_library(self, elsewhere: Path, recipe: Path) -> None:
        assert find_library(recipe, None) == Path("library/books")
        assert slugs(load_library(elsewhere / "library/books")) == ["first"]

    def test_a_folder_can_be_given(self, tmp_path: Path, recipe: Path) -> None:
        assert find_library(recipe, tmp_path / "there") == tmp_path / "there"
        assert find_library(None, tmp_path / "there") == tmp_path / "there"
        assert slugs(load_library(tmp_path / "there")) == ["first"]

    def test_a_librarys_own_file_is_no_recipe_for_it(self, root: Path) -> None:
        add_collection(root, ADDED)
        before = copy(root)
        assert find_library(root / "library.toml", root) == root
        assert copy(root) == before
        assert (root / "recipe.toml").read_text() == RECIPE

    def test_a_wrong_recipe_is_refused_before_anything_is_written(
        self, elsewhere: Path, recipe: Path
    ) -> None:
        recipe.write_text(RECIPE.replace("count = 2", "count = 0"))
        with pytest.raises(UserError, match=r"books\.toml: collection 1: count must be at least 1"):
            find_library(recipe, None)
        assert list(elsewhere.iterdir()) == []

    @pytest.mark.parametrize(
        ("recipe", "folder", "told"),
        [
            ("nowhere.toml", None, "There is no library file nowhere.toml."),
            (".", None, ". is a folder, and no library file."),
            (None, "nowhere", "There is no library in nowhere: name the recipe to make one of, too."),
        ],
    )
    def test_what_is_not_there_is_refused(
        self, elsewhere: Path, recipe: str | None, folder: str | None, told: str
    ) -> None:
        with pytest.raises(UserError, match=f"^{re.escape(told)}$"):
            find_library(Path(recipe) if recipe else None, Path(folder) if folder else None)
        assert list(elsewhere.iterdir()) == []


FURNISHED = (
    'glossary = "words.d/glossary.toml"\n'
    + RECIPE
    + """
essay = "texts/essay.md"
chosen = [2]

[[collection.references]]
file = "texts/a.png"
caption = "A picture"

[collection.captions]
1 = "The first"
"""
)


class TestRooms:
    """The texts and pictures that a recipe names come into the library with it."""

    @pytest.fixture
    def furnished(self, recipe: Path) -> Path:
        folder = recipe.parent
        (folder / "texts").mkdir()
        (folder / "words.d").mkdir()
        (folder / "texts/essay.md").write_text("Once.")
        (folder / "words.d/glossary.toml").write_text('[[term]]\nterm = "a"\nexplanation = "b"\n')
        Image.new("RGB", (3, 2)).save(folder / "texts/a.png")
        recipe.write_text(FURNISHED)
        return recipe

    def test_they_are_read_where_the_recipe_is_not(self, tmp_path: Path, furnished: Path) -> None:
        root = tmp_path / "library"
        copy_recipe(furnished, root)
        (furnished.parent / "texts").rename(tmp_path / "gone")
        (furnished.parent / "words.d").rename(tmp_path / "gone.d")
        library = load_library(root)
        room = library.collections[0].room
        assert room.text() == "Once."
        assert [one.path for one in room.references] == [root / "rooms/texts/a.png"]
        assert (room.chosen, dict(room.captions)) == ((2,), {1: "The first"})
        assert [term.term for term in library.glossary] == ["a"]
        assert 'essay = "rooms/texts/essay.md"' in copy(root)

    def test_a_changed_text_is_copied_though_the_recipe_is_the_same(
        self, tmp_path: Path, furnished: Path
    ) -> None:
        root = tmp_path / "library"
        copy_recipe(furnished, root)
        edited = copy(root).replace("count = 2", "count = 5")
        (root / "library.toml").write_text(edited)
        (furnished.parent / "texts/essay.md").write_text("Twice.")
        copy_recipe(furnished, root)
        assert load_library(root).collections[0].room.text() == "Twice."
        assert copy(root) == edited

    def test_what_is_the_same_is_left_alone(self, tmp_path: Path, furnished: Path) -> None:
        root = tmp_path / "library"
        copy_recipe(furnished, root)
        before = [path.stat() for path in sorted(root.rglob("*")) if path.name != "library.lock"]
        copy_recipe(furnished, root)
        after = [path.stat() for path in sorted(root.rglob("*")) if path.name != "library.lock"]
        assert [(stat.st_ino, stat.st_mtime_ns) for stat in after] == [
            (stat.st_ino, stat.st_mtime_ns) for stat in before
        ]

    def test_a_recipe_that_names_a_missing_file_is_refused(self, elsewhere: Path, furnished: Path) -> None:
        (furnished.parent / "texts/a.png").unlink()
        with pytest.raises(UserError, match=r"references 1: file names no file: .*a\.png \(line 15\)\.$"):
            find_library(furnished, None)
        assert list(elsewhere.iterdir()) == []

    def test_the_essay_of_a_collection_is_no_reason_to_add_it_again(
        self, tmp_path: Path, furnished: Path
    ) -> None:
        root = tmp_path / "library"
        copy_recipe(furnished, root)
        add_collection(root, ADDED)
        assert slugs(load_library(root)) == ["first", "found"]
        assert load_library(root).collections[0].room.text() == "Once."


def test_the_rooms_of_the_shipped_library_are_furnished() -> None:
    """With the built-in model's own words; its pictures are few and small, and take no room in the program."""
    library = read_library(shipped("libraries") / "artists.toml", Path("library/artists"))
    assert len(library.glossary) >= 5
    for collection in library.collections:
        room = collection.room
        assert len(room.text()) > 500
        assert len(room.references) == 2
        assert len(room.chosen) == 3
        assert set(room.chosen) <= set(room.captions)
    files = list((shipped("libraries") / "artists").glob("*.webp"))
    assert sum(path.stat().st_size for path in files) < 30_000


def test_the_shipped_library_has_a_hundred_pictures(tmp_path: Path, words_edition_file: Path) -> None:
    """Its keys counted with the tiny vocabulary; the built-in model has the same words and more room for them."""
    text = (shipped("libraries") / "default.toml").read_text("utf-8")
    assert 'edition = "mini"' in text
    path = tmp_path / "default.toml"
    path.write_text(text.replace('edition = "mini"', f'edition = "{words_edition_file}"'))
    copy_recipe(path, tmp_path / "library")
    library = load_library(tmp_path / "library")
    names = [entry.name for entry in library.entries()]
    assert len(set(names)) >= 100
    assert {collection.kind for collection in library.collections} == {"range", "random", "search"}
    assert all(collection.title and collection.description for collection in library.collections)


def test_the_shipped_walks_are_of_mini_and_wait_for_it(tmp_path: Path) -> None:
    library = read_library(shipped("libraries") / "walks.toml", tmp_path)
    assert {collection.edition.name for collection in library.collections} == {"mini"}
    assert {collection.kind for collection in library.collections} == {"interpolation", "walk"}
    assert [collection.slug for collection, _ in library.waiting()] == ["out-to-sea", "around-a-town"]
    assert all(collection.title and collection.description for collection in library.collections)
    assert sum(collection.spec.count() for collection in library.collections) == 39


def test_the_shipped_evolution_is_of_mini_and_turns_to_two_prompts(tmp_path: Path) -> None:
    library = read_library(shipped("libraries") / "evolution.toml", tmp_path)
    (collection,) = library.collections
    assert (collection.edition.name, collection.kind, collection.spec.count()) == ("mini", "evolution", 25)
    assert len(collection.spec.prompts()) == 3
    assert collection.tree is not None


def test_collections_that_are_added_at_once_are_all_kept(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(partial(_add, tmp_path / "books"), range(24))
    names = tomllib.loads((tmp_path / "books/library.toml").read_text())["collection"]
    assert sorted(table["name"] for table in names) == sorted(f"c{number}" for number in range(24))


def _add(root: Path, number: int) -> None:
    add_collection(root, {"name": f"c{number}", "kind": "search", "prompts": ["x"], "count": 1})


@pytest.mark.parametrize(("name", "edition", "count"), [("default", "mini", 132), ("sd15", "sd15", 1480)])
def test_shipped_recipes_are_valid(
    name: str, edition: str, count: int, tmp_path: Path, words_edition_file: Path
) -> None:
    """With another edition in place of one that would have to be downloaded."""
    text = (shipped("libraries") / f"{name}.toml").read_text("utf-8")
    assert f'edition = "{edition}"' in text
    recipe = tmp_path / f"{name}.toml"
    recipe.write_text(text.replace(f'edition = "{edition}"', f'edition = "{words_edition_file}"'))
    library = read_library(recipe, tmp_path)
    assert library.title
    assert all(collection.title and collection.description for collection in library.collections)
    assert {collection.kind for collection in library.collections} == {"range", "search", "random"}
    assert len({entry.name for entry in library.entries()}) == count


FORMS = {
    "inline": 'name = "bred"\ngenerations = [{from = "start"}] # the first\n',
    "a comment at the end": 'name = "bred"\ngenerations = [\n    {from = "start"} # the first\n    # and then?\n]\n',
    "tables": 'name = "bred"\n[[collection.generations]] # the first\nfrom = "start"\n',
}


class TestGenerations:
    """What `evolve` appends to an evolution in a library file."""

    @pytest.mark.parametrize("form", FORMS)
    def test_they_are_appended_as_the_file_says_them(self, root: Path, form: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        text = f'# A file of mine.\n[[collection]]\n{FORMS[form]}\n[[collection]]\nname = "other"\n'
        (root / "library.toml").write_text(text)
        add_generations(root, "bred", [{"from": "1.2", "target": 'a "b"\n'}, {"from": "2.1", "step": 0.5}], 1)
        written = (root / "library.toml").read_text()
        bred, other = tomllib.loads(written)["collection"]
        assert bred["generations"] == [
            {"from": "start"}, {"from": "1.2", "target": 'a "b"\n'}, {"from": "2.1", "step": 0.5}
        ]  # fmt: skip
        assert other == {"name": "other"}
        assert "# A file of mine." in written
        assert ("# the first" in written) or form == "a comment at the end"

    @pytest.mark.parametrize("empty", ["", "generations = []\n", "generations = [\n# none yet\n]\n"])
    def test_an_evolution_that_has_none_gets_some(self, root: Path, empty: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        (root / "library.toml").write_text(f'[[collection]]\nname = "bred"\n{empty}')
        add_generations(root, "bred", [{"from": "start"}, {"from": "1.2"}], 0)
        (bred,) = tomllib.loads((root / "library.toml").read_text())["collection"]
        assert bred["generations"] == [{"from": "start"}, {"from": "1.2"}]

    def test_a_changed_recipe_leaves_what_was_bred(self, root: Path, recipe: Path) -> None:
        evolution = '\n[[collection]]\nname = "bred"\nkind = "evolution"\ngenerations = [{from = "start"}]\n'
        recipe.write_text(recipe.read_text() + evolution)
        copy_recipe(recipe, root)
        add_generations(root, "bred", [{"from": "1.2"}], 1)
        recipe.write_text(recipe.read_text() + "# Another comment.\n")
        copy_recipe(recipe, root)
        written = (root / "library.toml").read_text()
        assert "# Another comment." in written
        assert tomllib.loads(written)["collection"][-1]["generations"] == [{"from": "start"}, {"from": "1.2"}]
        recipe.write_text(recipe.read_text().replace('[{from = "start"}]', '[{from = "start", step = 0.5}]'))
        with pytest.raises(UserError, match="has other generations of 'bred' than were bred in"):
            copy_recipe(recipe, root)
        assert (root / "library.toml").read_text() == written

    def test_where_others_were_faster_nothing_is_appended(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        text = '[[collection]]\nname = "bred"\ngenerations = [{from = "start"}]\n'
        (root / "library.toml").write_text(text)
        with pytest.raises(UserError, match="has got other generations meanwhile"):
            add_generations(root, "bred", [{"from": "1.1"}], 0)
        assert (root / "library.toml").read_text() == text
