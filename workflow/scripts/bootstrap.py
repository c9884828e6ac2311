"""The paper's bootstrap of one fit: intervals of r over refits on resampled events."""

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.contrasts.bootstrap import subject_intervals
from fusion.contrasts.spec import BootstrapSpec
from fusion.encoding.inputs import Activations
from fusion.encoding.trials import Trials
from fusion.io import labelled
from fusion.io.job import begin

log = begin(snakemake)
spec = BootstrapSpec.read(snakemake.params.spec)

trials = Trials.read(snakemake.input.responses)
activations = Activations.of(spec.fit, snakemake.input.activations)
with labelled.open_labelled(snakemake.input.influence) as dataset:
    electrodes, layers = (dataset[key].values.astype(str) for key in ("electrode", "layer"))
layer_of = dict(zip(electrodes, layers, strict=True))

total = spec.resamples * len(trials.groups) * len(set(layers))
with threadpool_limits(snakemake.threads), tqdm(total=total, mininterval=5) as bar:
    names, intervals = subject_intervals(trials, activations, layer_of, spec, bar.update)

attrs = {
    "subject": spec.fit.subject,
    "alignment": spec.fit.alignment,
    "fit": str(spec.fit.fits[0]),
    "resamples": spec.resamples,
}
coords = {"electrode": names, "bin_ms": trials.bins_ms}
with labelled.create(snakemake.output.intervals, coords, attrs) as file:
    for key, values in intervals.items():
        labelled.add(file, key, ("electrode", "bin_ms"), values)
