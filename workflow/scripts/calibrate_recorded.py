"""Turn the film against a subject's recordings, plant effects, refit, test every contrast."""

import logging
from collections import defaultdict

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.encoding.inputs import Activations
from fusion.encoding.trials import Trials
from fusion.ids import FitId
from fusion.io.job import begin
from fusion.io.tables import write_parquet
from fusion.simulation.recorded import subject_worlds
from fusion.simulation.spec import RecordedSpec

log = begin(snakemake)
spec = RecordedSpec.read(snakemake.params.spec)
# Every refit would say how each layer was solved.
logging.getLogger("fusion.encoding").setLevel("WARNING")

trials = Trials.read(snakemake.input.responses, subject=spec.subject, alignment=spec.alignment)
files = defaultdict(list)
for (fit, film, part), path in zip(spec.features, snakemake.input.activations, strict=True):
    files[fit].append((film, part, path))
activations = {
    fit: Activations(own, spec.parts.get(FitId.parse(fit).model), FitId.parse(fit))
    for fit, own in files.items()
}
total = len(trials.groups) * spec.turns * (1 + len(spec.sizes))
with threadpool_limits(snakemake.threads), tqdm(total=total, unit="world", mininterval=5) as bar:
    table = subject_worlds(trials, activations, spec, bar.update)
null = table[table["size"] == 0]
log.info("%.3f of %d null tests with p < 0.05", (null["p"] < 0.05).mean(), len(null))
write_parquet(table, snakemake.output.table)
