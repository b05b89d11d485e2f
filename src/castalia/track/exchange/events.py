"""TensorBoard's event files, read without TensorBoard: framed records, each one a small protocol-buffer message.

A record is its length, the length's checksum, the message and the message's checksum (CRC-32C, masked). Of a message
the time, the step and scalar summaries are read; pictures, histograms, texts and graphs are counted and passed over.
Source: TensorFlow's record format, event.proto, summary.proto and tensor.proto.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_HEAD = struct.Struct("<QI")
_SUM = struct.Struct("<I")
_LONGEST = 256 * 2**20
_FORMATS = {1: "f", 2: "d", 3: "i", 9: "q"}
"""Data types of tensor.proto that are numbers: float, double, int32, int64."""
_VALUES = {5: "f", 6: "d"}


class Scalar(NamedTuple):
    """One number. ``time`` is seconds since 1970."""

    tag: str
    step: int
    time: float
    value: float


class Damage(Exception):
    """A record is not what its checksum says, or no message; the text says where."""


def scalars(path: Path, passed: Counter[str]) -> Iterator[Scalar]:
    """Every scalar of a file; what else it holds is counted in ``passed``. A torn last record ends it. Damage."""
    for at, record in _records(path):
        try:
            yield from _scalars(record, passed)
        except (ValueError, IndexError, struct.error) as error:
            raise Damage(f"{path.name} at byte {at:,}: {error}") from None


def span(path: Path) -> tuple[float, float] | None:
    """(first, last) time in the file, in seconds since 1970; None where there is no record."""
    times = []
    with path.open("rb") as file:
        size = path.stat().st_size
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length = _HEAD.unpack(head)[0]
            if file.tell() + length + _SUM.size > size:
                break
            start = file.read(min(9, length))
            if start[:1] == b"\x09" and len(start) == 9:
                times.append(struct.unpack("<d", start[1:])[0])
                del times[1:-1]
            file.seek(length - len(start) + _SUM.size, 1)
    return (times[0], times[-1]) if times else None


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            at = file.tell() - _HEAD.size
            length, told = _HEAD.unpack(head)
            if told != masked(head[:8]) or length > _LONGEST:
                raise Damage(f"{path.name} at byte {at:,}: the length of a record is damaged")
            record, tail = file.read(length), file.read(_SUM.size)
            if len(record) < length or len(tail) < _SUM.size:
                return
            if _SUM.unpack(tail)[0] != masked(record):
                raise Damage(f"{path.name} at byte {at:,}: a record is damaged")
            yield at, record


def _scalars(record: bytes, passed: Counter[str]) -> Iterator[Scalar]:
    time, step, summaries = 0.0, 0, []
    for number, value in _fields(record):
        if number == 1 and isinstance(value, bytes):
            time = struct.unpack("<d", value)[0]
        elif number == 2 and isinstance(value, int):
            step = _signed(value)
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == 1 and isinstance(value, bytes):
                tag, found = _value(value, passed)
                if found is not None:
                    yield Scalar(tag, step, time, found)


def _value(message: bytes, passed: Counter[str]) -> tuple[str, float | None]:
    tag, found, kind = "", None, ""
    for number, value in _fields(message):
        if number == 1 and isinstance(value, bytes):
            tag = value.decode()
        elif number == 2 and isinstance(value, bytes):
            found = float(struct.unpack("<f", value)[0])
        elif number == 8 and isinstance(value, bytes):
            found = _tensor(value)
            kind = "tensors" if found is None else ""
        elif number in (4, 5, 6):
            kind = {4: "pictures", 5: "histograms", 6: "sounds"}[number]
    if kind:
        passed[kind] += 1
    return tag, found


def _tensor(message: bytes) -> float | None:
    """The number of a tensor without dimensions; None for any other."""
    kind, packed, listed = 0, b"", None
    for number, value in _fields(message):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 2 and isinstance(value, bytes) and any(field == 2 for field, _ in _fields(value)):
            return None
        elif number == 4 and isinstance(value, bytes):
            packed = value
        elif number in _VALUES and isinstance(value, bytes):
            listed = float(struct.unpack_from("<" + _VALUES[number], value)[0])
        elif number in (7, 10):
            listed = float(_signed(value if isinstance(value, int) else _whole(value, 0)[0]))
    if kind not in _FORMATS:
        return None
    return float(struct.unpack_from("<" + _FORMATS[kind], packed)[0]) if packed else listed or 0.0


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field: a whole number, or the bytes of anything else."""
    at = 0
    while at < len(message):
        key, at = _whole(message, at)
        number, form = key >> 3, key & 7
        if form == 0:
            whole, at = _whole(message, at)
            yield number, whole
            continue
        if form == 2:
            size, at = _whole(message, at)
        elif form in (1, 5):
            size = 8 if form == 1 else 4
        else:
            raise ValueError(f"a field of the unknown form {form}")
        if at + size > len(message):
            raise ValueError("a field longer than its message")
        yield number, message[at : at + size]
        at += size


def _whole(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), at
        shift += 7
        if shift > 63:
            raise ValueError("a number that does not end")


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _table() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        made.append(value)
    return tuple(made)


_CRC = _table()


def masked(content: bytes) -> int:
    """CRC-32C (Castagnoli) as the format keeps it: turned by 15 bits, plus a constant."""
    value = 0xFFFFFFFF
    for byte in content:
        value = _CRC[(value ^ byte) & 255] ^ value >> 8
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
