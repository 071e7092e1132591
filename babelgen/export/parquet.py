"""Rows as a Parquet file, where pyarrow is there: it is heavy, and everything else does without it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

_GROUP = 1000  # rows written together, or fewer
_GROUP_TEXT = 8_000_000  # where their keys or prompts are long: characters


def can_write() -> bool:
    """Whether pyarrow is there."""
    return find_spec("pyarrow") is not None


def _schema() -> Any:
    import pyarrow as pa

    texts = ("file_name", "name", "key", "edition", "prompt", "negative")
    more = ("page", "sha256", "colour", "profile", "rendered_at")
    fields = dict.fromkeys((*texts, *more), pa.string())
    fields |= dict.fromkeys(("steps", "width", "height"), pa.int32())
    fields |= {"seconds": pa.float64(), "flagged": pa.bool_()}
    fields |= {"collections": pa.list_(pa.string()), "positions": pa.list_(pa.int64())}
    return pa.schema([(name, fields[name]) for name in COLUMNS])


COLUMNS = (
    "file_name", "name", "key", "edition", "prompt", "negative", "steps", "page", "width", "height", "sha256", "colour",
    "profile", "seconds", "rendered_at", "flagged", "collections", "positions",
)  # fmt: skip


class ParquetRows:
    """A Parquet file that is being written, some rows at a time. Use as a context manager."""

    def __init__(self, place: Path) -> None:
        from pyarrow import parquet

        self._schema = _schema()
        self._file = parquet.ParquetWriter(place, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._text = 0

    def __enter__(self) -> ParquetRows:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the rest, where nothing went wrong, and close it."""
        try:
            if kind is None:
                self._flush()
        finally:
            self._file.close()

    def add(self, row: dict[str, Any]) -> None:
        """Add a row of COLUMNS."""
        self._rows.append(row)
        self._text += sum(len(row[name]) for name in ("key", "prompt", "negative"))
        if len(self._rows) == _GROUP or self._text > _GROUP_TEXT:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows, self._text = [], 0
