"""Keep the pictures that any alignment's events need, decoded in one pass."""

from itertools import chain

import numpy as np

from fusion.io import labelled
from fusion.io.job import begin
from fusion.io.tables import read_tsv
from fusion.stimuli import clips, film, frames
from fusion.stimuli.spec import FramesSpec

log = begin(snakemake)
spec = FramesSpec.read(snakemake.params.spec)

own = np.unique(
    np.concatenate([read_tsv(path, columns=("frame",))["frame"] for path in snakemake.input.events])
)
clock = film.read_clock(snakemake.input.film)
frames.check(own, clock, snakemake.input.events, snakemake.input.film)
wanted = clips.wanted(clock.seconds, own, spec.clips)
pictures = frames.pictures(snakemake.input.film, clock, wanted, spec.size_px, snakemake.threads)
first = next(pictures)
height, width, _ = first.image.shape
coords = {"frame": wanted.astype("int64"), "y": height, "x": width, "rgb": ["red", "green", "blue"]}
with labelled.create(
    snakemake.output.frames, coords, {"stimulus": spec.stimulus, "size_px": spec.size_px}
) as file:
    labelled.add(file, "frame_s", ("frame",), clock.seconds[wanted], attrs={"units": "s"})
    image = labelled.add(
        file, "image", ("frame", "y", "x", "rgb"), dtype="uint8", **frames.storage(height, width)
    )
    motion = labelled.add(file, "motion_energy", ("frame",), attrs={"units": "luma^2/s"})
    if spec.clips:
        labelled.add_dimension(file, "picture", len(clock.seconds))
        labelled.add(file, "picture_s", ("picture",), clock.seconds, attrs={"units": "s"})
    still = len(wanted) > 1
    for where, images, energies in frames.batches(chain([first], pictures)):
        image[where], motion[where] = images, energies
        still = still and frames.alike(images, first.image)
    if still:
        frames.refuse_still(snakemake.input.film, len(wanted))
log.info("%d pictures of %d x %d px out of %d", len(wanted), width, height, len(clock.pts))
