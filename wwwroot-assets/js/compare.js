// Before/after comparison. All listeners are on the document, so pairs that Blazor adds later work too.
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

  // Shared zoom and pan: every image of a gallery shows the same part.
  //   <button data-zoom="in|out|reset">, <button data-pan="x,y"> in steps, or dragging an image outside of slider mode
  const view = { zoom: 1, x: 0, y: 0 };
  const clamp = (value, limit) => Math.max(-limit, Math.min(limit, value));
  const show = () => {
    const limit = (view.zoom - 1) * 50;
    view.x = clamp(view.x, limit);
    view.y = clamp(view.y, limit);
    for (const gallery of document.querySelectorAll(".gallery")) {
      gallery.style.setProperty("--zoom", view.zoom);
      gallery.style.setProperty("--pan-x", view.x);
      gallery.style.setProperty("--pan-y", view.y);
      gallery.toggleAttribute("data-zoomed", view.zoom > 1);
    }
    for (const output of document.querySelectorAll("[data-zoom-now]")) output.textContent = `${view.zoom}×`;
  };
  document.addEventListener("click", event => {
    const zoom = event.target.closest?.("[data-zoom]")?.dataset.zoom;
    const pan = event.target.closest?.("[data-pan]")?.dataset.pan;
    if (zoom === "in") view.zoom = Math.min(8, view.zoom * 2);
    else if (zoom === "out") view.zoom = Math.max(1, view.zoom / 2);
    else if (zoom === "reset") Object.assign(view, { zoom: 1, x: 0, y: 0 });
    else if (pan) { const [x, y] = pan.split(",").map(Number); view.x += x * 25; view.y += y * 25; }
    else return;
    show();
  });
  let drag = null;
  document.addEventListener("pointerdown", event => {
    const box = event.target.closest?.(".gallery[data-zoomed] .compare:not(.slide)");
    if (box) drag = { x: event.clientX, y: event.clientY, width: box.querySelector(".cell").clientWidth, height: box.querySelector(".cell").clientHeight };
  });
  document.addEventListener("pointermove", event => {
    if (!drag) return;
    view.x += 100 * (event.clientX - drag.x) / drag.width;
    view.y += 100 * (event.clientY - drag.y) / drag.height;
    Object.assign(drag, { x: event.clientX, y: event.clientY });
    show();
  });
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => { drag = null; });
  // Images that appear later (another group, another mode) show the same part.
  new MutationObserver(() => { if (document.querySelector(".gallery:not([data-zoomed])") && view.zoom > 1) show(); }).observe(document.body, { childList: true, subtree: true });
})();
