// Everything together: what is clicked changes the state, and what changes is shown.
import { Problem, request } from "./api.js";
import { addJob, saveAll } from "./cards.js";
import { loadGallery, mark } from "./gallery.js";
import { command, form, maskFiles, outputName } from "./options.js";
import { opened, styleBlob } from "./pictures.js";
import { canRedo, canScale, canUndo, change, endGroup, hasMarks, isSaved, onChange, redo, state, undo } from "./state.js";
import { fill, texts } from "./texts.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);
const DELAY = 120; // milliseconds after the last movement of a slider
const photos = [];
let info = { model: "small", levels: [] };
let slot = 0;
let preview = null;
let timer = 0;
let shownPreview = null;

fill();
const viewer = new Viewer({ onStroke: (stroke) => change({ marks: [...state().marks, stroke] }) });

function say(text, isProblem = false) {
  $("status").textContent = text;
  $("status").classList.toggle("problem", isProblem);
}

const complain = (problem) => {
  if (problem.name === "AbortError") return;
  say([problem.message, problem.todo].filter(Boolean).join(". "), true);
};

// ---- photographs

async function add(files) {
  const before = photos.length;
  for (const file of files) {
    try {
      photos.push(await opened(file));
    } catch (problem) {
      complain(problem instanceof Problem ? problem : { message: texts.notPicture(file.name) });
    }
  }
  if (photos.length > before) change({ photo: before, marks: [] });
}

const opening = () => photos.filter((photo) => !photo.removed);

// Thumbnails of the photographs, to choose which is shown; one alone needs none.
function showStrip(now) {
  const strip = $("strip");
  strip.hidden = opening().length < 2;
  strip.replaceChildren();
  photos.forEach((photo, index) => {
    if (photo.removed) return;
    const button = Object.assign(document.createElement("button"), { title: photo.name });
    button.append(Object.assign(document.createElement("img"), { src: photo.thumbnail, alt: photo.name }));
    button.setAttribute("aria-pressed", index === now.photo);
    button.onclick = () => change({ photo: index, marks: [] });
    strip.append(button);
  });
  const remove = Object.assign(document.createElement("button"), { className: "icon", title: texts.removePhoto });
  remove.setAttribute("aria-label", texts.removePhoto);
  remove.append($("helpDialog").querySelector("svg").cloneNode(true));
  remove.onclick = () => {
    photos[state().photo].removed = true; // its place stays, since the history has places
    change({ photo: photos.indexOf(opening().at(-1)), marks: [] });
  };
  strip.append(remove);
}

function showPhoto(now) {
  showStrip(now);
  const photo = photos[now.photo];
  $("empty").hidden = Boolean(photo);
  if (photo) viewer.show(photo.shown, photo.width, photo.height);
  else {
    for (const id of ["sheet", "tools", "wipe"]) $(id).hidden = true;
  }
}

// ---- the preview

async function update() {
  const now = state();
  preview?.abort();
  if (now.photo === null) return;
  if (!now.styles.length) return say(texts.chooseStyle);
  preview = new AbortController();
  document.body.dataset.preview = "pending";
  const { signal } = preview;
  const start = performance.now();
  $("busy").hidden = false;
  try {
    const { data } = await form(now, photos[now.photo], { small: true, styleBlob });
    const blob = await (await request("/api/transfer", { method: "POST", body: data, signal })).blob();
    const address = URL.createObjectURL(blob);
    viewer.result(address, () => {
      if (shownPreview) URL.revokeObjectURL(shownPreview);
      shownPreview = address;
      if (!signal.aborted && !timer) document.body.dataset.preview = "ready";
    });
    say(texts.preview(((performance.now() - start) / 1000).toFixed(1)));
  } catch (problem) {
    complain(problem);
  }
  if (!signal.aborted) $("busy").hidden = true;
}

// ---- what is shown of the state

const SLIDERS = ["mix", "alpha", "detail", "style_scale"];
const SELECTS = ["strokes", "preserve_color", "format", "size"];

