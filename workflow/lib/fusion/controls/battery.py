"""Every test of "does this electrode join vision and language?", from the weakest to the strict.

M are the joint network's features, V and L those of a vision and of a language network (or the two
towers'), B = [V; L; the two additive parts of M], C the squares and products of the leading
features of V and of L. All tests use the same folds and blocks.

============================== =========================================================
test                           contrast
============================== =========================================================
``better_than_unimodal``       M > the better of V and L (chosen on validation)
``better_than_concatenation``  M > [V; L]
``unique``                     [V; L; M] > [V; L]
``language_shuffle``           M > M with language misaligned
``vision_shuffle``             M > M with vision misaligned
``both_shuffles``              both of these
``interaction_unpaired``       [B; M_int] > B
``interaction``                [B; C; M_int] > [B; C; time-shifted M_int], banded
``integration``                ``interaction`` and ``better_than_unimodal``
============================== =========================================================

What each of them shows, and what it does not: :data:`SHOWS`, ``docs/controls.md``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fusion.controls.inputs import Group, Networks, at_events, band_components
from fusion.controls.interaction import second_order, stream_correlation, without
from fusion.controls.joint import FilePath, additive, read_films, streams
from fusion.controls.problem import Problem, Test, ranked, versus
from fusion.controls.spec import InteractionSpec
from fusion.ids import FitId
from fusion.seeds import rng_for

log = logging.getLogger(__name__)

SHOWS = {
    "better_than_unimodal": "a better code of any kind, or two codes",
    "better_than_concatenation": "a better code of any kind",
    "unique": "something that vision and language networks lack, joined or not",
    "language_shuffle": "follows language",
    "vision_shuffle": "follows vision",
    "both_shuffles": "follows vision and language, joined or side by side",
    "interaction_unpaired": "joins them, if the streams are independent",
    "interaction": "joins them, if the streams are independent",
    "integration": "joins them",
}


def joint_streams(
    files: Mapping[tuple[FitId, str], FilePath],
    events: Mapping[str, pd.DataFrame],
    spec: InteractionSpec,
) -> dict[str, dict[str, dict[str, pd.DataFrame]]]:
    """Return what the tests need of every joint network that interacts.

    Parameters
    ----------
    files
        (fit, film) -> activations.
    events
        Film -> table of events.
    spec
        Networks, pairings, shifts and dimensions.

    Returns
    -------
    dict
        Network -> stream -> film -> features, a row an event; streams as those of
        :func:`fusion.controls.joint.streams`.
    """
    made = {}
    for name, network in spec.networks.items():
        rng = rng_for(spec.seed, "interaction", name)
        films = read_films(network, files, events, spec, rng)
        if additive(films):
            log.warning(
                "%s adds its streams and does nothing more: it has no interaction part, and is left"
                " out",
                name,
            )
            continue
        made[name] = {
            stream: {
                film: pd.DataFrame(x, index=events[film]["event"].to_numpy())
                for film, x in by_film.items()
            }
            for stream, by_film in streams(
                films, spec.dimensions, spec.shifts, spec.min_shift_s
            ).items()
        }
    return made


def of_group(
    group: Group,
    found: Networks,
    joint: Mapping[str, Mapping[str, Mapping[str, pd.DataFrame]]],
    spec: InteractionSpec,
) -> pd.DataFrame:
    """Run every test of every joint network at the electrodes of a group.

    Parameters
    ----------
    group
        The electrodes.
    found
        Activations of vision and language networks.
    joint
        Streams of the joint networks, of :func:`joint_streams`.
    spec
        Bands and dimensions.

    Returns
    -------
    pd.DataFrame
        ``network``, the columns of :func:`battery`, and ``stream_r``: how well vision and language
        predict each other.
    """
    bands = band_components(found, spec.bands, group.recordings, spec.dimensions)
    vision, language = bands["vision"], bands["language"]
    folds = group.problem.folds
    together = stream_correlation(
        vision, language, [(held.train, held.scored[f]) for f, held in enumerate(folds.outer)]
    )
    log.info(
        "%d electrodes, %d events; vision and language predict each other with r = %.3f",
        len(group.electrodes),
        len(vision),
        together,
    )
    tables = []
    for name, by_stream in joint.items():
        features = {
            stream: at_events(films, group.recordings) for stream, films in by_stream.items()
        }
        table = battery(group.problem, vision, language, features)
        table.insert(0, "network", name)
        tables.append(table.assign(stream_r=together))
    return pd.concat(tables, ignore_index=True)


def battery(
    problem: Problem, vision: np.ndarray, language: np.ndarray, streams: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Run every test on every electrode.

    Parameters
    ----------
    problem
        Responses, folds and blocks.
    vision, language
        (n, p) features of vision networks and of language networks.
    streams
        The joint network's features at the same events, see :func:`fusion.controls.joint.streams`.

    Returns
    -------
    pd.DataFrame
        One row per electrode (index in ``problem.y``) x test: ``electrode, test, r_a, r_b, effect,
        se, ci_low, ci_high, t, df, p``. Conjunctions carry the row of the part with the larger p.
    """
    named = {
        kind: [x for name, x in streams.items() if name.startswith(kind)]
        for kind in ("language_shuffled", "vision_shuffled", "shifted")
    }
    # Where streams correlate, the product of both tells of the square of one: squares and products
    # of either have to be beaten too.
    curved = second_order([vision, language])
    base = np.hstack([vision, language, streams["over_language"], streams["over_vision"]])
    alone, _ = ranked(
        problem, {"vision": problem.fit([vision]), "language": problem.fit([language])}, 1
    )
    joint = problem.fit([streams["joint"]])
    both = problem.fit([np.hstack([vision, language])])
    all_three = problem.fit([np.hstack([vision, language, streams["joint"]])])
    tests = {
        "better_than_unimodal": versus(problem, joint, [alone]),
        "better_than_concatenation": versus(problem, joint, [both]),
        "unique": versus(problem, all_three, [both]),
        "language_shuffle": versus(
            problem, joint, [problem.fit([x]) for x in named["language_shuffled"]]
        ),
        "vision_shuffle": versus(
            problem, joint, [problem.fit([x]) for x in named["vision_shuffled"]]
        ),
        "interaction_unpaired": versus(
            problem, problem.fit([np.hstack([base, streams["interaction"]])]), [problem.fit([base])]
        ),
        "interaction": interaction(
            problem, np.hstack([base, curved]), streams["interaction"], named["shifted"]
        ),
    }
    tests["both_shuffles"] = conjunction(tests["language_shuffle"], tests["vision_shuffle"])
    tests["integration"] = conjunction(tests["interaction"], tests["better_than_unimodal"])
    electrode = np.arange(problem.y.shape[1])
    return pd.concat(
        [pd.DataFrame({"electrode": electrode, "test": name, **tests[name]}) for name in SHOWS],
        ignore_index=True,
    )


# Weight of the interaction part relative to the base. Few ratios: a long search spends power on
# choosing (docs/controls.md).
RATIOS = np.array([[1.0, 1.0], [4.0, 1.0], [1.0, 4.0]]) / np.array([[2.0], [5.0], [5.0]])


def interaction(
    problem: Problem, base: np.ndarray, part: np.ndarray, shifts: Sequence[np.ndarray]
) -> Test:
    """Test whether the interaction part adds to the base more than its own time-shifted copies do,
    in banded fits.

    Of part and copies only what the base does not explain is added: where streams correlate, most
    of their products lies in the squares of each, and a base whose squares are shrunk would gain by
    seeing them twice.
    """
    own, *copies = (without(one, base) for one in (part, *shifts))
    with_part, *with_shifts = problem.fit_added(base, [own, *copies], RATIOS)
    return versus(problem, with_part, with_shifts)


def conjunction(*tests: Test) -> Test:
    """Return, per electrode, the row of the test with the largest p: all hold if that one does."""
    p = np.stack([test["p"] for test in tests])
    last = np.argmax(np.where(np.isnan(p), np.inf, p), axis=0)
    return {key: np.choose(last, [test[key] for test in tests]) for key in tests[0]}
