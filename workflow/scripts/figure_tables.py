"""Make the tables that figures need from arrays: r over time, example predictions, folds."""

from contextlib import ExitStack

import pandas as pd

from fusion.contrasts.over_time import COLUMNS, OverTime
from fusion.encoding import examples, held_out
from fusion.figures import read
from fusion.figures.spec import FigureTablesSpec
from fusion.io.job import begin
from fusion.io.labelled import open_labelled
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, write_described

log = begin(snakemake)
spec = FigureTablesSpec.read(snakemake.params.spec)

curves = pd.DataFrame(columns=COLUMNS)
if how := spec.time_course:
    columns = ["subject", "electrode", "alignment", "contrast", "window", "effect", "tested"]
    contrasts = read.contrasts(snakemake.input.contrasts, columns)
    wanted = (contrasts["contrast"] == how.contrast) & (contrasts["window"] == how.window_name)
    over_time = OverTime(contrasts[wanted], how.electrodes)
    for path, (subject, alignment, side) in zip(snakemake.input.influence, how.fits, strict=True):
        with open_labelled(path) as fit:
            over_time.add(fit, subject, alignment, side)
        log.info("read %s", path)
    curves = over_time.table(how.sides, how.multipliers, how.level, how.seed)
schemas, out = read_schema(snakemake.input.schema)["tables"], snakemake.output
write_described(curves, out.time_course, out.time_course_dictionary, schemas["time_course"])

traces, folds = [pd.DataFrame(columns=examples.COLUMNS)], [pd.DataFrame(columns=held_out.COLUMNS)]
if shown := spec.examples:
    model, init, _ = shown.fit.split("-")
    scores = read_parquet(snakemake.input.scores)
    scores = scores[
        (scores["alignment"] == shown.alignment)
        & (scores["model"] == model)
        & (scores["init"] == init)
        & scores["chosen"].astype(bool)
    ]
    with ExitStack() as stack:
        fits = {
            subject: stack.enter_context(open_labelled(path))
            for subject, path in zip(shown.subjects, snakemake.input.predictions, strict=True)
        }
        responses = [
            (subject, stack.enter_context(open_labelled(path)))
            for subject, path in zip(shown.recordings, snakemake.input.responses, strict=True)
        ]
        for row in examples.choose(scores).itertuples():
            own = [one for subject, one in responses if subject == row.subject]
            trace = examples.trace(fits[row.subject], own, row.electrode, shown.window)
            ids = {"kind": row.kind, "subject": row.subject, "electrode": row.electrode}
            traces.append(trace.assign(**ids)[examples.COLUMNS])
            log.info("%s: sub-%s %s", row.kind, row.subject, row.electrode)
        onsets = {key: t for _, one in responses for key, t in held_out.onsets(one).items()}
        folds += [held_out.stretches(fit, onsets) for fit in fits.values()]
traces, folds = (pd.concat(parts, ignore_index=True) for parts in (traces, folds))
write_described(traces, out.examples, out.examples_dictionary, schemas["examples"])
write_described(folds, out.folds, out.folds_dictionary, schemas["folds"])
