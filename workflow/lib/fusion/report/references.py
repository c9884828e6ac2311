"""Works that the methods cite, as a reader and as a reference manager wants them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A work that is cited.

    Attributes
    ----------
    authors
        ``Family, Given`` of each author; ``others`` for the rest.
    title, venue, year
        What and where.
    detail
        Volume and pages, as printed.
    doi, arxiv
        Where it is found.
    kind
        Type of the BibTeX entry.
    """

    authors: tuple[str, ...]
    title: str
    venue: str
    year: int
    detail: str = ""
    doi: str = ""
    arxiv: str = ""
    kind: str = "article"

    @property
    def link(self) -> str:
        """Address of the work, or nothing."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else ""

    def text(self) -> str:
        """Return the reference as printed in a list."""
        names = [
            "et al."
            if author == "others"
            else author.split(", ")[0] + " " + "".join(w[0] for w in author.split(", ")[1].split())
            for author in self.authors
        ]
        where = f"{self.venue} {self.year}" + (f"; {self.detail}" if self.detail else "")
        people = ", ".join(names).replace(", et al.", " et al.")
        return f"{people.rstrip('.')}. {self.title}. {where}."

    def bibtex(self, key: str) -> str:
        """Return the BibTeX entry."""
        place = "booktitle" if self.kind == "inproceedings" else "journal"
        fields = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            place: self.venue,
            "year": str(self.year),
            "note": self.detail,
            "doi": self.doi,
            "eprint": self.arxiv,
        }
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        return f"@{self.kind}{{{key},\n" + ",\n".join(lines) + "\n}\n"


WORKS: dict[str, Work] = {
    "paper": Work(
        (
            "Subramaniam, Vighnesh",
            "Conwell, Colin",
            "Wang, Christopher",
            "Kreiman, Gabriel",
            "Katz, Boris",
            "Cases, Ignacio",
            "Barbu, Andrei",
        ),
        "Revealing vision-language integration in the brain with multimodal networks",
        "ICML",
        2024,
        arxiv="2406.14481",
        kind="inproceedings",
    ),
    "slip": Work(
        ("Mu, Norman", "Kirillov, Alexander", "Wagner, David", "Xie, Saining"),
        "SLIP: self-supervision meets language-image pre-training",
        "ECCV",
        2022,
        arxiv="2112.12750",
        kind="inproceedings",
    ),
    "bids": Work(
        ("Holdgraf, Christopher", "Appelhoff, Stefan", "Bickel, Stephan", "others"),
        "iEEG-BIDS, extending the Brain Imaging Data Structure specification to human intracranial"
        " electrophysiology",
        "Scientific Data",
        2019,
        "6: 102",
        doi="10.1038/s41597-019-0105-7",
    ),
    "bh": Work(
        ("Benjamini, Yoav", "Hochberg, Yosef"),
        "Controlling the false discovery rate: a practical and powerful approach to multiple"
        " testing",
        "Journal of the Royal Statistical Society B",
        1995,
        "57: 289-300",
        doi="10.1111/j.2517-6161.1995.tb02031.x",
    ),
    "by": Work(
        ("Benjamini, Yoav", "Yekutieli, Daniel"),
        "The control of the false discovery rate in multiple testing under dependency",
        "Annals of Statistics",
        2001,
        "29: 1165-1188",
        doi="10.1214/aos/1013699998",
    ),
    "conjunction": Work(
        ("Benjamini, Yoav", "Heller, Ruth"),
        "Screening for partial conjunction hypotheses",
        "Biometrics",
        2008,
        "64: 1215-1222",
        doi="10.1111/j.1541-0420.2007.00984.x",
    ),
    "projection": Work(
        ("Li, Ping", "Hastie, Trevor", "Church, Kenneth"),
        "Very sparse random projections",
        "KDD",
        2006,
        "287-296",
        doi="10.1145/1150402.1150436",
        kind="inproceedings",
    ),
    "dkt": Work(
        ("Klein, Arno", "Tourville, Jason"),
        "101 labeled brain images and a consistent human cortical labeling protocol",
        "Frontiers in Neuroscience",
        2012,
        "6: 171",
        doi="10.3389/fnins.2012.00171",
    ),
    "snakemake": Work(
        ("Mölder, Felix", "Jablonski, Kim Philipp", "Letcher, Brice", "others"),
        "Sustainable data analysis with Snakemake",
        "F1000Research",
        2021,
        "10: 33",
        doi="10.12688/f1000research.29032.2",
    ),
    "nilearn": Work(
        ("Abraham, Alexandre", "Pedregosa, Fabian", "Eickenberg, Michael", "others"),
        "Machine learning for neuroimaging with scikit-learn",
        "Frontiers in Neuroinformatics",
        2014,
        "8: 14",
        doi="10.3389/fninf.2014.00014",
    ),
    "few_studies": Work(
        ("IntHout, Joanna", "Ioannidis, John P A", "Borm, George F"),
        "The Hartung-Knapp-Sidik-Jonkman method for random effects meta-analysis is"
        " straightforward and considerably outperforms the standard DerSimonian-Laird method",
        "BMC Medical Research Methodology",
        2014,
        "14: 25",
        doi="10.1186/1471-2288-14-25",
    ),
    "wilson": Work(
        ("Wilson, Edwin B",),
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association",
        1927,
        "22: 209-212",
        doi="10.1080/01621459.1927.10502953",
    ),
}
