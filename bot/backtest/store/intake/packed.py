"""Packed files, and files of other programs that are no table of ours."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Final

import pyarrow as pa

from bot.domain.errors import FixTheCommand

_PACKED: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
}
_OTHERS: Final = {
    b"ARROW1": "an Arrow (Feather) file; write it as Parquet",
    b"FEA1": "a Feather file; write it as Parquet",
    b"\x89HDF": "an HDF5 file; write it as Parquet",
    b"SQLite format 3": "an SQLite database; write its table as CSV or Parquet",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save its sheet as CSV",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
}
_JSON: Final = re.compile(rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[\[{\"0-9])")


def unpacked(path: Path, data: bytes) -> bytes:
    """What a packed file holds, any other as it is. FixTheCommand where it is damaged or holds several files."""
    packing = next((name for magic, name in _PACKED.items() if data.startswith(magic)), None)
    try:
        return data if packing is None else _by(packing, path, data)
    except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
            pa.ArrowException) as error:  # fmt: skip
        raise FixTheCommand(f"{path}: damaged {packing} file ({error}); download it again") from None


def _by(packing: str, path: Path, data: bytes) -> bytes:
    match packing:
        case "gzip":
            return gzip.decompress(data)
        case "bzip2":
            return bz2.decompress(data)
        case "xz":
            return lzma.decompress(data)
        case "zip":
            return _only_file(path, data)
        case _:
            return bytes(pa.input_stream(BytesIO(data), compression=packing).read())


def _only_file(path: Path, data: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = [
            x.filename for x in archive.infolist() if not x.is_dir() and not x.filename.startswith("__MACOSX")
        ]
        if any(name.startswith("xl/") for name in names):
            raise FixTheCommand(f"{path} is an Excel workbook; save its sheet as CSV")
        if len(names) != 1:
            raise FixTheCommand(f"{path} is a zip archive of {len(names)} files; unpack it first")
        return archive.read(names[0])


def refuse_other_formats(path: Path, data: bytes) -> None:
    """FixTheCommand for a file of another program, with what to make of it."""
    for magic, words in _OTHERS.items():
        if data.startswith(magic):
            raise FixTheCommand(f"{path} is {words}")
    if _JSON.match(data):
        raise FixTheCommand(f"{path}: it holds JSON; write it as CSV with a header, or as Parquet")