function show(now, before) {
  for (const name of SLIDERS) setSlider($(name), now[name]);
  for (const name of SELECTS) $(name).value = now[name];
  $("metadata").checked = now.metadata;
  $("undo").disabled = !canUndo();
  $("redo").disabled = !canRedo();
  $("mixRow").hidden = now.styles.length < 2 || hasMarks(now, "second");
  $("noSecond").hidden = now.styles.length < 2;
  $("clearMask").hidden = !now.marks.length;
  $("style_scale").disabled = !canScale(now);
  $("scaleNote").hidden = !now.styles.some(isSaved);
  $("preserve_color").querySelector("[value=match]").disabled = now.styles.some(isSaved);
  $("byLevel").checked = now.levels !== null;
  $("levels").hidden = now.levels === null;
  $("alpha").disabled = now.levels !== null;
  for (const input of $("levels").querySelectorAll("input")) setSlider(input, now.levels?.[input.name] ?? 1);
  const ready = now.photo !== null && now.styles.length > 0;
  $("make").disabled = $("command").disabled = !ready;
  $("make").textContent = opening().length > 1 ? texts.makeAll(opening().length) : texts.make;
  if (now.styles !== before?.styles) mark(now.styles);
  if (now.photo !== before?.photo) showPhoto(now);
  if (now.marks !== before?.marks) viewer.paintMarks(now.marks);
}

function setSlider(input, value) {
  input.value = value;
  const output = input.parentElement.querySelector("output");
  output.textContent = input.id === "style_scale" ? `${Number(value).toFixed(2)}×` : `${Math.round(value * 100)} %`;
}

const OF_FILE = ["format", "size", "metadata"];
onChange((now, before) => {
  show(now, before);
  if (Object.keys(now).every((name) => OF_FILE.includes(name) || now[name] === before[name])) return;
  clearTimeout(timer);
  document.body.dataset.preview = "pending";
  timer = setTimeout(() => {
    timer = 0;
    update();
  }, DELAY);
});

// ---- styles

function chooseStyle(style) {
  const styles = [...state().styles];
  styles[Math.min(slot, styles.length)] = style;
  change({ styles: styles.slice(0, 2) });
}

function setSlot(value) {
  slot = value;
  document.querySelector(`[name=slot][value="${value}"]`).checked = true;
}

// ---- full size

function make() {
  const now = state();
  if ($("make").disabled) return;
  for (const photo of opening()) {
    const name = outputName(now, photo);
    const mine = photo === photos[now.photo] ? now : { ...now, marks: [] }; // the brush is of one photograph
    addJob({
      thumbnail: photo.thumbnail,
      name,
      make: () => form(mine, photo, { small: false, styleBlob }),
      fail: complain,
      onView: (address) => {
        viewer.show(photo.shown, photo.width, photo.height);
        viewer.result(address);
      },
    });
  }
  $("tray").scrollIntoView({ block: "nearest" });
}

async function showCommand() {
  const now = state();
  if ($("command").disabled) return;
  const photo = photos[now.photo];
  $("commandText").textContent = command(now, photo, info.model);
  const masks = await maskFiles(now, photo, false);
  const files = [photo.name, ...now.styles.filter((style) => style.file).map((style) => style.name)];
  $("maskFiles").replaceChildren();
  for (const [name, blob] of [["mask.png", masks.second], ["keep.png", masks.keep]]) {
    if (!blob) continue;
    files.push(name);
    const link = { href: URL.createObjectURL(blob), download: name, textContent: texts.saveMask(name), className: "button" };
    $("maskFiles").append(Object.assign(document.createElement("a"), link));
  }
  $("commandFiles").textContent = texts.commandFiles(files.join(", "));
  $("commandCopy").textContent = texts.copy;
  $("commandDialog").showModal();
}

// ---- events

$("open").onclick = $("choose").onclick = () => $("photos").click();
$("photos").onchange = (event) => {
  add([...event.target.files]);
  event.target.value = "";
};
$("ownStyle").onclick = () => $("styleFile").click();
$("styleFile").onchange = (event) => {
  const [file] = event.target.files;
  if (file) chooseStyle({ name: file.name, file });
  event.target.value = "";
};
$("noSecond").onclick = () => {
  setSlot(0);
  change({ styles: state().styles.slice(0, 1), marks: state().marks.filter((one) => one.brush !== "second") });
};
$("undo").onclick = undo;
$("redo").onclick = redo;
$("make").onclick = make;
$("command").onclick = showCommand;
$("saveAll").onclick = saveAll;
$("help").onclick = () => $("helpDialog").showModal();
$("commandCopy").onclick = async () => {
  await navigator.clipboard.writeText($("commandText").textContent);
  $("commandCopy").textContent = texts.copied;
};
$("clearMask").onclick = () => change({ marks: [] });
for (const input of document.querySelectorAll("[name=slot]")) input.onchange = () => setSlot(Number(input.value));
for (const name of SLIDERS) {
  $(name).oninput = () => change({ [name]: Number($(name).value) }, name);
  $(name).onchange = endGroup;
}
for (const name of SELECTS) $(name).onchange = () => change({ [name]: $(name).value });
$("metadata").onchange = () => change({ metadata: $("metadata").checked });
$("byLevel").onchange = () => {
  const levels = Object.fromEntries(info.levels.map((level) => [level, state().alpha]));
  change({ levels: $("byLevel").checked ? levels : null });
};
for (const input of document.querySelectorAll("[name=brush]")) input.onchange = () => setBrush(input.value);
$("brushSize").oninput = () => {
  viewer.brushSize = Number($("brushSize").value);
  setSlider($("brushSize"), viewer.brushSize);
};

