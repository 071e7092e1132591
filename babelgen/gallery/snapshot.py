"""The snapshot's tables, and how the orders in it are made.

Law: what pages are made from is here and nowhere else. Keys may be 190,000 characters long: they stand at the end of
their rows, and nothing sorts or groups by them.
May import: the standard library, babelgen.catalog, gallery.paths, gallery.signs.
"""

import hashlib
import sqlite3
from collections.abc import Iterator

from babelgen.catalog import COLUMNS
from babelgen.gallery import paths
from babelgen.gallery.signs import sign

STRIP = 12  # pictures of a prompt or edition shown elsewhere
_SINGLE, _USUAL, _MOST = (
    100,
    64,
    256,
)  # prompts on a page of their index: on the only one, as a rule, and at most

_FIELDS = ", ".join(name for name in COLUMNS if name not in ("name", "key"))
# version: of the row in the catalog. files: what the picture's files were when they were last looked at. digest: of
# the row as pages show it. stages: the record of the picture's stages, '' where there are none. letters: how long its key is. mark: of what other pages say of a collection. keys: what its keys follow from, if that is known.
# words, unsaid: where a picture stands among others of its collection, see `source.Place`; '' where that is not said.
# neighbours: the names of the pictures whose keys are beside a picture's. What is left out of the site is named nowhere in
# its folder: of a neighbour that is withheld there is a `-`, and `withheld` has signs of names.
_TABLES = f"""
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE collections (number INTEGER PRIMARY KEY, slug TEXT UNIQUE, title TEXT, kind TEXT, description TEXT,
                          total INTEGER, mark TEXT, keys TEXT);
CREATE TABLE pictures (name TEXT PRIMARY KEY, version TEXT, files TEXT, digest TEXT, stages TEXT, {_FIELDS}, letters INTEGER, key TEXT);
CREATE TABLE items (collection INTEGER, position INTEGER, name TEXT, words TEXT, unsaid INTEGER, PRIMARY KEY (collection, position))
    WITHOUT ROWID;
CREATE INDEX items_name ON items (name, collection, position);
CREATE TABLE neighbours (name TEXT PRIMARY KEY, before TEXT, after TEXT) WITHOUT ROWID;
CREATE TABLE withheld (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE firsts (number INTEGER PRIMARY KEY, name TEXT, prompt INTEGER, edition TEXT, profile TEXT, steps INTEGER,
                     collection INTEGER, position INTEGER, shown TEXT, stages TEXT);
CREATE TABLE prompts (rank INTEGER PRIMARY KEY, text TEXT UNIQUE, pictures INTEGER, page INTEGER, strip TEXT);
CREATE TABLE ledger (number INTEGER PRIMARY KEY, path TEXT, first INTEGER, last INTEGER);
"""
# `shown` is all that another page can show of a picture: its row, and everywhere it hangs. NOCASE folds ASCII only, which
# is all an index for people needs here.
_FIRSTS = """
INSERT INTO firsts SELECT row_number() OVER (ORDER BY place), name, prompt, edition, profile, steps,
    place >> 32, place & 4294967295, digest || places, iif(stages = '', '', sign(stages))
FROM (SELECT name, min(place) AS place, group_concat(label, '') AS places
      FROM (SELECT i.name AS name, i.collection << 32 | i.position AS place, ' ' || c.mark || i.position || iif(i.words = '', '', ' ' || i.unsaid || i.words) AS label
            FROM items i JOIN collections c ON c.number = i.collection ORDER BY i.name, i.collection, i.position)
      GROUP BY name) JOIN
     (SELECT name, rank AS prompt, edition, profile, steps, digest, stages FROM pictures p JOIN prompts ON text = p.prompt)
     USING (name)
"""
_STRIPS = f"""
UPDATE prompts SET strip = (SELECT sign(group_concat(shown, '')) FROM
    (SELECT shown FROM firsts WHERE prompt = rank ORDER BY number LIMIT {STRIP + 1}))
"""


def create(db: sqlite3.Connection) -> None:
    """Make the tables anew."""
    names = [
        "facts",
        "collections",
        "pictures",
        "items",
        "neighbours",
        "withheld",
        "firsts",
        "prompts",
        "ledger",
    ]
    db.executescript("".join(f"DROP TABLE IF EXISTS {name};" for name in names) + _TABLES)


def arrange(db: sqlite3.Connection) -> None:
    """Put what is printed in order: each picture where it comes first, and the prompts by alphabet, in pages."""
    db.create_function("sign", 1, sign, deterministic=True)
    for index in ("firsts_name", "firsts_prompt", "firsts_edition"):
        db.execute(f"DROP INDEX IF EXISTS {index}")
    for table in ("firsts", "prompts", "ledger"):
        db.execute(f"DELETE FROM {table}")
    db.executemany("INSERT INTO prompts VALUES (?, ?, ?, ?, '')", _paged(db))
    db.execute(_FIRSTS)
    db.execute("CREATE UNIQUE INDEX firsts_name ON firsts (name)")
    db.execute("CREATE INDEX firsts_prompt ON firsts (prompt, number)")
    db.execute("CREATE INDEX firsts_edition ON firsts (edition, number)")
    db.execute(_STRIPS)


def anchor(prompt: str) -> str:
    """What a prompt's place on its page is called."""
    return f"prompt-{_digest(prompt)[:12]}"


def _paged(db: sqlite3.Connection) -> Iterator[tuple[int, str, int, int]]:
    """Rank, text, number of pictures and page of each prompt.

    A page begins with a prompt whose hash says so, and is called by that hash, so that a new prompt changes the page
    that it is on and hardly any other; only where many prompts stand without such a one does a page end for being full.
    """
    rows = db.execute(
        "SELECT prompt, count(*) FROM pictures GROUP BY prompt ORDER BY prompt COLLATE NOCASE, prompt"
    )
    ((count,),) = db.execute("SELECT count(DISTINCT prompt) FROM pictures").fetchall()
    many = count > _SINGLE
    page = start = rank = 0
    for rank, (text, pictures) in enumerate(rows):
        digest = _digest(text)
        breaks = many and int(digest[12:], 16) % _USUAL == 0
        if not rank or rank - start == _MOST or breaks:
            if rank:
                db.execute("UPDATE ledger SET last = ? WHERE number = ?", (rank - 1, page))
            page, start = page + 1, rank
            path = paths.prompts(digest[:12] if page > 1 else "")
            db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", (page, path, rank, rank))
        yield rank, text, pictures, page
    if page:
        db.execute("UPDATE ledger SET last = ? WHERE number = ?", (rank, page))
    else:
        db.execute("INSERT INTO ledger VALUES (1, ?, 0, -1)", (paths.prompts(),))


def _digest(prompt: str) -> str:
    return hashlib.blake2b(prompt.encode("utf-8", "backslashreplace"), digest_size=10).hexdigest()
