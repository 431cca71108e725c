// Single keys for people who look at many pairs. No key approves anything, and the user can turn all of them off.
//   data-key-item: J and K move between these; data-key-reveal: Space presses it inside the selected item
//   data-key-claim: C presses it; data-key-reasons: a select whose options 1..9 choose
(() => {
  const enabled = () => localStorage.getItem("keys") !== "off";
  const help = () => document.getElementById("keys-help");
  const open = () => {
    const dialog = help();
    if (!dialog || dialog.open) return;
    dialog.querySelector("[data-keys-enabled]").checked = enabled();
    dialog.showModal();
  };

  document.addEventListener("click", event => { if (event.target.closest?.("[data-keys-help]")) open(); });
  document.addEventListener("change", event => {
    if (event.target.matches?.("[data-keys-enabled]")) localStorage.setItem("keys", event.target.checked ? "on" : "off");
  });

  const visible = element => element.offsetParent !== null;
  const move = by => {
    const items = [...document.querySelectorAll("[data-key-item]")].filter(visible);
    const at = items.indexOf(document.activeElement?.closest("[data-key-item]"));
    const next = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.max(0, Math.min(items.length - 1, at + by))];
    if (!next) return;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const blink = (on) => {
    const box = document.activeElement?.closest(".pair")?.querySelector(".compare.blink");
    if (box) box.dataset.show = on ? "after" : "before";
    return box;
  };
  const reason = number => {
    const select = document.querySelector("[data-key-reasons]");
    if (!select || number >= select.options.length) return;
    select.selectedIndex = number;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    select.focus();
  };

  document.addEventListener("keydown", event => {
    if (!enabled() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input:not([type=range]), textarea, [contenteditable]")) return;
    const select = event.target.closest?.("select");
    const key = event.key.toLowerCase();
    if (select && !/^[1-9]$/.test(key)) return;
    if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "b" && blink(true)) { /* held */ }
    else if (key === "c") document.querySelector("[data-key-claim]:not(:disabled)")?.click();
    else if (key === "?") open();
    else if (/^[1-9]$/.test(key)) reason(Number(key));
    else if (key === " " && event.target.matches?.(".pair")) event.target.querySelector("[data-key-reveal]:not(:disabled)")?.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener("keyup", event => { if (event.key.toLowerCase() === "b") blink(false); });
})();