function setBrush(brush) {
  if (brush === "second" && state().styles.length < 2) {
    say(texts.needSecond, true);
    setSlot(1);
    brush = "";
  }
  document.querySelector(`[name=brush][value="${brush}"]`).checked = true;
  $("brushRow").hidden = brush === "";
  viewer.setBrush(brush);
}

function nextBrush() {
  const all = [...document.querySelectorAll("[name=brush]")].map((input) => input.value);
  const wanted = all[(all.indexOf(viewer.brush) + 1) % all.length];
  setBrush(wanted === "second" && state().styles.length < 2 ? "erase" : wanted);
}

function resizeBrush(factor) {
  const value = Math.min(0.25, Math.max(0.01, viewer.brushSize * factor));
  viewer.brushSize = value;
  setSlider($("brushSize"), value);
}

const KEYS = {
  o: () => $("open").click(),
  b: nextBrush,
  c: showCommand,
  "?": () => $("helpDialog").showModal(),
  "+": () => viewer.zoom(1.4),
  "=": () => viewer.zoom(1.4),
  "-": () => viewer.zoom(1 / 1.4),
  0: () => viewer.fit(),
  "[": () => resizeBrush(1 / 1.25),
  "]": () => resizeBrush(1.25),
  ArrowLeft: () => viewer.setWipe(viewer.wipe - 0.05),
  ArrowRight: () => viewer.setWipe(viewer.wipe + 0.05),
};

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input[type=text], select, dialog[open]")) return;
  const isRange = event.target.matches("input[type=range], input[type=radio]");
  if (event.ctrlKey || event.metaKey) {
    const act = { z: event.shiftKey ? redo : undo, y: redo, Enter: make }[event.key === "Z" ? "z" : event.key];
    if (act) {
      event.preventDefault();
      act();
    }
    return;
  }
  if (event.altKey) return;
  if (event.key === " " && !event.target.closest("button, a, summary, input, [role=option]")) {
    event.preventDefault();
    viewer.flip(true);
    return;
  }
  if (isRange && event.key.startsWith("Arrow")) return;
  KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]?.();
});
document.addEventListener("keyup", (event) => event.key === " " && viewer.flip(false));

// Files that are dropped on the gallery are styles, anywhere else photographs.
let dragged = 0;
for (const [name, step] of [["dragenter", 1], ["dragleave", -1]])
  document.addEventListener(name, () => {
    dragged += step;
    document.body.classList.toggle("dragging", dragged > 0);
  });
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  dragged = 0;
  document.body.classList.remove("dragging");
  const files = [...event.dataTransfer.files];
  const isStyle = event.target.closest(".panel") || (files.length === 1 && /\.style$/i.test(files[0].name));
  if (isStyle && files.length) chooseStyle({ name: files[0].name, file: files[0] });
  else add(files);
});
document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) add(files);
});
document.addEventListener("submit", (event) => event.target.closest("dialog")?.close());

$("theme").onclick = () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
};

function listKeys() {
  for (const [keys, what] of texts.keys) {
    const term = document.createElement("dt");
    for (const key of keys.split("  ")) term.append(Object.assign(document.createElement("kbd"), { textContent: key }), " ");
    $("keys").append(term, Object.assign(document.createElement("dd"), { textContent: what }));
  }
}

function listLevels() {
  for (const level of info.levels) {
    const row = document.createElement("label");
    row.className = "slider";
    row.append(Object.assign(document.createElement("span"), { textContent: texts[level] }), document.createElement("output"));
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 1, step: 0.01, name: level });
    input.oninput = () => change({ levels: { ...state().levels, [level]: Number(input.value) } }, level);
    input.onchange = endGroup;
    row.append(input);
    $("levels").append(row);
  }
}

async function start() {
  listKeys();
  setSlider($("brushSize"), viewer.brushSize);
  if (!["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) $("empty").querySelector(".hint").textContent = texts.remote;
  try {
    info = await (await request("/api/info")).json();
    listLevels();
    await loadGallery(chooseStyle);
  } catch (problem) {
    complain(problem);
  }
  show(state(), null);
  document.body.classList.add("ready");
}
start();
