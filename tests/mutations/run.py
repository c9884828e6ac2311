"""Many mutations of a kind, each read by itself."""

from __future__ import annotations

import os
import random
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from fusion.io.errors import InputError
from mutations import guard, mutate
from mutations.kinds import KINDS

#: A message that people read to its end.
LONGEST = 3000


@dataclass
class Outcome:
    """What became of the mutations of a kind.

    Attributes
    ----------
    accepted, refused
        How many were read, and refused in one line.
    failures
        What should not have happened, with the way to repeat it.
    """

    accepted: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)


def run(name: str, count: int, folder: Path, first: int = 0) -> Outcome:
    """Mutate the files of a kind ``count`` times and read them each time."""
    kind, outcome = KINDS[name], Outcome()
    template, place = folder / f"{name}-template", folder / name
    template.mkdir(parents=True)
    kind.write(template)
    kind.read(mutate.copied(template, place))  # imports, and a look that it is right
    for number in range(first, first + count):
        rng = random.Random(f"{name}-{number}")
        mutate.copied(template, place)
        said = "; ".join(mutate.mutate(place, rng) for _ in range(rng.choice([1, 1, 2])))
        try:
            with warnings.catch_warnings(), guard.guarded(folder):
                warnings.simplefilter("ignore")
                kind.read(place)
            outcome.accepted += 1
        except InputError as error:
            outcome.refused += 1
            text = str(error)
            if "\n" in text or len(text) > LONGEST or not error.file:
                outcome.failures.append(f"{name} {number} ({said}): a message such as {text[:300]}")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            trace = traceback.extract_tb(error.__traceback__)
            own = [one for one in trace if "/fusion/" in one.filename][-1:] or trace[-1:]
            where = f"{Path(own[0].filename).name}:{own[0].lineno}"
            outcome.failures.append(
                f"{name} {number} ({said}): {type(error).__name__}: {str(error)[:200]} at {where}"
            )
        if list(folder.rglob("pwned")) or os.path.exists("pwned"):  # noqa: PTH110
            outcome.failures.append(f"{name} {number} ({said}): something ran")
    return outcome
