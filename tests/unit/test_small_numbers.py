"""Small numbers in shared tables: hidden, and not to be worked out from what is left."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.small_numbers import THRESHOLD, hide, with_totals


def shown(cells: list[list[int]]) -> list[list[int | None]]:
    grid = with_totals(cells)
    mask = hide([grid])[0]
    return [
        [None if hidden else value for value, hidden in zip(row, concealed, strict=True)]
        for row, concealed in zip(grid, mask, strict=True)
    ]


def test_totals_are_added_on_both_sides():
    assert with_totals([[1, 2], [3, 4]]) == [[1, 2, 3], [3, 4, 7], [4, 6, 10]]


def test_large_numbers_are_all_shown():
    assert shown([[5, 9], [7, 6]]) == with_totals([[5, 9], [7, 6]])


def test_one_small_number_takes_others_with_it_in_its_row_and_its_column():
    table = shown([[3, 20, 30], [40, 50, 60], [70, 80, 90]])
    assert table[0][0] is None
    assert sum(cell is None for cell in table[0]) >= 2
    assert sum(row[0] is None for row in table) >= 2
    assert table[0][1] is None, "the smallest of the others goes"


def test_several_noughts_do_not_tell_of_each_other():
    """Two hidden noughts would be known from a total that the shown cells make up alone."""
    table = shown([[0, 0, 20, 30], [9, 9, 9, 9]])
    assert sum(cell is None for cell in table[0][:-1]) >= 3


def test_a_small_total_is_hidden_with_what_it_is_made_of():
    table = shown([[1, 2], [30, 40]])
    assert table[0] == [None, None, None]


def test_a_total_hidden_in_one_table_is_hidden_in_the_tables_beside_it():
    first, second = with_totals([[2, 1], [30, 40]]), with_totals([[3, 0], [60, 10]])
    masks = hide([first, second])
    assert masks[0][0][-1] and masks[1][0][-1]


@pytest.mark.parametrize("cells", [[], [[7, 8]], [[0]]])
def test_tables_of_any_size_are_taken(cells):
    table = with_totals(cells)
    (mask,) = hide([table])
    assert [len(row) for row in mask] == [len(row) for row in table]


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=5))
def test_no_shown_number_is_small_and_no_line_gives_a_hidden_one_away(cells):
    grid = with_totals(cells)
    mask = hide([grid])[0]
    height, width = len(grid), len(grid[0])
    assert all(
        grid[row][column] >= THRESHOLD for row, column in product(range(height), range(width)) if not mask[row][column]
    )
    rows = [[(row, column) for column in range(width)] for row in range(height)]
    columns = [[(row, column) for row in range(height)] for column in range(width)]
    for line in rows + columns:
        hidden = [place for place in line if mask[place[0]][place[1]]]
        assert len(hidden) != 1, "a single hidden cell is the difference of the others"
        if hidden and hidden != line and line[-1] not in hidden:
            assert sum(grid[row][column] for row, column in hidden) >= THRESHOLD


def test_who_knows_one_row_cannot_take_it_from_a_total():
    """Of two schools the reader's own is known: what the total leaves is the other's."""
    grid = with_totals([[20, 30, 40], [3, 50, 60]])
    (mask,) = hide([grid], known=[0])
    assert mask[1][0], "the small number"
    assert mask[2][0], "and the total that would give it away"
    assert not mask[2][2], "a column without a small number keeps its total"


def test_two_unknown_rows_protect_each_other_and_the_total_stays():
    grid = with_totals([[20, 30], [3, 50], [9, 60]])
    (mask,) = hide([grid], known=[0])
    assert [row[0] for row in mask] == [False, True, True, False] or mask[3][0]
    left = grid[3][0] - sum(row[0] for row, hidden in zip(grid[:-1], mask, strict=False) if not hidden[0])
    assert mask[3][0] or left >= THRESHOLD
