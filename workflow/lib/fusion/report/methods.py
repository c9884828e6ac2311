"""The methods in words, from the config as it was used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fusion.contrasts.spec import NEEDED, RUNG_ROLES
from fusion.report.references import WORKS

#: (heading, text, keys of the works it cites).
Paragraph = tuple[str, str, list[str]]
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Data:
    """What the data were, as far as the methods say it.

    Attributes
    ----------
    n_subjects, n_recordings, n_electrodes, n_tested
        How many.
    events
        Alignment -> events with a whole response, over recordings.
    film_min
        Film time that they span (min).
    blocks
        Fewest and most blocks of film time of a tested electrode.
    dof
        Fewest and most degrees of freedom of its tests.
    has_regions
        Whether any electrode has a region.
    labels
        Model -> its name as people write it.
    versions
        Library -> version.
    """

    n_subjects: int
    n_recordings: int
    n_electrodes: int
    n_tested: int
    events: Mapping[str, int]
    film_min: float | None
    blocks: tuple[int, int] | None
    dof: tuple[int, int] | None
    has_regions: bool
    labels: Mapping[str, str]
    versions: Mapping[str, str]


#: What is said of effects over subjects.
OVER_SUBJECTS = (
    " The effect of a contrast in a region is that over subjects, as random effects: Paule and"
    " Mandel's variance between subjects, Hartung, Knapp, Sidik and Jonkman's interval and p. A"
    " subject's effect is the mean over its electrodes there. In how many subjects at least there"
    " is an effect is a partial conjunction at 95% confidence."
)


def paragraphs(config: Config, data: Data) -> list[Paragraph]:
    """Return the methods, in the order of the analysis.

    Parameters
    ----------
    config
        The resolved config.
    data
        What the data were.
    """
    projected = config["activations"]["projection"] != "none"
    paper = config["statistics"]["procedure"] == "paper"
    said = [
        ("Recordings", f"{sample(data)} {recordings(config)}", ["bids"]),
        ("Events and responses", f"{events(config)} {counted(data)}".strip(), ["paper"]),
        ("Models", models(config, data), ["slip", *(["projection"] if projected else [])]),
        ("Encoding", encoding(config), []),
        (
            "Statistics",
            statistics(config, data),
            [config["statistics"]["correction"], "conjunction", "wilson"],
        ),
        ("Verdicts", verdicts(config), ["paper"] if paper else []),
    ]
    if switched := controls(config):
        said.append(("Controls", switched, []))
    if data.has_regions:
        over_subjects = config["statistics"]["procedure"] == "calibrated"
        said.append(
            (
                "Regions",
                "Region names follow the labels of the electrodes table; the regions that could"
                " have been covered are those of the Desikan-Killiany-Tourville atlas. A region"
                " passes if it holds more sites than verdicts turned along each shaft would"
                " give." + (OVER_SUBJECTS if over_subjects else ""),
                ["dkt", *(["few_studies", "conjunction"] if over_subjects else [])],
            )
        )
    return [*said, ("Software", software(data), ["snakemake", "nilearn"])]


def cited(said: Iterable[Paragraph]) -> list[str]:
    """Return the keys of all works that paragraphs cite, the paper first."""
    return list(dict.fromkeys(["paper", *(key for _, _, keys in said for key in keys)]))


def markdown(said: list[Paragraph]) -> str:
    """Return the methods as Markdown with citations for Pandoc (``[@key]``)."""
    parts = ["# Methods"]
    for heading, text, keys in said:
        where = f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else ""
        parts.append(f"## {heading}\n\n{text}{where}")
    listed_ = "\n".join(f"- {WORKS[key].text()} {WORKS[key].link}".rstrip() for key in cited(said))
    return "\n\n".join([*parts, "## References", listed_]) + "\n"


def bibliography(said: list[Paragraph]) -> str:
    """Return the works that the methods cite as BibTeX."""
    return "\n".join(WORKS[key].bibtex(key) for key in cited(said))


def number_of(count: int, noun: str) -> str:
    """Return ``1 subject`` or ``3 subjects``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def between(ends: tuple[int, int]) -> str:
    """Return ``25``, or ``21 to 25``."""
    return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def sample(data: Data) -> str:
    """Return how many people and electrodes there were."""
    return (
        f"{number_of(data.n_subjects, 'subject')} with"
        f" {number_of(data.n_recordings, 'recording')}:"
        f" {number_of(data.n_electrodes, 'electrode')}, {data.n_tested} of which could be tested."
    )


def counted(data: Data) -> str:
    """Return how many events there were."""
    if not data.events:
        return ""
    each = listed([f"{count} {alignment} events" for alignment, count in data.events.items()])
    film = f", over {data.film_min:.1f} min of film" if data.film_min else ""
    return f"Over all recordings, {each} had a whole response{film}."


