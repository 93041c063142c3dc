(() => {
  "use strict";
  const form = document.getElementById("filter");
  if (!form) return;
  const rows = [...form.parentNode.querySelectorAll("tr[data-kind]")];
  const families = [...form.parentNode.querySelectorAll(".family")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const { words, kind } = form.elements;

  const show = () => {
    const sought = words.value.trim().toLowerCase();
    let many = 0;
    for (const row of rows) {
      row.hidden = (kind.value && row.dataset.kind !== kind.value) || !texts.get(row).includes(sought);
      many += row.hidden ? 0 : 1;
    }
    for (const family of families) family.hidden = !family.querySelector("tr[data-kind]:not([hidden])");
    document.getElementById("shown").textContent = `${many} of ${rows.length} shown`;
  };

  // Whoever follows a link to a row wants to see it, whatever is filtered and folded.
  const reveal = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !texts.has(row)) return;
    if (row.hidden) { form.reset(); show(); }
    const more = row.querySelector("details");
    if (more) more.open = true;
    row.scrollIntoView();
  };

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  form.hidden = false;
  show();
  reveal();
})();
