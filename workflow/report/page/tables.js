for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const value = (row, k) => row.cells[k].dataset.value ?? row.cells[k].textContent;
  heads.forEach((head, k) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numeric = head.classList.contains("number");
    const keyed = [...body.rows].map(row => [value(row, k), row]);
    const missing = v => v === "" || v === "n/a";
    keyed.sort(([a], [b]) => {
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      const order = numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", {numeric: true});
      return down ? -order : order;
    });
    body.append(...keyed.map(([, row]) => row));
  }));
  const controls = document.querySelector(`[data-filters="${table.id}"]`);
  if (!controls) continue;
  const search = controls.querySelector("input"), choice = controls.querySelector("select"), count = controls.querySelector("output");
  const texts = new Map([...body.rows].map(row => [row, row.textContent.toLowerCase()]));
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of texts) {
      const keep = words.every(word => text.includes(word)) && (!choice || !choice.value || row.dataset.group === choice.value);
      row.hidden = !keep;
      shown += keep;
    }
    count.textContent = `${shown} of ${texts.size} rows`;
  };
  search.addEventListener("input", filter);
  choice?.addEventListener("change", filter);
  filter();
}
