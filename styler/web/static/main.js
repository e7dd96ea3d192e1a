// Everything together: what is clicked changes the state, and what changes is shown.
import { request } from "./api.js";
import { addJob, isGrid, saveAll, showGrid } from "./cards.js";
import { copyCommand, listKeys, openCommand } from "./dialogs.js";
import { loadGallery, mark } from "./gallery.js";
import { listenForFiles } from "./incoming.js";
import { form, outputName } from "./options.js";
import { addPhotos, openPhotos, photos, showStrip } from "./photographs.js";
import { styleBlob } from "./pictures.js";
import { Preview } from "./preview.js";
import { listenForKeys } from "./shortcuts.js";
import { canRedo, canScale, canUndo, change, endGroup, hasMarks, isSaved, onChange, redo, state, undo } from "./state.js";
import { fill, texts } from "./texts.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);
let info = { levels: [], command: {} };
let slot = 0;
let shownPreview = null;
let isViewing = false; // a finished picture is shown instead of the preview

fill();
const viewer = new Viewer({ onStroke: (stroke) => change({ marks: [...state().marks, stroke] }) });
const preview = new Preview(renderPreview);

function say(text, isProblem = false) {
  $("status").textContent = text;
  $("status").classList.toggle("problem", isProblem);
}

const complain = (problem) => {
  if (problem.name === "AbortError") return;
  say([problem.message, problem.todo].filter(Boolean).join(". "), true);
};

const add = (files, isPasted = false) => addPhotos(files, { complain, isPasted });

function showPhoto(now) {
  const photo = photos[now.photo];
  isViewing = false;
  showStrip(now);
  $("empty").hidden = Boolean(photo);
  if (photo) viewer.show(photo.shown, photo.width, photo.height, photo.name);
  else for (const id of ["sheet", "tools", "wipe"]) $(id).hidden = true;
}

// ---- the preview

async function renderPreview(signal) {
  const now = state();
  if (now.photo === null) return;
  if (!now.styles.length) return say(texts.chooseStyle);
  document.body.dataset.preview = "pending";
  const start = performance.now();
  $("busy").hidden = false;
  try {
    const { data } = await form(now, photos[now.photo], { small: true, styleBlob });
    const blob = await (await request("/api/transfer", { method: "POST", body: data, signal })).blob();
    const address = URL.createObjectURL(blob);
    viewer.result(address, now.styles.map((style) => style.name).join(", "), () => {
      if (shownPreview) URL.revokeObjectURL(shownPreview);
      shownPreview = address;
      if (!preview.running) document.body.dataset.preview = "ready";
    });
    say(texts.preview(((performance.now() - start) / 1000).toFixed(1)));
  } catch (problem) {
    complain(problem);
  }
  $("busy").hidden = true;
}

function view(photo, name, address) {
  if (viewer.brush) setBrush("");
  viewer.show(photo.shown, photo.width, photo.height, photo.name);
  viewer.result(address, name);
  isViewing = true;
  say(texts.viewing(name));
}

function leave() {
  if (isGrid()) return showGrid(false);
  if (!isViewing) return;
  showPhoto(state());
  preview.refresh();
}

// ---- what is shown of the state

const SLIDERS = ["mix", "alpha", "detail", "style_scale"];
const SELECTS = ["strokes", "preserve_color", "format", "size"];

function show(now, before) {
  const active = document.activeElement; // gives the focus away if it can't be used any more
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
  $("make").textContent = openPhotos().length > 1 ? texts.makeAll(openPhotos().length) : texts.make;
  if (now.styles !== before?.styles) mark(now.styles);
  if (now.photo !== before?.photo) showPhoto(now);
  if (now.marks !== before?.marks) viewer.paintMarks(now.marks);
  const isLost = (active.disabled || active.offsetParent === null) && [active, document.body].includes(document.activeElement);
  if (active !== document.body && isLost) $("stage").focus({ preventScroll: true });
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
  showGrid(false);
  if (isViewing) showPhoto(now);
  document.body.dataset.preview = "pending";
  preview.refresh({ anew: now.photo !== before.photo || now.styles !== before.styles });
});

// ---- styles

function chooseStyle(style) {
  const styles = [...state().styles];
  styles[Math.min(slot, styles.length)] = style;
  change({ styles: styles.slice(0, 2) });
}

const chooseFile = (file) => chooseStyle({ name: file.name, file });

function setSlot(value) {
  slot = value;
  document.querySelector(`[name=slot][value="${value}"]`).checked = true;
}

// ---- full size

function make() {
  const now = state();
  if ($("make").disabled) return;
  for (const photo of openPhotos()) {
    const name = outputName(now, photo);
    const mine = photo === photos[now.photo] ? now : { ...now, marks: [] }; // the brush is of one photograph
    addJob({
      thumbnail: photo.thumbnail,
      name,
      make: () => form(mine, photo, { small: false, styleBlob }),
      tell: say,
      fail: complain,
      onView: (address) => view(photo, name, address),
    });
  }
  if (openPhotos().length > 1) showGrid(true);
  $("tray").scrollIntoView({ block: "nearest" });
}

const showCommand = () => $("command").disabled || openCommand(state(), photos[state().photo], info.command);

// ---- events

$("open").onclick = $("choose").onclick = () => $("photos").click();
$("photos").onchange = (event) => {
  add([...event.target.files]);
  event.target.value = "";
};
$("ownStyle").onclick = () => $("styleFile").click();
$("styleFile").onchange = (event) => {
  const [file] = event.target.files;
  if (file) chooseFile(file);
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
$("commandCopy").onclick = copyCommand;
$("grid").onclick = () => showGrid(!isGrid());
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

listenForKeys({
  keys: {
    o: () => $("open").click(),
    b: nextBrush,
    c: showCommand,
    g: () => showGrid(!isGrid()),
    "?": () => $("helpDialog").showModal(),
    "+": () => viewer.zoom(1.4),
    "=": () => viewer.zoom(1.4),
    "-": () => viewer.zoom(1 / 1.4),
    0: () => viewer.fit(),
    1: () => viewer.zoom(1 / viewer.scale),
    "[": () => resizeBrush(1 / 1.25),
    "]": () => resizeBrush(1.25),
    ArrowLeft: () => viewer.setWipe(viewer.wipe - 0.05),
    ArrowRight: () => viewer.setWipe(viewer.wipe + 0.05),
    Escape: leave,
  },
  withControl: { z: undo, "Shift z": redo, y: redo, Enter: make },
  flip: (isFlipped) => viewer.flip(isFlipped),
});
listenForFiles({ addPhotos: add, chooseStyle: chooseFile });
document.addEventListener("submit", (event) => event.target.closest("dialog")?.close());

$("theme").onclick = () => {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
};

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
