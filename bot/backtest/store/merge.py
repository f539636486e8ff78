"""New rows laid over old ones.

Rule: the same instant with the same figures is one row. With other figures it is a contradiction that a person decides:
nothing on disk is changed unless they asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bot.backtest.store.kinds import Kind, keys

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Merged:
    """``table`` in order; ``new``, ``same`` and ``changed`` count the rows that came; ``first_changed`` is an example."""

    table: pa.Table
    new: int
    same: int
    changed: int
    first_changed: str = ""


def merge(kind: Kind, old: pa.Table, new: pa.Table) -> Merged:
    """Lay ``new`` (no key twice) over ``old``; a row of both is taken from ``new``."""
    old_keys, new_keys = keys(kind, old), keys(kind, new)
    order = np.argsort(old_keys, kind="stable")
    if not len(order):
        return Merged(in_order(kind, new), len(new), 0, 0)
    place = np.minimum(np.searchsorted(old_keys[order], new_keys), len(order) - 1)
    twin = order[place]
    is_known = old_keys[twin] == new_keys
    differs = is_known & ~same_figures(new, old.take(pa.array(twin)))
    kept = old.filter(pa.array(~np.isin(old_keys, new_keys[differs])))
    fresh = new.filter(pa.array(~is_known | differs))
    example = ""
    if differs.any():
        n = int(np.argmax(differs))
        example = f"{_figures(old, int(twin[n]))} stored, {_figures(new, n)} now"
    changed, known = int(differs.sum()), int(is_known.sum())
    whole = in_order(kind, pa.concat_tables([kept, fresh]))
    return Merged(whole, len(new) - known, known - changed, changed, example)


def in_order(kind: Kind, table: pa.Table) -> pa.Table:
    """By contract and time for options (they compress to a fifth that way), by time for all else."""
    by = [("ts", "ascending")]
    if kind is Kind.OPTIONS_1M:
        by = [("expiry", "ascending"), ("strike", "ascending"), ("right", "ascending"), *by]
    return table.sort_by(by).combine_chunks()


def same_figures(left: pa.Table, right: pa.Table) -> Flags:
    """For each row whether all its figures are equal; where the row came from does not count, unknown equals unknown."""
    same: Flags = np.ones(len(left), dtype=np.bool_)
    for name in left.column_names:
        if name not in ("ts", "source"):
            a, b = (x[name].to_numpy(zero_copy_only=False) for x in (left, right))
            both_unknown = (a != a) & (b != b)  # NaN alone differs from itself
            same &= np.asarray((a == b) | both_unknown, dtype=np.bool_)
    return same


def _figures(table: pa.Table, row: int) -> str:
    values = table.slice(row, 1).to_pylist()[0]
    at = values.pop("ts")
    values.pop("source", None)
    return f"{at:%Y-%m-%d %H:%M}Z " + " ".join(
        f"{value:g}" if isinstance(value, float) else f"{value}" for value in values.values()
    )
