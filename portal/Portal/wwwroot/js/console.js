// What the console needs of the browser: keys, copying, dialogs, times, reconnecting. Everything else is rendered on the server.

// --- Copying: <button data-copy="text"> or <button data-copy-from="#id">.
async function copy(button) {
  const source = button.dataset.copyFrom ? document.querySelector(button.dataset.copyFrom) : null;
  const text = button.dataset.copy ?? source?.dataset.secret ?? source?.innerText ?? "";
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    // Without a secure context there is no clipboard API: copy by a selection instead.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    (button.closest("dialog") ?? document.body).append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.dataset.copied = done ? "yes" : "no";
  announce(done ? "Copied" : "Copying is not allowed here: select the text instead");
  setTimeout(() => delete button.dataset.copied, 1600);
}

function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

// --- Masked text: <button data-reveal="#id"> toggles between dots and data-secret.
function reveal(button) {
  const target = document.querySelector(button.dataset.reveal);
  if (!target) return;
  const shown = target.classList.toggle("revealed");
  target.textContent = shown ? target.dataset.secret : "•".repeat(16);
  button.setAttribute("aria-pressed", String(shown));
}

document.addEventListener("click", event => {
  const target = event.target instanceof Element ? event.target : null;
  const copyButton = target?.closest("[data-copy],[data-copy-from]");
  if (copyButton) copy(copyButton);
  const revealButton = target?.closest("[data-reveal]");
  if (revealButton) reveal(revealButton);
  const opener = target?.closest("[data-open]");
  if (opener) document.querySelector(opener.dataset.open)?.showModal();
  const closer = target?.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement) target.close(); // the backdrop
  // A menu closes when a choice in it, or anything outside it, is clicked.
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target) || target?.closest("a")) menu.open = false;
  }
});

// --- Keys.
let prefix = "";
let prefixTimer = 0;

function typing(element) {
  return element instanceof HTMLElement
    && (element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName));
}

document.addEventListener("keydown", event => {
  if (event.key === "Escape") {
    document.querySelectorAll("details.menu[open]").forEach(menu => { menu.open = false; menu.querySelector("summary")?.focus(); });
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select?.();
    }
    return;
  }
  if (event.key === "?") {
    event.preventDefault();
    document.getElementById("keys")?.showModal();
    return;
  }
  if (prefix) {
    const goal = document.querySelector(`[data-keys="${prefix} ${CSS.escape(event.key)}"]`);
    prefix = "";
    if (goal) {
      event.preventDefault();
      goal.click();
    }
    return;
  }
  if (event.key === "g") {
    prefix = "g";
    clearTimeout(prefixTimer);
    prefixTimer = setTimeout(() => { prefix = ""; }, 1500);
  }
});

// --- Calls from the server side.
window.cloudConsole = Object.freeze({
  showDialog(dialog) {
    if (dialog && !dialog.open) dialog.showModal();
  },
  // The page answers from now on: before, it is the server's first rendering.
  live() {
    document.documentElement.dataset.live = "yes";
  },
  // The circuit renewed the tokens: have the cookie renewed as well.
  keepSession() {
    return fetch("/session/keep", { method: "POST", credentials: "same-origin" }).then(reply => reply.ok, () => false);
  },
});

// --- Reconnecting: Blazor puts its state as a class on the element. A refused circuit is gone for good, so the page starts anew.
const reconnect = document.getElementById("components-reconnect-modal");
if (reconnect) {
  new MutationObserver(() => {
    if (reconnect.classList.contains("components-reconnect-rejected")) location.reload();
  }).observe(reconnect, { attributes: true, attributeFilter: ["class"] });
}
