"""The drawing of a node with its edges: no box is cut or hides another."""

from __future__ import annotations

import pytest

from shopreco.admin.graph.drawing import Group, Leaf, draw, shortened, wrapped


def some_leaves(count: int) -> list[Leaf]:
    return [Leaf(f"n{n}", "/", "shopreco-item") for n in range(count)]


@pytest.mark.parametrize("counts", [[1], [2], [5], [40], [1] * 40, [3, 1, 20, 4, 12], [4, 4, 4]])
def test_no_two_boxes_overlap_and_all_are_inside_without_an_empty_side(counts: list[int]) -> None:
    groups = [Group(f"g{n}", "/", some_leaves(count)) for n, count in enumerate(counts)]
    drawing = draw("A node with a long name " * 5, groups)
    leaves = [box for box in drawing.boxes if box.style == "shopreco-item"]
    assert len(leaves) == sum(counts)
    assert min(box.x for box in drawing.boxes) == drawing.left
    for box in drawing.boxes:
        assert drawing.left <= box.x <= drawing.left + drawing.width - box.width
        assert 0 <= box.y <= drawing.height - box.height
    for n, one in enumerate(drawing.boxes):
        for two in drawing.boxes[n + 1 :]:
            apart = (
                one.x + one.width <= two.x
                or two.x + two.width <= one.x
                or one.y + one.height <= two.y
                or two.y + two.height <= one.y
            )
            assert apart, (one, two)


def test_labels_are_cut_by_the_width_of_their_characters() -> None:
    assert shortened("short", 10) == "short"
    assert shortened("a rather long label", 10) == "a rather…"
    assert shortened("北欧胡桃木台灯", 9) == "北欧胡…"
    assert wrapped("Home > Lighting > Desk lamps", 16, 3) == ["Home > Lighting", "> Desk lamps"]
    assert wrapped("北欧胡桃木台灯", 8, 2) == ["北欧胡桃", "木台灯"]
    assert wrapped("one two three four", 5, 2) == ["one", "two…"]
