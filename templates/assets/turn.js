/* Turning pages: by the keyboard, by a finger, and the help that tells how.
   Law: nothing that is typed in a field, held with a modifier, or done with two fingers turns a page, and the keys
   can be switched off. */
"use strict";

(() => {
  const setting = `babelgen:${babelgen.library}:keyboard`; // all disk pages share one store
  const { element } = babelgen;

  const follow = (selector) => document.querySelector(selector)?.click();
  const previous = () => follow('main a[rel="prev"]');
  const next = () => follow('main a[rel="next"]');
  const field = () => document.querySelector("#query") ?? document.querySelector("#seek");

  const shortcuts = {
    ArrowLeft: ["←", "the previous picture or page", previous],
    ArrowRight: ["→", "the next picture or page", next],
    u: ["u", "up to the collection", () => follow(".crumbs li:last-child a")],
    r: ["r", "a random picture", babelgen.actions.random],
    f: ["f", "add a picture to the favourites, or take it off", () => follow('.tools [data-do="star"]')],
    s: ["s", "a slideshow, from here on", () => follow('[data-do="slides"]')],
    "/": ["/", "search", () => field()?.focus()],
    "?": ["?", "this help", help],
  };
  const others = [
    ["swipe", "on a picture: the previous or the next one"],
    ["space", "in a slideshow: pause, or go on"],
    ["← →", "in a slideshow: the previous or the next picture"],
    ["Esc", "close a slideshow, or this help"],
    ["drop", "on the search page: look up a key file, or a picture of this library"],
  ];

  const read = () => {
    try {
      return localStorage.getItem(setting) !== "off";
    } catch {
      return true; // storage is forbidden
    }
  };

  function write(on) {
    try {
      localStorage.setItem(setting, on ? "on" : "off");
    } catch {
      /* for this page only, then */
    }
  }

  const typing = (target) => target.closest?.("input, textarea, select, dialog, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (!Object.hasOwn(shortcuts, event.key) || !read()) return;
    event.preventDefault();
    Promise.resolve(shortcuts[event.key][2]()).catch((error) => babelgen.tell(error.message));
  });

  function helpRow([sign, meaning]) {
    const row = element("div");
    const term = element("dt");
    term.append(element("kbd", sign));
    row.append(term, element("dd", meaning));
    return row;
  }

  function makeHelp() {
    const dialog = element("dialog", "", { id: "help", className: "card", autofocus: true }); // else its only box, at the end
    dialog.setAttribute("aria-labelledby", "help-title");
    const list = element("dl", "", { className: "facts" });
    list.append(...[...Object.values(shortcuts), ...others].map(helpRow));
    const box = element("input", "", { type: "checkbox", checked: read() });
    box.addEventListener("change", () => write(box.checked));
    const label = element("label");
    label.append(box, " The single keys are on");
    const close = element("button", "Close", { type: "button" });
    close.addEventListener("click", () => dialog.close());
    dialog.append(element("h2", "Keyboard and gestures", { id: "help-title" }), list, label, close);
    document.body.append(dialog);
    return dialog;
  }

  function help() {
    (document.querySelector("#help") ?? makeHelp()).showModal();
  }

  /* A swipe is one finger, mostly sideways, quick, not from the edge (where browsers go back), and not while the page
     is magnified, when a finger moves what is seen. Whatever it is on must have `touch-action: pan-y pinch-zoom`. */
  const FAR = 45;
  const EDGE = 24;
  const QUICK = 800; // milliseconds

  function swipe(area, back, on) {
    let start = null;
    area.addEventListener(
      "touchstart",
      (event) => {
        const { clientX: x, clientY: y } = event.touches[0];
        const inside = x > EDGE && x < innerWidth - EDGE;
        const plain = event.touches.length === 1 && inside && (visualViewport?.scale ?? 1) < 1.05;
        start = plain ? { x, y, at: event.timeStamp } : null;
      },
      { passive: true },
    );
    area.addEventListener("touchcancel", () => (start = null));
    area.addEventListener("touchend", (event) => {
      if (!start || event.touches.length) return;
      const { clientX, clientY } = event.changedTouches[0];
      const across = clientX - start.x;
      const along = Math.abs(clientY - start.y);
      const sideways = Math.abs(across) >= FAR && Math.abs(across) > 2 * along;
      if (sideways && event.timeStamp - start.at < QUICK) (across > 0 ? back : on)();
      start = null;
    });
  }

  babelgen.actions.help = help;
  babelgen.swipe = swipe;
  for (const picture of document.querySelectorAll(".frontispiece")) swipe(picture, previous, next);
})();
