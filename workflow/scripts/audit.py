"""Fit a random part of a run again by himalaya and scikit-learn, and compare."""

from itertools import islice

import pandas as pd
from threadpoolctl import threadpool_limits

from fusion.audit import compare
from fusion.audit.sample import audit_sample
from fusion.audit.spec import AuditSpec
from fusion.encoding.inputs import Activations
from fusion.encoding.trials import Trials
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, write_described

log = begin(snakemake)
spec = AuditSpec.read(snakemake.params.spec)

responses, activations = iter(snakemake.input.responses), iter(snakemake.input.activations)
scores, contrasts = iter(snakemake.input.scores), iter(snakemake.input.contrasts)
tables = []
with threadpool_limits(snakemake.threads):
    for sample in spec.samples:
        trials = Trials.read(list(islice(responses, sample.n_recordings)))
        layers = [
            Activations.of(fit, list(islice(activations, len(fit.features)))) for fit in sample.fits
        ]
        stored = [read_parquet(next(scores)) for _ in sample.fits]
        table = read_parquet(next(contrasts)) if sample.comparison else None
        tables.append(audit_sample(sample, spec, trials, layers, stored, table))

found = pd.concat(tables, ignore_index=True)
log.info("audited %d fits:\n%s", found["fit"].nunique(), found.to_string(index=False))
compare.check(found, spec.tolerance, snakemake.log[0])
write_described(
    found,
    snakemake.output.table,
    snakemake.output.dictionary,
    read_schema(snakemake.input.schema),
)
