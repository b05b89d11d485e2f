"""Parquet, where pyarrow is installed: columns of plain values, read a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import TooLarge, Unavailable, WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.content import MAX_BYTES, Content
from castalia.kit.tabular.typed import Declared, Part, Typed

BUFFER = 1 << 16
"""Bytes that pyarrow reads at once of each column, instead of a whole row group."""


def read_parquet(content: Content, max_bytes: int = MAX_BYTES) -> Typed:
    """A Parquet file of plain columns. :class:`Unavailable` where pyarrow is not installed.

    :class:`TooLarge` where its footer declares more than ``max_bytes`` of unpacked pages. A footer that lies is
    bounded by what pyarrow checks itself.
    """
    with _opened(content) as file:
        groups = (file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if (size := sum(groups)) > max_bytes:
            raise TooLarge(
                f"{content.name} holds too much",
                f"{size:,} bytes unpacked",
                f"at most {max_bytes:,} bytes",
                "Check that it is the file you mean, or split it into smaller ones.",
            )
        schema, rows = file.schema_arrow, file.metadata.num_rows
        packed = _packed_texts(file)
    if len(set(schema.names)) != len(schema.names):
        raise WrongInput(
            f"{content.name} has two columns of one name", shown(schema.names), "different names", "Rename one of them."
        )
    declared = {field.name: _declared(field, content) for field in schema}

    def batches(names: Sequence[str], size: int) -> Iterator[Mapping[str, Part]]:
        from pyarrow import ArrowException

        try:
            with _opened(content, packed) as file:
                for batch in file.iter_batches(batch_size=size, columns=list(names)):
                    yield {name: _part(batch.column(name), declared[name], content, name) for name in names}
        except (ArrowException, OSError) as error:
            raise _damaged(content, error) from None

    return Typed(tuple(schema.names), declared, batches, rows, content.name)


def _packed_texts(file: Any) -> list[str]:
    """Text columns with a dictionary. They are left in it: a long text that is said a million times is there once."""
    from pyarrow import types

    if not file.metadata.num_row_groups:
        return []
    columns = [file.metadata.row_group(0).column(i) for i in range(file.metadata.num_columns)]
    plain = (types.is_string, types.is_large_string)
    texts = {field.name for field in file.schema_arrow if any(test(field.type) for test in plain)}
    return [
        column.path_in_schema for column in columns if column.path_in_schema in texts and column.has_dictionary_page
    ]


def pyarrow(name: str) -> Any:
    """pyarrow with its Parquet part, or :class:`Unavailable` with the line that installs it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        cure = "pip install 'castalia[data]'"
        raise Unavailable(f"{name} needs pyarrow", "no pyarrow", "the extra data", cure) from None
    return pyarrow


def _opened(content: Content, texts: Sequence[str] = ()) -> Any:
    arrow = pyarrow(content.name)
    try:
        return arrow.parquet.ParquetFile(
            content.opened(), read_dictionary=list(texts) or None, pre_buffer=False, buffer_size=BUFFER
        )
    except (arrow.ArrowException, OSError) as error:
        raise WrongInput(
            f"{content.name} is no Parquet file", shown(str(error)), "a whole Parquet file", "Copy it again."
        ) from None


def _damaged(content: Content, error: Exception) -> WrongInput:
    return WrongInput(f"{content.name} is damaged", shown(str(error)), "a whole Parquet file", "Copy it again.")


def _declared(field: Any, content: Content) -> Declared:
    from pyarrow import types

    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    if types.is_boolean(kind):
        return "boolean"
    if types.is_floating(kind):
        return "number"
    if types.is_integer(kind):
        return "wide" if kind.bit_width == 64 else "integer"
    if types.is_decimal(kind):
        return "number" if kind.scale > 0 else "wide" if kind.precision <= 18 else "text"
    plain = (types.is_string, types.is_large_string, types.is_string_view, types.is_date, types.is_timestamp)
    if types.is_null(kind) or any(test(kind) for test in plain):
        return "text"
    raise WrongInput(
        f"{content.name} has no plain value in {field.name!r}",
        str(field.type),
        "numbers, text, dates, true or false",
        "Flatten the column first, or leave it out with columns=.",
        field=field.name[:80],
    )


def _part(column: Any, declared: Declared, content: Content, name: str) -> Part:
    """One column of a batch. Equal texts of a dictionary share one object."""
    from pyarrow import types

    if types.is_dictionary(column.type) and declared != "text":
        column = column.dictionary_decode()
    gone: NDArray[np.bool_] | None = None
    if column.null_count:
        gone = column.is_null().to_numpy(zero_copy_only=False)
    if declared == "text":
        return _objects(column, content, name), gone
    if types.is_decimal(column.type):
        column = column.cast("float64" if declared == "number" else "int64")
    if gone is not None:
        column = column.fill_null(False if declared == "boolean" else 0)
    return column.to_numpy(zero_copy_only=False), gone


def _objects(column: Any, content: Content, name: str) -> NDArray[Any]:
    from pyarrow import ArrowInvalid, array, timestamp, types

    if types.is_dictionary(column.type):
        if column.null_count == len(column):
            return np.full(len(column), None, object)
        used, places = np.unique(column.indices.fill_null(column.indices.drop_null()[0]), return_inverse=True)
        return np.asarray(_objects(column.dictionary.take(array(used)), content, name)[places])
    if types.is_timestamp(column.type) and column.type.unit == "ns":
        try:
            column = column.cast(timestamp("us", column.type.tz))
        except ArrowInvalid:
            raise WrongInput(
                f"{content.name} has times finer than a microsecond in {name!r}",
                "nanoseconds",
                "microseconds at most",
                "Round the column first, or leave it out with columns=.",
                field=name[:80],
            ) from None
    texts: list[Any] = column.to_pylist()
    if types.is_temporal(column.type):
        texts = [None if text is None else text.isoformat() for text in texts]
    elif types.is_decimal(column.type):
        texts = [None if text is None else str(text) for text in texts]
    out = np.empty(len(texts), object)
    out[:] = texts
    return out
