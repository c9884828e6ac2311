"""Decode the sound of a film, once, and write its waveform on the film's clock."""

from fusion.io import labelled
from fusion.io.job import begin
from fusion.stimuli import film, soundtrack, waveform
from fusion.stimuli.spec import SoundSpec

log = begin(snakemake)
spec = SoundSpec.read(snakemake.params.spec)

clock = film.read_any_clock(snakemake.input.film)
with labelled.create(snakemake.output.sound, {}, {"stimulus": spec.stimulus}) as file:
    pieces = soundtrack.decode(snakemake.input.film, clock.zero_s, stamped=not clock.notes)
    n = waveform.write(file, pieces)
if n:
    log.info("%.3f s of sound", n / waveform.RATE_HZ)
else:
    log.info("the film has no sound")
