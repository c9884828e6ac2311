"""All contrasts of one subject and alignment, at every electrode and window."""

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

from fusion.contrasts import block_bootstrap, fits, job
from fusion.contrasts.by_region import OF_SUBJECT, ByRegion
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.paper import Paper, Resampled
from fusion.contrasts.places import merge_electrodes, places, read_electrodes
from fusion.contrasts.spec import ContrastsSpec
from fusion.encoding.trials import Trials
from fusion.io.job import begin
from fusion.io.labelled import open_labelled, require
from fusion.io.tables import write_parquet
from fusion.seeds import rng_for

log = begin(snakemake)
spec = ContrastsSpec.read(snakemake.params.spec)


def stream(comparison):
    return rng_for(spec.seed, "multipliers", spec.subject, spec.alignment, comparison.name)


tables = {
    (spec.subject, Path(path).stem): read_electrodes(path) for path in snakemake.input.electrodes
}
with ExitStack() as stack:
    files = [(stack.enter_context(open_labelled(path)), path) for path in snakemake.input.influence]
    for file, path in files:
        require(file, path, subject=spec.subject, alignment=spec.alignment)
    loaded = [fits.read_scores(file, path) for file, path in files]
    for fit in loaded:
        log.info(
            "%s: %d electrodes, %d blocks, %d events",
            fit.name,
            len(fit.electrodes),
            len(fit.blocks),
            fit.n_events,
        )
    by_region = ByRegion(places(merge_electrodes(tables)), len(loaded[0].z))
    if spec.paper:
        intervals = [stack.enter_context(open_labelled(path)) for path in snakemake.input.bootstrap]
        way = Paper(spec.paper, {str(own.attrs["fit"]): Resampled.of(own) for own in intervals})
        table = job.test_contrasts(loaded, spec, lambda comparison: way)
    elif how := spec.block_bootstrap:
        log.warning(
            "the block bootstrap leaves the uncertainty of training out: its p-values are"
            " optimistic"
        )
        trials = Trials.read(
            snakemake.input.responses, subject=spec.subject, alignment=spec.alignment
        )
        predictions = dict(zip(spec.fits, snakemake.input.predictions, strict=True))

        @lru_cache(maxsize=1)
        def held_out(electrodes):
            return block_bootstrap.read_held_out(
                predictions, trials, electrodes, how.block_s, how.clip_mad
            )

        table = job.test_contrasts(
            loaded,
            spec,
            lambda comparison: block_bootstrap.BlockBootstrap(how, held_out, stream(comparison)),
        )
    else:
        table = job.test_contrasts(
            loaded,
            spec,
            lambda comparison: Calibrated(spec.calibrated, stream(comparison)),
            by_region=by_region,
        )
write_parquet(table, snakemake.output.table)
regions = by_region.table().assign(subject=spec.subject, alignment=spec.alignment)
log.info("%d effects by region", len(regions))
write_parquet(regions[OF_SUBJECT], snakemake.output.regions)
