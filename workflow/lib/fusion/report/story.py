"""The report's sentences: the answer, and what the analysis cannot say. Every number carries the
key it was looked up under.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from fusion.figures import names
from fusion.figures.names import Labels, printed
from fusion.figures.spec import Sides

Config = Mapping[str, Any]


class Numbers:
    """Numbers by key; called with a key, it prints one so that a reader's program can find it
    again.
    """

    def __init__(self, values: Mapping[str, float]):
        """Keep ``values``."""
        self.values = values

    def __call__(self, key: str, digits: int | None = None) -> Markup:
        """Return the number as ``<span data-key=..>``; ``digits`` fixes the decimals."""
        value = self.values.get(key)
        text = (
            printed(value)
            if digits is None or value is None
            else f"{value:.{digits}f}".replace("-", "\u2212")
        )
        return Markup('<span class="n" data-key="{}">{}</span>').format(key, text)

    def get(self, key: str, default: float = 0) -> float:
        """Return the bare number."""
        return self.values.get(key, default)

    def share(self, key: str) -> Markup:
        """Return ``k of n (x%, 95% interval a-b%)``, or less where there is nothing to divide
        by.
        """
        if not self.get(f"{key}.of"):
            return Markup("0 of 0")
        return Markup("{} of {} ({}%, 95% interval {}–{}%)").format(
            self(f"{key}.count"),
            self(f"{key}.of"),
            self(f"{key}.share", 1),
            self(f"{key}.low", 1),
            self(f"{key}.high", 1),
        )


def role_of(config: Config, role: str) -> str | None:
    """Return the contrast that plays ``role`` in the verdicts."""
    return next(
        (name for name, contrast in config["contrasts"].items() if contrast["role"] == role), None
    )


def decisive(config: Config) -> str | None:
    """Return the contrast that decides: the matched one, that of multimodal with unimodal models,
    or the first.
    """
    first = next(iter(config["contrasts"]), None)
    return role_of(config, "matched") or role_of(config, "multimodal") or first


def answer(
    n: Numbers, config: Config, operands: Mapping[str, Sides], labels: Labels
) -> list[Markup]:
    """Return the answer in two sentences: what the ladder of evidence says, and how large the
    decisive differences are.
    """
    level = config["statistics"]["level"]
    if not has_pictures(config):
        return [heard(n, level), *sound(n)]
    return [first(n, level), second(n, config, operands, labels), *sound(n)]


def has_pictures(config: Config) -> bool:
    """Return whether anything was seen: a podcast has no pictures."""
    films = config["stimuli"].values()
    return not films or any(film["video"] for film in films)


def heard(n: Numbers, level: float) -> Markup:
    """Return how many electrodes follow language, where nothing was seen."""
    people = counted(n, "subjects", "subject")
    if not n.get("sites.tested"):
        return first(n, level)
    return Markup(
        "Of {} tested electrodes in {} ({} in all), some model predicts {}, and {} hold the verdict"
        " “language” (false-discovery level {}). Nothing was shown, so nothing is said of vision."
    ).format(
        n("sites.tested"),
        people,
        n("sites.all"),
        n("rung.signal.count") if n.get("rung.signal.of") else "0",
        n("verdict.language") if n.get("verdict.language") else "0",
        level,
    )


def sound(n: Numbers) -> list[Markup]:
    """Return, where networks of sound were asked, whether verdicts of language hold."""
    if "audio.language" not in n.values:
        return []
    unique = Markup("")
    if "audio.unique" in n.values:
        unique = Markup(
            "; at {} of them the language band adds to all others in the variance partition, the"
            " audio band among them"
        ).format(n("audio.unique"))
    return [
        Markup(
            "Of {} verdicts of language, {} hold against the best network of sound{}; {} follow"
            " sound."
        ).format(
            n("audio.language"),
            n("audio.kept"),
            unique,
            counted(n, "audio.follow", "electrode"),
        )
    ]


def first(n: Numbers, level: float) -> Markup:
    """Return how many electrodes hold each rung of the ladder."""
    people = counted(n, "subjects", "subject")
    if not n.get("sites.tested"):
        return Markup(
            "None of the {} electrodes in {} could be tested, so this analysis gives no answer."
        ).format(n("sites.all"), people)
    start = Markup("Of {} tested electrodes in {} ({} in all), ").format(
        n("sites.tested"), people, n("sites.all")
    )
    steps = {
        "signal": "some model predicts {}",
        "unimodal": "a multimodal model beats its unimodal rivals at {}",
        "linear": "it beats vision and language put together linearly at {}",
        "interaction": "the joint part of a network adds to vision and language at {}",
    }
    said = [
        Markup(words).format(n(f"rung.{rung}.count"))
        for rung, words in steps.items()
        if n.get(f"rung.{rung}.of")
    ]
    if n.get("verdict.better"):
        said.append(
            Markup(
                "a multimodal model beats the rivals that were asked at {} (they are not all"
                " unimodal ones)"
            ).format(n("verdict.better"))
        )
    missing = [words for rung, words in UNTESTED.items() if not n.get(f"rung.{rung}.of")]
    untested = f"; {' and '.join(missing)} not tested" if missing else ""
    if not said:
        return start + Markup("no rung of the ladder of evidence was tested.")
    return start + Markup(
        "{}{}. Each of these counts electrodes that pass all before it, at a false-discovery level"
        " of {}."
    ).format(Markup(", ").join(said), untested, level)


#: Rung -> how the headline says that it was not tested.
UNTESTED = {
    "unimodal": "whether multimodal models beat unimodal ones was",
    "linear": "whether they beat the linear combination was",
    "interaction": "interaction was",
}


def second(n: Numbers, config: Config, operands: Mapping[str, Sides], labels: Labels) -> Markup:
    """Return the decisive comparison: where it is found and how large, or how large a difference
    would have had to be.
    """
    contrast = role_of(config, "matched")
    fixed = contrast is not None
    contrast = contrast or role_of(config, "multimodal")
    if contrast is None:
        return Markup(
            "No contrast sets a multimodal model against a unimodal one, so nothing here speaks for"
            " or against a code of both."
        )
    sides = operands[contrast]
    a, b = (names.operand_name(one, labels) for one in (sides.a, sides.b))
    start = (
        "With architecture and training data held fixed, "
        if fixed
        else "Architecture and training data are not held fixed by any contrast; "
    )
    alignments = config["contrasts"][contrast]["alignments"] or config["events"]["alignments"]
    parts = [
        part(n, f"contrast.{contrast}.{alignment}", alignment)
        for alignment in alignments
        if n.get(f"contrast.{contrast}.{alignment}.tested")
    ]
    if not parts:
        return Markup("{}{} against {} could be tested at no electrode.").format(start, a, b)
    return Markup("{}{} predicts better than {} {}.").format(
        start, a, b, Markup(" and ").join(parts)
    )


def part(n: Numbers, key: str, alignment: str) -> Markup:
    """Return where one alignment's difference is found, and how large it is."""
    said = Markup("at {} electrodes in {} events").format(n.share(f"{key}.found"), alignment)
    if n.get(f"{key}.found.count"):
        return said + Markup(", median difference {} (Fisher z)").format(n(f"{key}.median_found"))
    return said


