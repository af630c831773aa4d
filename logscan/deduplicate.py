"""Removes rows that were read twice: two diagnostic settings, or sources that overlap."""

import numpy as np
import pandas as pd

from logscan.instants import microseconds

_WITHOUT_CASE = ("category", "operation", "status")
_VERBATIM = ("time", "resource", "instance", "remote_ip", "reason", "message")


def deduplicate(records: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """RECORDS sorted by time (rows of one time as they came), each row once, and how many were removed.

    Two rows are one if all that logscan reads of them is equal; category, operation and status compare without case.
    """
    time = microseconds(records["time"])
    order = np.argsort(time, kind="stable")
    ordered = records.iloc[order]
    time = time[order]
    # Equal rows have equal times, and few rows do: only those are compared in full.
    same_as_next = time[1:] == time[:-1]
    twin = np.zeros(len(time), dtype=bool)
    twin[1:] |= same_as_next
    twin[:-1] |= same_as_next
    candidates = ordered.iloc[twin.nonzero()[0]]
    compared = candidates[list(_VERBATIM)].assign(**{name: candidates[name].str.lower() for name in _WITHOUT_CASE})
    keep = np.ones(len(time), dtype=bool)
    keep[twin] = ~compared.duplicated().to_numpy()
    return ordered[keep].reset_index(drop=True), int((~keep).sum())
