/* Looking a picture up by its key: from a key file or a picture that is chosen or dropped, or from a pasted text.
   Law: what is shown of a file is a key and nothing else of it; a command is safe to paste. */
"use strict";

(() => {
  const { element } = babelgen;
  const keyfile = babelgen.keyfile;
  const box = document.querySelector(".lookup");
  const answer = document.querySelector("#answer");
  const WHOLE = 256; // characters; a command names the file of a longer key
  let asked = 0;

  const paragraph = (text, className = "") => element("p", text, { className });

  function say(...parts) {
    if (parts.length) box.open = true;
    answer.replaceChildren(...parts);
    if (parts.length) answer.scrollIntoView({ block: "nearest" });
  }

  function copyButton(action, words) {
    const button = element("button", "Copy", { type: "button" });
    button.dataset.do = action;
    button.append(element("span", ` ${words}`, { className: "quiet" }));
    return button;
  }

  function commandBox(command) {
    const box = element("div", "", { className: "command" });
    const code = element("code");
    command.split(" ").forEach((word, at) => code.append(at ? " " : "", element("span", word)));
    box.append(code, copyButton("copy", "the command"));
    return box;
  }

  /** The command that renders a key, see `command` of the gallery: a key has no character that a shell would read. */
  function commandOf({ key, edition }, name, other) {
    const source = key.length <= WHOLE ? `--text "${key}"` : `${name}.key`;
    return `python render.py key render ${source}${edition ? "" : ` --edition ${other}`} --out picture.png`;
  }

  function keyBox(key, name) {
    const short = key.length > 100 ? `${key.slice(0, 56)}…${key.slice(-24)}` : key;
    const keeping = element("div", "", { className: "keeping" });
    Object.assign(keeping.dataset, { name: `${name}.key`, key });
    const file = element("button", "Key file", { type: "button" });
    file.dataset.do = "save-key";
    keeping.append(copyButton("copy-key", "the key"), file);
    return [element("code", short, { className: "shelfmark" }), keeping];
  }

  function sayMissing(read, editions, items) {
    const known = items.editions.some(([id]) => editions.includes(id));
    const lead = "This picture is not printed here yet.";
    if (!editions.length) {
      const words = "The key does not name its edition, and no edition of this library has such keys.";
      return say(paragraph(`${lead} ${words}`));
    }
    const name = keyfile.nameOf(editions[0], read.key);
    const other = known ? "" : ` Nothing here is of its edition, ${editions[0]}.`;
    const where = read.key.length > WHOLE ? ", in the folder that holds the key file" : "";
    say(
      paragraph(lead + other),
      ...keyBox(read.key, name),
      paragraph(`This renders it${known ? "" : " where that edition is"}${where}:`),
      ...editions.map((edition) => commandBox(commandOf(read, name, edition))),
    );
  }

  /** Go to the page of a key's picture, or tell why there is none. */
  async function lookUp(text, told = "") {
    const read = keyfile.read(text);
    if (!read) {
      const lower = keyfile.read(text.toLowerCase()) ? "keys are in lower case" : "it has another form than keys have";
      return say(paragraph(`This is no key: ${lower}.`));
    }
    const items = await babelgen.items();
    const number = await keyfile.rowOf(read, told);
    if (number !== undefined) {
      const [, collection, position] = await babelgen.row(number);
      say(paragraph("It is here: its page opens."));
      return location.assign(babelgen.address(babelgen.itemPath(items.collections[collection][0], position)));
    }
    if (read.right) return sayMissing(read, keyfile.editionsOf(read, items, told), items);
    const slip = "a character of it is wrong, missing, added or out of place.";
    return say(paragraph(`This is nearly a key, but its check does not fit: ${slip}`));
  }

  /** The key in a text that somebody copied: by itself, in quotes, or in a command of this site. */
  function keyIn(text) {
    const said = text.trim();
    return said.match(/ --text "([^"\s]+)"/)?.[1] ?? said.replace(/^["'`“”‘’«»]+|["'`“”‘’«»]+$/g, "");
  }

  /** Do one look-up, the latest one asked for. */
  async function tryTo(work) {
    const mine = ++asked;
    say(paragraph("Looking it up…"));
    try {
      const { text, edition } = await work();
      if (mine === asked) await lookUp(text, edition);
    } catch (error) {
      if (mine !== asked) return;
      const words = error instanceof keyfile.NoKey ? error.message : `It could not be looked up: ${error.message}.`;
      say(paragraph(words));
    }
  }

  const lookUpFile = (file) => tryTo(() => keyfile.open(file));
  const lookUpText = (text) => tryTo(async () => ({ text: keyIn(text), edition: "" }));

  const chooser = document.querySelector("#keyfile");
  chooser.addEventListener("change", () => {
    if (chooser.files.length) lookUpFile(chooser.files[0]);
    chooser.value = ""; // so that the same file can be chosen again
  });

  /* A drop anywhere on the page. What is dragged is not known before it is dropped, but for its kind. */
  const takes = ({ dataTransfer: { types } }) => types.includes("Files") || types.includes("text/plain");
  document.addEventListener("dragover", (event) => {
    if (!takes(event) || event.target.closest?.("input")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!takes(event) || event.target.closest?.("input")) return;
    event.preventDefault();
    const { files } = event.dataTransfer;
    if (files.length) lookUpFile(files[0]);
    else lookUpText(event.dataTransfer.getData("text/plain"));
  });
  document.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData("text/plain");
    if (files.length) lookUpFile(files[0]);
    else if (!event.target.closest("input") || keyfile.read(text.trim())) lookUpText(text);
    else return;
    event.preventDefault();
  });

  babelgen.lookUp = lookUpText;
  babelgen.lookUpClear = () => {
    asked++;
    say();
  };
})();