def detectable(n: Numbers, config: Config) -> Markup:
    """Return the smallest difference that would mostly have been found."""
    contrast = decisive(config)
    keys = {one: f"contrast.{contrast}.{one}" for one in config["events"]["alignments"]}
    tested = {alignment: key for alignment, key in keys.items() if n.get(f"{key}.se")}
    if not tested:
        return Markup("No electrode was tested, so the detectable difference is unknown.")
    sizes = Markup(" and ").join(
        Markup("{} in {} events").format(n(f"{key}.detectable"), alignment)
        for alignment, key in tested.items()
    )
    return Markup(
        "{} (Fisher z of r at a typical electrode, found in four of five repetitions at an"
        " uncorrected 0.05); smaller differences would mostly be missed"
    ).format(sizes)


def counted(n: Numbers, key: str, noun: str) -> Markup:
    """Return ``1 subject`` or ``3 subjects``."""
    return Markup("{} {}").format(n(key), noun if n.get(key) == 1 else f"{noun}s")


def limits(n: Numbers, config: Config, tables: set[str]) -> list[Markup | str]:
    """Return what the analysis cannot say, given the config, the numbers and which further
    ``tables`` there are.
    """
    said: list[Markup | str] = []
    if config["source"] == "simulate":
        said.append(
            Markup(
                "<strong>The data are simulated.</strong> They test the method; nothing here is"
                " about a brain."
            )
        )
    if "ceiling" not in tables:
        said.append(
            "Every moment of the film was analysed as seen once. How much of a response could be"
            " predicted at all (the noise ceiling) is not estimable, so a low r may mean a poor"
            " model or a noisy electrode."
        )
    said.append(
        Markup(
            "Electrodes are where clinicians needed them. {} named regions of the atlas have no"
            " electrode: nothing is known of them, and no site there does not mean that there is"
            " nothing to find."
        ).format(n("regions.uncovered"))
        if n.get("regions.covered")
        else (
            "Regions of electrodes are not known, so nothing is said about where in the brain sites"
            " are; coverage is unknown too."
        )
    )
    said.append(
        Markup(
            "“Not shown” is not “absent”: {} tested electrodes are undecided, and {} are predicted"
            " by no model."
        ).format(
            n("verdict.undecided") if n.get("verdict.undecided") else "0",
            n("verdict.none") if n.get("verdict.none") else "0",
        )
    )
    if not has_pictures(config):
        said.append(
            "Nothing was shown. “Language” says that a site follows what was said, not that it"
            " follows nothing else: what it does with pictures is unknown."
        )
        return [*said, *general(n, config)]
    if not n.get("rung.interaction.of"):
        said.append(
            "The last rung, interaction, was not tested. Beating unimodal models, or their linear"
            " combination, can also come from a better code of one modality."
        )
    else:
        said.append(
            "Below the last rung, interaction, an advantage of multimodal models can also come from"
            " a better code of one modality."
        )
    linear = role_of(config, "linear")
    if linear is None:
        said.append(
            "No contrast sets a multimodal model against unimodal ones put together linearly, so"
            " test 5 is not made."
        )
    elif isinstance(config["contrasts"][linear]["b"], str):
        said.append(
            "Test 5 is against a concatenation alone, which pays for features that say nothing at a"
            " site; it passes too easily."
        )
    if len(config["events"]["alignments"]) == 1:
        said.append(
            f"Only {config['events']['alignments'][0]} events were analysed: tests 2 and 4, which"
            " need both alignments, are not made."
        )
    return [*said, *general(n, config)]


