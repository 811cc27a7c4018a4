"""Arrays as PostgreSQL sends them, read without a loop."""

from __future__ import annotations

import struct

import numpy as np

from shopreco.answers.facets import _read_codes
from shopreco.db.statements import read_array


def sent(values: list[int]) -> bytes:
    """What array_send makes of a bigint[]."""
    if not values:
        return struct.pack(">iii", 0, 0, 20)
    header = struct.pack(">iiiii", 1, 0, 20, len(values), 1)
    return header + b"".join(struct.pack(">iq", 8, value) for value in values)


def test_an_array_is_read_in_order() -> None:
    assert read_array(sent([3, -1, 2**40]), "i8").tolist() == [3, -1, 2**40]
    assert read_array(None, "f8").tolist() == []


def test_codes_come_apart_into_owner_facet_and_value() -> None:
    arrays = [[7 << 32 | 1, 8 << 32 | 2], [], [9 << 32 | 0xFFFFFFFF]]
    sizes = np.array([len(each) for each in arrays])
    owners, facets, values = _read_codes(b"".join(map(sent, arrays)), sizes)
    assert owners.tolist() == [0, 0, 2]
    assert facets.tolist() == [7, 8, 9]
    assert values.tolist() == [1, 2, 0xFFFFFFFF]


def test_no_items_have_no_codes() -> None:
    owners, facets, values = _read_codes(None, np.array([], dtype=np.int64))
    assert (len(owners), len(facets), len(values)) == (0, 0, 0)
