// Loads before the first paint. Applies the theme that the user chose, or that of the system, and runs the menu of narrow screens.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("theme");
  const apply = () => { document.documentElement.dataset.theme = chosen() ?? (system.matches ? "dark" : "light"); };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", event => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    apply();
  });
  document.addEventListener("click", event => { if (event.target.closest?.("[data-reload]")) location.reload(); });
  // Marks the boxes of tables that are wider. Blazor adds and removes boxes, so every change of page or window checks them all.
  let looked = 0;
  const look = () => {
    cancelAnimationFrame(looked);
    looked = requestAnimationFrame(() => {
      for (const box of document.querySelectorAll(".table-wrap")) box.toggleAttribute("data-scrolls", box.scrollWidth > box.clientWidth + 1);
    });
  };
  addEventListener("resize", look);
  document.addEventListener("toggle", look, true);
  document.addEventListener("DOMContentLoaded", () => {
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  // The menu of narrow screens opens by its button and closes when the user follows a link in it.
  document.addEventListener("click", event => {
    const menu = document.getElementById("menu");
    const button = document.querySelector("[data-menu-button]");
    if (!menu || !button) return;
    if (event.target.closest?.("[data-menu-button]")) menu.classList.toggle("open");
    else if (event.target.closest?.("#menu a")) menu.classList.remove("open");
    button.setAttribute("aria-expanded", menu.classList.contains("open"));
  });
})();