def general(n: Numbers, config: Config) -> list[Markup | str]:
    """Return the limits that any stimulus has: numbers of people and films, procedure, drift."""
    said: list[Markup | str] = []
    if n.get("subjects") == 1:
        said.append("There is one subject: nothing here generalises to other people.")
    if len(config["stimuli"]) <= 1:
        one = "film" if has_pictures(config) else "story"
        said.append(f"There is one {one}: whether a site would be found with another is not known.")
    if config["statistics"]["procedure"] == "block_bootstrap":
        said.append(
            "The block bootstrap of held-out predictions was chosen. It leaves training out, and"
            " its p-values are too small."
        )
    if config["statistics"]["procedure"] == "paper":
        said.append(
            "The published procedure was chosen. Its p-values are not error rates: with equal"
            " information in both models it calls most electrodes different."
        )
    if not config["ieeg"]["high_pass_hz"] and not config["encoding"]["drift_cosines_s"]:
        said.append(
            "Slow drift was left in. Film and brain both drift, and drift alone makes empty"
            " electrodes look predicted."
        )
    first_ms = config["responses"]["window_ms"][0]
    if first_ms < 0:
        said.append(
            "r before an event is not evidence of anticipation by itself: neighbouring events and"
            " the film's own correlation in time reach there."
        )
    return said
