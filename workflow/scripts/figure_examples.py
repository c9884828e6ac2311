"""Draw held-out responses and predictions at the best, a middling and an unpredicted electrode."""

from contextlib import ExitStack

import pandas as pd

from fusion.figures import examples, read, style
from fusion.io.labelled import open_labelled
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
model, init, _ = spec["fit"].split("-")
scores = pd.read_parquet(snakemake.input.scores)
scores = scores[
    (scores["alignment"] == spec["alignment"])
    & (scores["model"] == model)
    & (scores["init"] == init)
    & scores["chosen"].astype(bool)
]
regions = read.sites(snakemake.input.sites).set_index(["subject", "electrode"])["region"]
predictions = dict(zip(spec["subjects"], snakemake.input.predictions, strict=True))

traces = []
for row in examples.choose(scores).itertuples():
    paths = [
        path
        for (subject, _), path in zip(spec["recordings"], snakemake.input.responses, strict=True)
        if subject == row.subject
    ]
    with ExitStack() as stack:
        fit = stack.enter_context(open_labelled(predictions[row.subject]))
        responses = [stack.enter_context(open_labelled(path)) for path in paths]
        trace = examples.paired(fit, responses, row.electrode, spec["window"])
    traces.append(
        {
            **trace,
            "kind": row.kind,
            "subject": row.subject,
            "electrode": row.electrode,
            "region": regions.get((row.subject, row.electrode)),
        }
    )
    log.info("%s: sub-%s %s, r = %.3f", row.kind, row.subject, row.electrode, traces[-1]["r"])
figure, data = examples.draw(traces, spec["fit"], spec["alignment"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