def verdicts(config: Config) -> str:
    """Return the rule of the verdicts, and the contrasts that play a part in it."""
    roles = {
        "multimodal": "multimodal models against their unimodal rivals",
        "matched": "the multimodal network against its vision-only twin",
        "linear": "multimodal models against unimodal ones put together linearly",
        "interaction": "the interaction of vision and language",
        "multimodal_vs_audio": "multimodal models against networks of sound",
        "multimodal_vs_video": "multimodal models against networks of motion",
    }
    named = {one["role"]: name for name, one in config["contrasts"].items() if one["role"]}
    signal = ["some model against nothing"] if "signal" in named else []

    def asked(rung: str) -> list[str]:
        return [f"{roles[role]} ({named[role]})" for role in RUNG_ROLES[rung] if role in named]

    otherwise = (
        "Otherwise it follows vision, language or both by the contrasts of unimodal models with"
        " nothing."
    )
    if NEEDED not in named:
        others = asked("unimodal") + asked("linear")
        if not others:
            return f"No contrast with multimodal models plays a part in the verdicts. {otherwise}"
        return (
            f"An electrode is called better predicted by multimodal models if it passes"
            f" {listed([*signal, *others])}, in the same alignment (a conjunction); whether they"
            " beat all unimodal models was not tested, for want of a contrast of role multimodal."
            f" {otherwise}"
        )
    said = [
        "The verdict names the highest rung of a ladder of evidence that holds; each rung needs"
        " those below it.",
        f"Beats unimodal: {listed([*signal, *asked('unimodal')])}, in the same alignment (a"
        " conjunction).",
    ]
    if linear := asked("linear"):
        said.append(f"Beats linear: in the same alignment also {listed(linear)}.")
    given = config["controls"]
    test = ["the interaction test of the controls"] * bool(
        given["interaction"] and given["joint_networks"]
    )
    if last := [*asked("interaction"), *test]:
        said.append(f"Interaction: the highest rung tested so far, and {listed(last)}.")
    said.append(
        "A rung's p-values are corrected over the electrodes with signal." if signal else ""
    )
    return " ".join([*filter(None, said), otherwise])


def controls(config: Config) -> str:
    """Return which controls were switched on."""
    what = {
        "partition": "a cross-validated variance partition",
        "interaction": "the interaction test of a joint network with shuffled pairings",
        "dimension_match": "all contrasts at matched dimensions",
        "leak": "a leak meter (position, word rate, autocorrelation)",
        "floors": "contrasts that should find nothing",
        "passive": "the pipeline on low-level features in the place of electrodes",
        "ceiling": "a noise ceiling",
    }
    given = config["controls"]
    on = [
        words
        for name, words in what.items()
        if given[name] and (name != "interaction" or given["joint_networks"])
    ]
    return f"Controls were {listed(on)}." if on else ""


def software(data: Data) -> str:
    """Return what ran the analysis."""
    shown = [f"{name} {version}" for name, version in data.versions.items()]
    return (
        f"The workflow ieeg-fusion was run by Snakemake with {listed(shown)}. Brains on paper were"
        " drawn with nilearn."
        if shown
        else "The workflow ieeg-fusion was run by Snakemake. Brains on paper were drawn with"
        " nilearn."
    )


