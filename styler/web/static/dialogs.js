// The command that makes the same file, and the list of keys.
import { command, fileNames, maskFiles } from "./options.js";
import { texts } from "./texts.js";

const $ = (id) => document.getElementById(id);

// Show the command; files that lie in no folder yet, masks and pasted photographs, are offered.
export async function openCommand(now, photo, server) {
  $("commandText").textContent = command(now, photo, server);
  const masks = await maskFiles(now, photo, false);
  const names = fileNames(now, photo);
  const offered = [[names.mask, masks.second], [names.keep, masks.keep]].filter(([, blob]) => blob);
  if (photo.isPasted) offered.push([names.content, photo.file]);
  const own = names.styles.filter((_, index) => now.styles[index].file);
  const needed = new Set([names.content, ...own, ...offered.map(([name]) => name)]);
  $("commandFiles").textContent = texts.commandFiles([...needed].join(", "));
  const links = offered.map(([name, blob]) => {
    const link = { href: URL.createObjectURL(blob), download: name, textContent: texts.saveFile(name), className: "button" };
    return Object.assign(document.createElement("a"), link);
  });
  $("maskFiles").replaceChildren(...links);
  $("commandCopy").textContent = texts.copy;
  $("commandDialog").showModal();
}

export async function copyCommand() {
  try {
    await navigator.clipboard.writeText($("commandText").textContent);
  } catch {
    getSelection().selectAllChildren($("commandText")); // without TLS, browsers have no clipboard for other hosts
    document.execCommand("copy");
  }
  $("commandCopy").textContent = texts.copied;
}

export function listKeys() {
  for (const [keys, what] of texts.keys) {
    const term = document.createElement("dt");
    for (const key of keys.split("  ")) term.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
    $("keys").append(term, Object.assign(document.createElement("dd"), { textContent: what }));
  }
}
