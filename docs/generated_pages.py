"""Pages of the site that are made from other files of the repository.

Run by mkdocs (plugin gen-files): the README as the first page, the reference of the config, of the
tables and of the library, the benchmarks' results, and the demo's report where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mkdocs_gen_files
import yaml

REPOSITORY = Path(__file__).parents[1]
LIBRARY = REPOSITORY / "workflow/lib/fusion"
REPORT = REPOSITORY / "results/demo/report.html"

#: Page of the site -> file of the repository.
COPIED = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "reference/config.md": "config/README.md",
}

#: Section -> pages of docs/, in the order in which they are read.
SECTIONS = {
    "Start": ["first_run", "demo", "tutorial", "own_data", "reading_the_results"],
    "How to": [
        "films",
        "recordings",
        "datasets",
        "brain_treebank",
        "adding_a_model",
        "adding_a_contrast",
        "exports",
        "cluster",
        "module",
    ],
    "Explanations": ["encoding", "statistics", "paper", "controls", "architecture", "threat_model"],
}


def pages() -> dict[str, str]:
    """Return page -> file of the repository, for everything that is copied."""
    reports = sorted((REPOSITORY / "benchmarks").glob("*.md"))
    return COPIED | {f"benchmarks/{path.name}": f"benchmarks/{path.name}" for path in reports}


def relinked(text: str, page: str, source: str) -> str:
    """Return a copied file with its links to other files led to their pages.

    Links to files that have no page become plain text.
    """
    of_file = {file: name for name, file in pages().items()}

    def lead(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        if not target or ":" in target:
            return match[0]
        file = (REPOSITORY / source).parent.joinpath(target).resolve()
        if not file.is_relative_to(REPOSITORY):
            return label
        path = file.relative_to(REPOSITORY).as_posix()
        known = of_file.get(path) or (path.removeprefix("docs/") if path[:5] == "docs/" else None)
        if known is None or not (REPOSITORY / path).is_file():
            return label
        up = "../" * page.count("/")
        return f"[{label}]({up}{known}{anchor})"

    return re.sub(r"\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)", lead, text)


def tables() -> Iterator[str]:
    """Yield the lines of the reference of all tables, from their schemas."""
    yield "# Tables"
    yield "Columns of the tables that the workflow writes. Each table has the same as a JSON file."
    for path in sorted((REPOSITORY / "workflow/schemas").glob("*.schema.yaml")):
        schema = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "columns" not in schema:
            continue
        yield f"## {path.name.removesuffix('.schema.yaml')}"
        yield "| column | what it is | unit | levels |\n| --- | --- | --- | --- |" + "".join(
            f"\n| `{name}` | {cell(column.get('description', ''))} | {column.get('unit', '')} |"
            f" {levels(column)} |"
            for name, column in schema["columns"].items()
        )


def cell(text: str) -> str:
    """Return text that is safe in a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def levels(column: dict[str, Any]) -> str:
    """Return the levels of a column in one cell."""
    found = column.get("levels", {})
    return "; ".join(f"`{level}`: {cell(text)}" for level, text in found.items())


def write(page: str, text: str) -> None:
    """Write a page."""
    with mkdocs_gen_files.open(page, "w") as file:
        file.write(text + "\n")


def main() -> None:
    """Write all pages, and the table of contents."""
    contents = mkdocs_gen_files.Nav()
    contents["ieeg-fusion"] = "index.md"
    for page, source in pages().items():
        text = (REPOSITORY / source).read_text(encoding="utf-8")
        write(page, relinked(text, page, source))
    for path in sorted((REPOSITORY / "docs").glob("*.md")):
        write(path.name, relinked(path.read_text("utf-8"), path.name, f"docs/{path.name}"))
    for section, names in SECTIONS.items():
        for name in names:
            contents[section, title(REPOSITORY / f"docs/{name}.md")] = f"{name}.md"
    if REPORT.is_file():
        with mkdocs_gen_files.open("demo_report.html", "wb") as file:
            file.write(REPORT.read_bytes())
    for name in sorted(page for page in pages() if page.startswith("benchmarks/")):
        contents["Benchmarks", title(REPOSITORY / pages()[name])] = name
    contents["Reference", "Config"] = "reference/config.md"
    write("reference/tables.md", "\n\n".join(tables()))
    contents["Reference", "Tables"] = "reference/tables.md"
    contents["Reference", "Glossary"] = "glossary.md"
    for package in sorted(path.parent for path in LIBRARY.glob("*/__init__.py")):
        modules = [path.stem for path in sorted(package.glob("*.py")) if path.stem[0] != "_"]
        page = f"reference/library/{package.name}.md"
        blocks = [f"# fusion.{package.name}"]
        blocks += [f"::: fusion.{package.name}.{module}" for module in modules]
        write(page, "\n\n".join(blocks))
        contents["Reference", "Library", f"fusion.{package.name}"] = page
    contents["Project", "Changelog"] = "changelog.md"
    contents["Project", "Contributing"] = "contributing.md"
    with mkdocs_gen_files.open("SUMMARY.md", "w") as file:
        file.writelines(contents.build_literate_nav())


def title(path: Path) -> str:
    """Return the heading of a page."""
    first = path.read_text(encoding="utf-8").lstrip().split("\n", 1)[0]
    return first.lstrip("# ").strip().replace("[", "").replace("]", "")


if __name__ == "<run_path>" or __name__ == "__main__":
    main()
