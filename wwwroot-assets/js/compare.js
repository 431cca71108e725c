// Before/after comparison. Everything is delegated from the document, so pairs that Blazor adds later work without registration.
//   slider: <input type=range data-compare> inside .compare sets --split on it
//   click targets: <button data-compare-to="0..100"> inside the same .pair
//   blink: <button data-blink> (or Space on it) shows the edited image while held
(() => {
  const compareOf = element => element.closest(".pair")?.querySelector(".compare");

  document.addEventListener("input", event => {
    if (event.target.matches?.("[data-compare]")) event.target.closest(".compare").style.setProperty("--split", `${event.target.value}%`);
  });

  document.addEventListener("click", event => {
    const button = event.target.closest?.("[data-compare-to]");
    if (!button) return;
    const range = compareOf(button)?.querySelector("[data-compare]");
    if (!range) return;
    range.value = button.dataset.compareTo;
    range.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const blink = (element, show) => { const box = element && compareOf(element); if (box) box.dataset.show = show ? "after" : "before"; };
  const held = event => event.target.closest?.("[data-blink]");
  document.addEventListener("pointerdown", event => blink(held(event), true));
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => {
    for (const box of document.querySelectorAll('.compare.blink[data-show="after"]')) box.dataset.show = "before";
  });
  document.addEventListener("keydown", event => { if (event.key === " " && held(event)) { event.preventDefault(); blink(held(event), true); } });
  document.addEventListener("keyup", event => { if (event.key === " ") blink(held(event), false); });
})();
