"""What the film explains at most of each electrode of one subject and alignment, where the data can
say so.
"""

import numpy as np

from fusion.controls.ceiling import from_others, not_estimable, repeat
from fusion.controls.inputs import by_electrode, groups, window_bins
from fusion.encoding.inputs import read_recordings, read_responses
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)

spec = snakemake.params.spec
others = {}
for path in snakemake.input.others:
    (recording,) = read_recordings([path])
    others.setdefault(spec["subjects"][recording.name], []).append(recording)


def of_group(group):
    twice = [
        (a, b)
        for k, a in enumerate(group.recordings)
        for b in group.recordings[k + 1 :]
        if a.stimulus == b.stimulus
    ]
    if twice:
        ends = np.cumsum([0, *(len(r.event) for r in group.recordings)])
        first, second = (group.recordings.index(r) for r in twice[0])
        _, left, right = np.intersect1d(twice[0][0].event, twice[0][1].event, return_indices=True)
        y, block = group.design.y, group.design.block
        return repeat(
            y[ends[first] + left],
            y[ends[second] + right],
            np.unique(block[ends[first] + left], return_inverse=True)[1],
        )
    seen = [
        responses
        for recordings in others.values()
        if (responses := of_other(group, recordings)) is not None
    ]
    log.info(
        "%d electrodes; %d other subjects saw all of these events", len(group.electrodes), len(seen)
    )
    return (
        from_others(group.design, seen, spec["dimensions"])
        if seen
        else not_estimable(len(group.electrodes))
    )


def of_other(group, recordings):
    """Return another subject's responses (n, E', B) to the group's events, mean responses where one
    is missing; None without a film.
    """
    parts = []
    for own in group.recordings:
        of_film = [r for r in recordings if r.stimulus == own.stimulus]
        if not of_film:
            return None
        other = of_film[0]
        take = window_bins(other.bin_ms.astype(float), spec["window_ms"], spec["bin_width_ms"])
        values = np.nan_to_num(
            read_responses([other], other.electrode)[..., take].astype("float64")
        )
        rows = {event: k for k, event in enumerate(other.event)}
        at = np.array([rows.get(event, -1) for event in own.event])
        values = (values - values.mean(0))[at] * (at >= 0)[:, None, None]
        parts.append((set(other.electrode), list(other.electrode), values))
    shared = [name for name in parts[0][1] if all(name in names for names, _, _ in parts)]
    return (
        np.concatenate(
            [values[:, [order.index(name) for name in shared]] for _, order, values in parts]
        )
        if shared
        else None
    )


table = by_electrode(
    groups(snakemake.input.responses, spec),
    of_group,
    subject=spec["subject"],
    alignment=spec["alignment"],
)
write_parquet(table, snakemake.output.table)
