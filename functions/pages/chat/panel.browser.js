/** As in style.css: a panel lies over everything else. */
const NARROW = matchMedia("(max-width: 44rem)");

/** What closes the panel that is open, if any: there is room for one. */
let closeOpen = null;

/** Lets `toggle` open and close `panel`; `onChange` hears whether it is open. */
export function makePanel(toggle, panel, onChange = () => {}) {
  const name = toggle.textContent.trim();
  const show = (open) => {
    panel.hidden = !open;
    toggle.ariaExpanded = String(open);
    toggle.textContent = open ? "Close" : name;
    toggle.ariaLabel = open ? `Close ${name.toLowerCase()}` : null;
    for (const covered of document.querySelectorAll("main, footer")) covered.inert = open && NARROW.matches;
    closeOpen = open ? () => show(false) : null;
    (open ? panel : toggle).focus();
    onChange(open);
  };
  toggle.ariaExpanded = "false";
  toggle.addEventListener("click", () => {
    const open = panel.hidden;
    closeOpen?.();
    if (open) show(true);
  });
}

/** Closes the panel that is open; whether there was one. */
export function closePanel() {
  const close = closeOpen;
  close?.();
  return close !== null;
}
