"""The methods in words, from the config as it was used."""

from __future__ import annotations

from fusion.figures import names

REFERENCES = {
    "paper": (
        "Subramaniam V, Conwell C, Wang C, Kreiman G, Katz B, Cases I, Barbu A. Revealing"
        " vision-language integration in the brain with multimodal networks. ICML 2024."
        " arXiv:2406.14481."
    ),
    "slip": (
        "Mu N, Kirillov A, Wagner D, Xie S. SLIP: self-supervision meets language-image"
        " pre-training. ECCV 2022. arXiv:2112.12750."
    ),
    "bids": (
        "Holdgraf C, Appelhoff S, Bickel S, et al. iEEG-BIDS, extending the Brain Imaging Data"
        " Structure specification to human intracranial electrophysiology. Scientific Data 2019; 6:"
        " 102. doi:10.1038/s41597-019-0105-7."
    ),
    "bh": (
        "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful"
        " approach to multiple testing. J R Stat Soc B 1995; 57: 289-300."
    ),
    "by": (
        "Benjamini Y, Yekutieli D. The control of the false discovery rate in multiple testing"
        " under dependency. Ann Stat 2001; 29: 1165-1188."
    ),
    "conjunction": (
        "Benjamini Y, Heller R. Screening for partial conjunction hypotheses. Biometrics 2008; 64:"
        " 1215-1222."
    ),
    "projection": "Li P, Hastie TJ, Church KW. Very sparse random projections. KDD 2006: 287-296.",
    "dkt": (
        "Klein A, Tourville J. 101 labeled brain images and a consistent human cortical labeling"
        " protocol. Front Neurosci 2012; 6: 171. doi:10.3389/fnins.2012.00171."
    ),
    "snakemake": (
        "Mölder F, Jablonski KP, Letcher B, et al. Sustainable data analysis with Snakemake."
        " F1000Research 2021; 10: 33. doi:10.12688/f1000research.29032.2."
    ),
    "nilearn": (
        "Abraham A, Pedregosa F, Eickenberg M, et al. Machine learning for neuroimaging with"
        " scikit-learn. Front Neuroinform 2014; 8: 14. doi:10.3389/fninf.2014.00014."
    ),
    "wilson": (
        "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat"
        " Assoc 1927; 22: 209-212."
    ),
}


def paragraphs(config: dict) -> list[tuple[str, str, list[str]]]:
    """Return (heading, text, keys of the works it cites), in the order of the analysis.

    Parameters
    ----------
    config
        The resolved config.
    """
    return [
        ("Recordings", recordings(config), ["bids"]),
        ("Events and responses", events(config), ["paper"]),
        (
            "Models",
            models(config),
            ["slip", *(["projection"] if config["activations"]["projection"] != "none" else [])],
        ),
        ("Encoding", encoding(config), []),
        (
            "Statistics",
            statistics(config),
            [config["statistics"]["correction"], "conjunction", "wilson"],
        ),
        (
            "Regions and figures",
            (
                "Region names follow the atlas labels of the electrodes table; the list of regions"
                " that could have been covered is the Desikan-Killiany-Tourville atlas. Brains were"
                " drawn with nilearn. The workflow is run by Snakemake."
            ),
            ["dkt", "nilearn", "snakemake"],
        ),
    ]


def recordings(config: dict) -> str:
    """Return how recordings were cleaned."""
    ieeg = config["ieeg"]
    source = {
        "bids": "a BIDS dataset",
        "treebank": "a Brain Treebank release, converted to BIDS",
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
        said.append(f"Surface contacts (type ECOG) were {surface}.")
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


def events(config: dict) -> str:
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


def models(config: dict) -> str:
    """Return which models took part, and what became of their layers."""
    draws = config["random_inits"]
    randoms = f", and with random weights ({draws} draw{'s' if draws > 1 else ''})" if draws else ""
    said = [
        f"Models: {listed([names.model_name(m) for m in config['models']])}; each trained{randoms}."
    ]
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


def encoding(config: dict) -> str:
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


def statistics(config: dict) -> str:
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
    said = [
        f"A contrast is the difference of two models' Fisher z, averaged over the bins ({weight})"
        f" of windows declared beforehand ({windows}; verdicts use “{tests['primary_window']}”)."
    ]
    blocks = f"{config['encoding']['block_s']:g}-second blocks"
    said.append(
        {
            "calibrated": (
                f"Its standard error comes from the influence of {blocks} of film, as test and as"
                " training data, on the score; the test is Student's t with one degree of freedom"
                " fewer than blocks."
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
    said.append(
        f"{among} A family is one contrast, alignment and window ({name}, false-discovery level"
        f" {tests['level']:g}). Claims over both alignments are partial conjunctions. Shares have"
        " 95% Wilson intervals."
    )
    return " ".join(said)


def listed(words: list[str]) -> str:
    """Return ``a, b and c``."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
