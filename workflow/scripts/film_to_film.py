"""Contrasts of one subject and alignment, by fits that train on one film and test on another."""

import logging
from itertools import islice

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.contrasts.film_to_film import film_to_film
from fusion.contrasts.spec import FilmToFilmSpec
from fusion.encoding.inputs import Activations
from fusion.encoding.trials import Trials
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = FilmToFilmSpec.read(snakemake.params.spec)
# Every fit would say how each layer was solved.
logging.getLogger("fusion.encoding").setLevel("WARNING")

trials = Trials.read(snakemake.input.responses, subject=spec.subject, alignment=spec.alignment)
files, activations = iter(snakemake.input.activations), []
for fit in spec.fits:
    own = list(islice(files, len(fit.features)))
    activations.append(Activations.of(fit, own, fit.fits[0]))
log.info("%d films, %d fits", len(trials.films), len(spec.fits))
with (
    threadpool_limits(snakemake.threads),
    tqdm(total=len(trials.groups) * len(spec.fits), unit="fit", mininterval=5) as bar,
):
    table = film_to_film(trials, activations, spec, bar.update)
log.info("%d rows, %d of them tested", len(table), table["tested"].sum())
write_parquet(table, snakemake.output.table)
