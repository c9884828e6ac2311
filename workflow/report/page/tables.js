for (const box of document.querySelectorAll("[data-table]")) {
  const table = box.querySelector("table"), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const value = (row, k) => row.cells[k].dataset.value ?? row.cells[k].textContent;
  if (table.classList.contains("sortable"))
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
  const all = box.querySelector(".all");
  if (all) all.addEventListener("click", () => all.setAttribute("aria-pressed", table.classList.toggle("every")));
  const fields = [...box.querySelectorAll(".filters td")].map(cell => cell.firstElementChild);
  if (!fields.length) continue;
  const count = box.querySelector("output");
  const fits = (row, k, words, field) => {
    const compared = /^\s*([<>])=?\s*(-?[\d.]+(?:e-?\d+)?)\s*$/i.exec(words);
    if (compared) {
      const number = Number(row.cells[k].dataset.value);
      return row.cells[k].dataset.value !== undefined && (compared[1] === "<" ? number <= compared[2] : number >= compared[2]);
    }
    const text = row.cells[k].textContent;
    return field.tagName === "SELECT" ? text === words : text.toLowerCase().includes(words.toLowerCase());
  };
  const filter = () => {
    const asked = fields.map((field, k) => [k, field.value.trim(), field]).filter(([, words]) => words);
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = !asked.every(([k, words, field]) => fits(row, k, words, field));
      shown += !row.hidden;
    }
    count.textContent = asked.length ? `${shown} of ${body.rows.length} rows` : `${body.rows.length} rows`;
  };
  for (const field of fields) field.addEventListener(field.tagName === "SELECT" ? "change" : "input", filter);
}

// On paper: everything unfolded, and of the electrodes those that a claim is made about.
const folded = [];
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details.fold:not(#config):not(#model-cards)")) if (!one.open) { one.open = true; folded.push(one); }
});
window.addEventListener("afterprint", () => { while (folded.length) folded.pop().open = false; });
const electrodes = document.getElementById("sites");
if (electrodes) {
  electrodes.classList.add("sites-print");
  const verdict = [...electrodes.tHead.rows[0].cells].findIndex(head => head.textContent === "verdict");
  for (const row of electrodes.tBodies[0].rows)
    if (["none", "not tested"].includes(row.cells[verdict].textContent)) row.classList.add("empty");
}

// A link into something folded opens it.
const unfold = () => {
  let at = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
};
window.addEventListener("hashchange", unfold);
unfold();
