"""Hiding small numbers in tables that are shared beyond a school, so that no child can be made out, also not by taking one away.

A cell under `THRESHOLD` is hidden. A hidden cell could be worked out from its row's or column's total, so a second one is hidden
with it, the smallest that does; hidden cells of a line that add up to too little take another with them. All hidden cells look the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

THRESHOLD: Final = 5
"""Numbers below this are hidden, nought among them: that nobody answered is news of everybody."""

HIDDEN: Final = "hidden"
"""What stands in place of a hidden number."""

Grid = list[list[int]]
Mask = list[list[bool]]


def with_totals(cells: Sequence[Sequence[int]]) -> Grid:
    """The cells with a column of row totals at the end and a row of column totals below."""
    if not cells:
        return []
    rows = [[*row, sum(row)] for row in cells]
    width = len(rows[0])
    return [*rows, [sum(row[column] for row in rows) for column in range(width)]]


def hide(grids: Sequence[Grid], *, known: Collection[int] = ()) -> list[Mask]:
    """Which cells of linked tables are hidden. Each has totals (`with_totals`), and all have the same rows and the same row totals.

    The same total is hidden in all of the tables or in none. `known` are rows whose numbers the reader has from elsewhere (their own
    school's): hiding one of these keeps nothing from them, so a column must be safe without.
    """
    masks: list[Mask] = [[[value < THRESHOLD for value in row] for row in grid] for grid in grids]
    settled = False
    while not settled:
        settled = True
        for grid, mask in zip(grids, masks, strict=True):
            settled = not _protect(grid, mask, frozenset(known)) and settled
        for row in range(len(grids[0]) if grids else 0):
            if any(mask[row][-1] for mask in masks):
                for mask in masks:
                    settled = settled and mask[row][-1]
                    mask[row][-1] = True
    return masks


def _protect(grid: Grid, mask: Mask, known: frozenset[int]) -> bool:
    """Hide what else must be hidden in one table; whether anything was."""
    height, width = len(grid), len(grid[0]) if grid else 0
    rows = [[(row, column) for column in range(width)] for row in range(height)]
    columns = [[(row, column) for row in range(height)] for column in range(width)]
    changed = False
    # a reader takes their own numbers out of every column; in their own row there is nothing to keep from them
    for line in rows + [[place for place in column if place[0] not in known] for column in columns]:
        hidden = [place for place in line if mask[place[0]][place[1]]]
        while hidden and _can_be_worked_out(grid, mask, line):
            shown = [place for place in line if place not in hidden]
            if not shown:
                break
            # an inner cell rather than the total, and the smallest
            place = min(shown, key=lambda each: (each == line[-1], grid[each[0]][each[1]]))
            mask[place[0]][place[1]] = True
            hidden.append(place)
            changed = True
    return changed


def _can_be_worked_out(grid: Grid, mask: Mask, line: Sequence[tuple[int, int]]) -> bool:
    """Whether the hidden cells of a line (its last cell is the total of the others) are too few, or add up to too little."""
    inner = [(row, column) for row, column in line[:-1] if mask[row][column]]
    total_hidden = mask[line[-1][0]][line[-1][1]]
    if total_hidden:
        return not inner
    if not inner:
        return False
    return len(inner) < 2 or sum(grid[row][column] for row, column in inner) < THRESHOLD