def recordings(config: Config) -> str:
    """Return how recordings were cleaned."""
    ieeg = config["ieeg"]
    source = {
        "bids": "a BIDS dataset",
        "treebank": "a Brain Treebank release, converted to BIDS",
        "dandi": "Dandiset 000623, converted to BIDS",
        "simulate": "a simulated BIDS dataset with planted sites",
    }
    said = [
        f"Recordings came from {source[config['source']]}; channels of type"
        f" {listed(ieeg['channel_types'])} were analysed."
    ]
    harmonics = {None: "all its harmonics below the Nyquist frequency", 0: "no harmonics"}.get(
        ieeg["notch_harmonics"], f"{ieeg['notch_harmonics']} harmonics"
    )
    line = (
        f"{ieeg['line_freq_hz']:g} Hz"
        if ieeg["line_freq_hz"]
        else "the line frequency that the dataset states"
    )
    said.append(
        f"A notch filter (quality {ieeg['notch_quality']:g}) removed {line} and {harmonics}."
    )
    if ieeg["high_pass_hz"]:
        said.append(
            f"Slow drift was removed by a {ieeg['phase'].replace('zero', 'zero-phase')} high-pass"
            f" filter at {ieeg['high_pass_hz']:g} Hz."
        )
    else:
        said.append(
            "No high-pass filter was used, so slow drift of film and brain can pass for prediction."
        )
    end = (
        " Contacts with one neighbour on their shaft were dropped."
        if ieeg["shaft_ends"] == "drop"
        else " Contacts with one neighbour were referenced to it."
    )
    said.append(
        {
            "laplacian": (
                "Each contact was re-referenced to the mean of its neighbours on the shaft"
                " (Laplacian)." + end
            ),
            "bipolar": "Contacts were re-referenced to their neighbour (bipolar).",
            "average": "Contacts were re-referenced to the average of all.",
            "none": "The recorded reference was kept.",
        }[ieeg["reference"]]
    )
    if (
        ieeg["reference"] in ("laplacian", "bipolar")
        and "ECOG" in ieeg["channel_types"]
        and ieeg["ecog_reference"] != "laplacian"
    ):
        surface = {"average": "re-referenced to their own average", "none": "left as recorded"}[
            ieeg["ecog_reference"]
        ]
        said.append(f"Surface contacts (type ECOG), where there are any, were {surface}.")
    if ieeg["high_gamma_hz"]:
        low, high = ieeg["high_gamma_hz"]
        said.append(
            f"The signal analysed is the amplitude between {low:g} and {high:g} Hz (Hilbert"
            " transform)."
        )
    if ieeg["despike_sd"]:
        said.append(
            f"Samples beyond {ieeg['despike_sd']:g} robust standard deviations were clipped."
        )
    if ieeg["zscore"]:
        said.append("Each channel was z-scored over its recording.")
    return " ".join(said)


def events(config: Config) -> str:
    """Return what was an event, and how the response to it was cut."""
    found, response = config["events"], config["responses"]
    kinds = {
        "language": "the onset of each spoken word (language events)",
        "vision": "each scene cut (vision events)",
    }
    said = [f"Events were {listed([kinds[a] for a in found['alignments']])}."]
    text = {
        "sentence_so_far": "the sentence up to the event",
        "sentence": "the whole sentence",
        "window": f"the last {found['text_window_words']} words",
    }
    more = (
        f", preceded by {found['previous_sentences']} whole sentences"
        if found["previous_sentences"]
        else ""
    )
    said.append(f"A model was given the frame on screen and {text[found['text']]}{more}.")
    roles = {contrast["role"] for contrast in config["contrasts"].values()}
    if "audio" in roles:
        said.append(
            f"Networks of sound were given {found['sound_s']:g} s of the film's sound (mono, 16"
            f" kHz), up to {found['sound_after_s']:g} s after the event; their layers were averaged"
            f" over the last {found['sound_read_ms']:g} ms."
            if found["sound_after_s"]
            else f"Networks of sound were given the {found['sound_s']:g} s of the film's sound"
            " (mono, 16 kHz) before the event; their layers were averaged over the last"
            f" {found['sound_read_ms']:g} ms."
        )
    if "video" in roles:
        most = f", at most {found['clip_s']:g} s of them" if found["clip_s"] else ""
        said.append(
            f"Networks of motion were given the pictures up to the event{most}, at the rate that"
            " they were trained with."
        )
    if found["min_spacing_s"]:
        said.append(
            f"Events closer than {found['min_spacing_s']:g} s to the one before were left out."
        )
    first, last = response["window_ms"]
    said.append(
        f"Responses are means over {response['bin_width_ms']:g} ms every {response['step_ms']:g}"
        f" ms, centred {first:g} to {last:g} ms around the event.".replace("-", "\u2212")
    )
    return " ".join(said)


def models(config: Config, data: Data) -> str:
    """Return which models took part, and what became of their layers."""
    draws = config["random_inits"]
    randoms = f", and with random weights ({draws} draw{'s' if draws > 1 else ''})" if draws else ""
    said = [f"Models: {listed([data.labels[m] for m in config['models']])}; each trained{randoms}."]
    projection = config["activations"]["projection"]
    if projection == "none":
        said.append("Layers were used at their full width.")
    else:
        size = (
            f"the Johnson-Lindenstrauss size (distortion {config['activations']['jl_eps']:g})"
            if projection == "jl"
            else f"{projection} dimensions"
        )
        up = (
            "and narrower layers projected up to it"
            if config["activations"]["project_up"]
            else "and narrower layers kept as they are"
        )
        said.append(
            f"Layers wider than {size} were reduced to it by a sparse random projection, {up}."
        )
    if config["events"]["shuffled_pairings"]:
        said.append(
            f"For {config['events']['shuffled_pairings']} shuffled pairing(s), text was shifted"
            f" against frames by at least {config['events']['shuffle_min_shift_s']:g} s of film."
        )
    return " ".join(said)


