"""When a film begins in its recordings, and whether several runs are its parts: what the events
say, and how sure that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.look.survey import Surveyed

#: Trial types that are called after a film.
NAMES = re.compile("film|movie|video|clip|podcast|story|stimul|play", re.IGNORECASE)
#: A length may differ from the film's by this much: seconds, and share.
NEAR_S, NEAR = 2.0, 0.01


@dataclass(frozen=True)
class Candidate:
    """A trial type whose first event may be the film's beginning.

    Attributes
    ----------
    value
        The trial type.
    onset_s
        Recording -> its first onset (s).
    count
        Recording -> how many events it has.
    played_s
        Recording -> from its first onset to the end of its last event (s).
    """

    value: str
    onset_s: dict[str, float]
    count: dict[str, int]
    played_s: dict[str, float]

    def has_the_length_of(self, film_s: float | None) -> bool:
        """Return whether its events last as long as the film, in every recording."""
        return film_s is not None and all(near(s, film_s) for s in self.played_s.values())

    def is_named(self) -> bool:
        """Return whether it is called after a film, and stands once in every recording."""
        return NAMES.search(self.value) is not None and set(self.count.values()) == {1}


@dataclass(frozen=True)
class Choice:
    """What a draft says of ``film_zero``.

    Attributes
    ----------
    rule
        The key's value; None if the events leave it open.
    why
        What it rests on, or why it is left open.
    sure
        Whether lengths bear it out.
    """

    rule: dict[str, object] | None
    why: str
    sure: bool


def near(a: float, b: float) -> bool:
    """Return whether two lengths (s) are the same, but for what recorders and players add."""
    return abs(a - b) <= max(NEAR_S, NEAR * b)


def candidates(recordings: Sequence[Surveyed]) -> list[Candidate]:
    """Return the trial types that every recording has, the earliest first."""
    tables = {one.name: one.events for one in recordings}
    kinds = [set(table["trial_type"]) - {"n/a"} for table in tables.values()]
    found = []
    for value in sorted(set.intersection(*kinds)) if kinds else ():
        rows = {name: table[table["trial_type"] == value] for name, table in tables.items()}
        onset = {name: float(row["onset"].min()) for name, row in rows.items()}
        end = {
            name: float((row["onset"] + row["duration"].fillna(0)).max())
            for name, row in rows.items()
        }
        count = {name: len(row) for name, row in rows.items()}
        played = {name: end[name] - onset[name] for name in rows}
        found.append(Candidate(value, onset, count, played))
    return sorted(found, key=lambda one: (min(one.onset_s.values()), one.value))


def choose(recordings: Sequence[Surveyed], film_s: float | None) -> Choice:
    """Return what ``film_zero`` is by the events of a film's recordings.

    Parameters
    ----------
    recordings
        Recordings in which the film was shown.
    film_s
        Its length (s); None if unknown.
    """
    if all("film_s" in one.columns and _has(one, "film") for one in recordings):
        rule: dict[str, object] = {"rule": "film_events"}
        return Choice(rule, "rows of trial_type film have the film's second in film_s", True)
    several = has_runs(recordings)
    found = candidates(recordings)
    for one in sorted(found, key=lambda one: not NAMES.search(one.value)) if several else ():
        starts = parts(one, recordings, film_s)
        if starts is not None:
            rule = {"rule": "first_event", "value": one.value, "film_s": starts[0]}
            return Choice(rule, starts[1], starts[2])
    if several:
        return Choice(None, _open(recordings, film_s), False)
    lengths = [one for one in found if one.has_the_length_of(film_s)]
    best = [one for one in lengths if one.is_named()] or lengths
    if len(best) > 1 and len({tuple(one.onset_s.values()) for one in best}) == 1:
        best = best[:1]
    if len(best) == 1:
        seconds = ", ".join(sorted({f"{s:.1f}" for s in best[0].played_s.values()}))
        why = f"its events last {seconds} s, first to last, and the film {film_s:.1f} s"
        return Choice({"rule": "first_event", "value": best[0].value}, why, True)
    named = [one for one in found if one.is_named()]
    if len(named) == 1 and not best:
        why = "CHECK: by its name alone; its events do not have the film's length"
        return Choice({"rule": "first_event", "value": named[0].value}, why, False)
    if not found and film_s and all(_lasts(one, film_s) for one in recordings):
        why = "CHECK: no events, and recordings as long as the film"
        return Choice({"rule": "recording_start"}, why, False)
    return Choice(None, "the events leave open which of these is the film's first moment", False)


def _has(one: Surveyed, value: str) -> bool:
    return bool((one.events["trial_type"] == value).any())


def _lasts(one: Surveyed, film_s: float) -> bool:
    return one.length_s is not None and near(one.length_s, film_s)


def has_runs(recordings: Sequence[Surveyed]) -> bool:
    """Return whether a subject has several runs of the film in one session."""
    return any(len(runs) > 1 for runs in _by_subject(recordings).values())


def _by_subject(
    recordings: Sequence[Surveyed],
) -> dict[tuple[str, str, str], dict[str, Surveyed]]:
    out: dict[tuple[str, str, str], dict[str, Surveyed]] = {}
    for one in recordings:
        key = (one.subject, one.entity("ses"), one.entity("acq"))
        out.setdefault(key, {})[one.entity("run")] = one
    return out


def parts(
    one: Candidate, recordings: Sequence[Surveyed], film_s: float | None
) -> tuple[dict[str, float], str, bool] | None:
    """Return run -> second of the film at which it begins, why, and whether that is sure; None if
    a candidate's events do not tell.
    """
    if film_s is None:
        return None
    starts: dict[str, list[float]] = {}
    kinds = set()
    for runs in _by_subject(recordings).values():
        lasts = [one.played_s[runs[run].name] for run in sorted(runs, key=_number)]
        if all(near(s, film_s) for s in lasts):
            kinds.add("viewings")
            begins = [0.0] * len(lasts)
        elif near(sum(lasts), film_s) and min(lasts) > 0:
            kinds.add("parts")
            begins = [float(s) for s in np.cumsum([0.0, *lasts[:-1]])]
        else:
            return None
        for run, begin in zip(sorted(runs, key=_number), begins, strict=True):
            starts.setdefault(run, []).append(begin)
    if any(max(some) - min(some) > 0.1 for some in starts.values()) or len(kinds) > 1:
        return None  # subjects differ: one rule would be wrong for some
    mean = {run: round(float(np.mean(some)), 3) for run, some in starts.items()}
    if kinds == {"viewings"}:
        why = f"each run's events last as long as the film ({film_s:.1f} s): it was seen again"
        return mean, why, True
    why = f"the runs' events together last as long as the film ({film_s:.1f} s): they are its parts"
    return mean, why, True


def _open(recordings: Sequence[Surveyed], film_s: float | None) -> str:
    """Return what the lengths of the runs suggest where no event tells."""
    lengths = [one.length_s for one in recordings if one.length_s is not None]
    if film_s is None or not lengths:
        return "several runs: parts of the film, or the film again?"
    if min(lengths) >= film_s - NEAR_S:
        return (
            f"several runs, each long enough for the film ({film_s:.1f} s): seen again"
            " (film_s: {1: 0, 2: 0}), or parts?"
        )
    return (
        f"several runs, shorter than the film ({film_s:.1f} s): parts of it. At which second of the"
        " film does each begin (film_s: {1: 0, 2: ..})?"
    )


def _number(run: str) -> tuple[int, str]:
    return (int(run) if run.isdigit() else 0, run)


def onsets_in_words(one: Candidate, most: int = 4) -> str:
    """Return the onsets of a candidate by recording, in a line."""
    shown = [
        f"{_short(name)} {onset:.3f} s" + (f" (first of {one.count[name]})" * (one.count[name] > 1))
        for name, onset in list(one.onset_s.items())[:most]
    ]
    more = len(one.onset_s) - most
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _short(name: str) -> str:
    return "_".join(part for part in name.split("_") if part[:3] in ("sub", "ses", "run"))


def events_of(choice: Choice, recordings: Sequence[Surveyed]) -> Mapping[str, float]:
    """Return the onset of the film's beginning by recording, where it is chosen."""
    if choice.rule is None or choice.rule["rule"] != "first_event":
        return {}
    value = choice.rule["value"]
    chosen = [one for one in candidates(recordings) if one.value == value]
    return chosen[0].onset_s if chosen else {}
