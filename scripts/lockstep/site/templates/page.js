
"use strict";
// Filters the families by state and name. Everything is on the page without it.
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const state = document.getElementById("state");
  const name = document.getElementById("name");
  const found = document.getElementById("found");
  const families = [...document.querySelectorAll(".family")];
  const apply = () => {
    const wanted = name.value.trim().toLowerCase();
    let shown = 0;
    for (const each of families) {
      const fits = (!state.value || each.dataset.state === state.value)
        && each.dataset.name.toLowerCase().includes(wanted);
      each.hidden = !fits;
      if (fits) shown += 1;
    }
    found.textContent = `${shown} of ${families.length} shown`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.hidden = false;
  apply();
})();