def encoding(config: Config) -> str:
    """Return how responses were predicted."""
    fit = config["encoding"]
    folds = (
        "one film held out at a time"
        if fit["split"] == "film"
        else f"{fit['folds']} contiguous blocks of film time"
    )
    said = [
        "Every electrode and bin was predicted from each layer by ridge regression,"
        f" cross-validated over {folds}; training events within {fit['gap_s']:g} s of a held-out"
        " event were removed."
    ]
    chosen = (
        "inner folds of the training part"
        if fit["validation"] == "nested"
        else "the first half of each held-out block (the other half is the test)"
    )
    per, each = fit["alpha_per"], " and fold" if fit["validation"] == "nested" else ""
    said.append(
        f"The penalty ({len(fit['alphas'])} values from {min(fit['alphas']):g} to"
        f" {max(fit['alphas']):g}, one per {per}) and the layer (one per electrode{each}) were"
        f" chosen on {chosen}, never on test events."
    )
    if fit["clip_mad"]:
        said.append(
            "Before that, responses of each electrode, bin and recording were clipped at"
            f" {fit['clip_mad']:g} median absolute deviations from their median, so that bursts and"
            " spikes do not dominate."
        )
    if fit["drift_cosines_s"]:
        said.append(
            f"Cosines with periods of {fit['drift_cosines_s']:g} s and longer were regressed out of"
            " the responses."
        )
    said.append(
        "The score is Pearson's r between held-out responses and predictions, averaged over folds"
        " as Fisher's z."
    )
    return " ".join(said)


def statistics(config: Config, data: Data) -> str:
    """Return how contrasts were tested and verdicts reached."""
    tests = config["statistics"]
    windows = "; ".join(
        f"{name}: {w[0]:g} to {w[1]:g} ms" for name, w in tests["windows"].items()
    ).replace("-", "\u2212")
    weight = {
        "validation_squared": "weighted by the squared positive part of validation scores",
        "validation": "weighted by the positive part of validation scores",
        "equal": "equally weighted",
    }[tests["bin_weights"]]
    in_window = f"windows declared beforehand ({windows}; verdicts use “{tests['primary_window']}”)"
    said = [
        f"A contrast is the difference of two models' Fisher z, averaged over the bins ({weight})"
        f" of {in_window}."
    ]
    if tests["procedure"] == "paper":
        said = [
            "A contrast is the difference of two models' r, means over the bootstrap, at the bins"
            f" that pass the signal gate for both, of {in_window}."
        ]
    blocks = f"{config['encoding']['block_s']:g}-second blocks"
    said.append(
        {
            "calibrated": (
                f"Its standard error comes from the influence of {blocks} of film, as test and as"
                " training data, on the score; the test is Student's t. Test influences sum to"
                " zero within each fold, so its degrees of freedom are the number of blocks less"
                f" the number of folds{dof(data)}."
            ),
            "paper": (
                "Following the published procedure, bins were tested after"
                f" {tests['paper']['resamples']}"
                " bootstrap refits. In simulations of equal information this procedure calls far"
                " more than 5% of electrodes different; its p-values are not error rates."
            ),
            "block_bootstrap": (
                f"Held-out predictions were resampled {tests['block_bootstrap']['resamples']} times"
                f" in {blocks} of"
                " film, without refitting. This leaves the training part out, so that p-values are"
                " too small."
            ),
        }[tests["procedure"]]
    )
    name = {"bh": "Benjamini-Hochberg", "by": "Benjamini-Yekutieli"}[tests["correction"]]
    signal = any(own["role"] == "signal" for own in config["contrasts"].values())
    among = (
        "Whether any model predicts an electrode was tested first (Simes' test over the models);"
        " contrasts of models were then corrected over the electrodes with signal."
        if signal
        else "p-values were corrected over all electrodes."
    )
    if tests["procedure"] == "paper":
        said.append(
            "As published, a family is one contrast and window, both alignments together and"
            f" electrodes with too few bins included ({name}, false-discovery level"
            f" {tests['level']:g}); claims over alignments count those that are significant."
        )
        return " ".join(said)
    said.append(
        f"{among} A family is one contrast, alignment and window ({name}, false-discovery level"
        f" {tests['level']:g}). Claims over both alignments are partial conjunctions. Shares have"
        " 95% Wilson intervals."
    )
    return " ".join(said)


def dof(data: Data) -> str:
    """Return the numbers of blocks and degrees of freedom in brackets; nothing without tests."""
    if data.dof is None or data.blocks is None:
        return ""
    return f" (here {between(data.blocks)} blocks and {between(data.dof)} degrees of freedom)"


def listed(words: Iterable[str]) -> str:
    """Return ``a, b and c``."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
