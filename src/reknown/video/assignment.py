"""Who goes with whom, so that the total cost is least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cheapest_pairs(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column), ascending, min(n, m) of them, with the least sum of `cost` (n, m).

    `cost` is finite. Each row and each column is in one pair at most. Shortest augmenting
    paths with dual prices, O(min(n, m)^2 * max(n, m)): Jonker and Volgenant, Computing 38, 1987.
    """
    if cost.shape[0] > cost.shape[1]:
        return sorted((row, column) for column, row in cheapest_pairs(cost.T))
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    holder = np.full(columns, -1)
    for row in range(rows):
        _augment(cost, row, (row_price, column_price), holder)
    return sorted((int(holder[column]), int(column)) for column in np.flatnonzero(holder >= 0))


def _augment(
    cost: NDArray[np.float64],
    row: int,
    prices: tuple[NDArray[np.float64], NDArray[np.float64]],
    holder: NDArray[np.intp],
) -> None:
    """Gives `row` a column on the cheapest path of exchanges; changes `prices` and `holder`."""
    row_price, column_price = prices
    columns = cost.shape[1]
    distance = np.full(columns, np.inf)
    came_from = np.full(columns, row)
    reached: list[int] = []
    unreached = np.ones(columns, bool)
    current, travelled = row, 0.0
    while True:
        step = travelled + cost[current] - row_price[current] - column_price
        nearer = unreached & (step < distance)
        distance[nearer] = step[nearer]
        came_from[nearer] = current
        column = int(np.argmin(np.where(unreached, distance, np.inf)))
        travelled = float(distance[column])
        if holder[column] < 0:
            break
        reached.append(column)
        unreached[column] = False
        current = int(holder[column])
    row_price[row] += travelled
    gain = travelled - distance[reached]
    row_price[holder[reached]] += gain
    column_price[reached] -= gain
    _exchange(row, column, came_from, holder)


def _exchange(row: int, column: int, came_from: NDArray[np.intp], holder: NDArray[np.intp]) -> None:
    """Each row on the path moves to the next column; what it had goes to the row before it."""
    held = {int(holder[c]): c for c in range(len(holder)) if holder[c] >= 0}
    while True:
        giver = int(came_from[column])
        holder[column] = giver
        if giver == row:
            return
        column = held[giver]
