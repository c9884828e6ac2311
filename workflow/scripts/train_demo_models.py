"""Train the demo's models from scratch: SLIP, SLIP-CLIP and SLIP-SimCLR on captioned scenes, and a
text encoder.
"""

from functools import partial
from pathlib import Path

import torch
from open_clip.tokenizer import SimpleTokenizer
from tqdm import tqdm

from fusion.demo import bpe, family, hearing, speech, text
from fusion.demo.spec import TrainDemoModelsSpec
from fusion.io.atomic import whole
from fusion.io.job import begin

log = begin(snakemake)

spec = TrainDemoModelsSpec.read(snakemake.params.spec)
training = {
    "steps": spec.steps,
    "batch": spec.batch,
    "rate": spec.learning_rate,
    "seed": spec.seed,
}
# One thread: the order of sums, and with it every weight, depends on the number of threads.
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def report(name, losses):
    log.info(
        "%s: loss %.3f at the first step, %.3f over the last 20",
        name,
        losses[0],
        sum(losses[-20:]) / len(losses[-20:]),
    )


bpe.write_merges(bpe.learn_merges(speech.vocabulary()), snakemake.output.merges)
tokenizer = SimpleTokenizer(snakemake.output.merges, context_length=family.CONTEXT)
for name in family.OBJECTIVES:
    progress = partial(tqdm, desc=name, mininterval=5)
    model, losses = family.train(
        name,
        family.SIZE,
        tokenizer,
        tokenizer.vocab_size,
        family.CONTEXT,
        **training,
        progress=progress,
    )
    report(name, losses)
    # an open file, because torch would write the file's (temporary) name into it
    with whole(snakemake.output[name]) as part, open(part, "wb") as file:
        torch.save(family.checkpoint(name, model, family.SIZE, spec.steps), file)

encoder, words, losses = text.train(text.SIZE, **training)
report("text", losses)
folder = Path(snakemake.output.text[0]).parent
encoder.save_pretrained(folder)
words.save_pretrained(folder)

# Clips of a second cost more than images: a quarter of the steps, of a quarter of the size, are
# enough.
shorter = training | {"steps": max(2, spec.steps // 4), "batch": max(2, spec.batch // 4)}
heard, extractor, losses = hearing.train(hearing.SIZE, **shorter)
report("audio", losses)
folder = Path(snakemake.output.audio[0]).parent
heard.save_pretrained(folder)
extractor.save_pretrained(folder)
