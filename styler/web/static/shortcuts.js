// Keys, wherever the focus is: texts.js lists them for the help.
export function listenForKeys({ keys, withControl, flip }) {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input[type=text], select, dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      const act = withControl[event.shiftKey ? `Shift ${key}` : key];
      if (!act) return;
      event.preventDefault();
      act();
      return;
    }
    if (event.altKey) return;
    if (key === " ") {
      if (event.target.closest("button, a, summary, input, [role=option]")) return;
      event.preventDefault();
      flip(true);
      return;
    }
    if (event.target.matches("input[type=range], input[type=radio]") && key.startsWith("Arrow")) return;
    keys[key]?.();
  });
  document.addEventListener("keyup", (event) => event.key === " " && flip(false));
}
