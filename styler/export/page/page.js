// The page: two pictures, a strength, a result. The networks run in a worker, see worker.js.
import { listenForFiles } from "./incoming.js";
import { scaledCanvas } from "./scaling.js";
import { fill, texts } from "./texts.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);
const pictures = { content: null, style: null }; // decoded files, as ImageBitmap
const chosen = { content: 0, style: 0 }; // how often each was chosen
let worker, run = 0, busy = false, ready = false;

fill();
const viewer = new Viewer();

function say(text, isProblem = false) {
  $("status").textContent = text;
  $("status").classList.toggle("problem", isProblem);
}

function refresh() {
  $("start").disabled = busy || !ready || !pictures.content || !pictures.style;
  $("cancel").disabled = !busy;
  $("busy").hidden = !busy;
}

// A run can't be interrupted inside the runtime: its worker is ended, and a new one loads the networks again.
function startWorker() {
  worker?.terminate();
  ready = busy = false;
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = (event) => receive({ kind: "problem", text: event.message || "the networks could not be loaded" });
  refresh();
}

function receive(data) {
  if (data.kind === "ready") {
    ready = true;
    say(texts.ready);
  } else if (data.kind === "problem") {
    busy = false;
    say(data.text, true);
  } else if (data.kind === "stage") {
    say(texts.stages[data.stage]);
  } else if (data.run === run) {
    busy = false;
    show(data);
  }
  refresh();
}

function show({ pixels, width, height, seconds, provider }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  say(texts.made(width, height, seconds.toFixed(1), texts.providers[provider]));
  canvas.toBlob((blob) => {
    URL.revokeObjectURL($("save").href);
    $("save").href = URL.createObjectURL(blob);
    $("save").hidden = false;
    viewer.result($("save").href);
    $("after").alt = texts.stylized;
  });
}

function pixelsOf(bitmap) {
  const canvas = scaledCanvas(bitmap, Number($("size").value)), { width, height } = canvas;
  return { pixels: canvas.getContext("2d").getImageData(0, 0, width, height).data, width, height };
}

function stylize() {
  busy = true;
  run += 1;
  const strength = Number($("strength").value);
  const key = `${chosen.style} at ${$("size").value}`;
  worker.postMessage({ run, strength, key, content: pixelsOf(pictures.content), style: pixelsOf(pictures.style) });
  say(texts.stages.transfer);
  refresh();
}

async function take(name, file) {
  if (!file) return;
  try {
    pictures[name] = await createImageBitmap(file);
    chosen[name] += 1;
  } catch {
    say(texts.notPicture(file.name), true);
    return;
  }
  const { width, height } = pictures[name], address = URL.createObjectURL(file);
  if (name === "content") {
    $("empty").hidden = true;
    viewer.show(address, width, height);
    $("before").alt = file.name;
  } else Object.assign($("styleShown"), { src: address, hidden: false });
  refresh();
}

function showStrength() {
  $("shown").textContent = `${Math.round($("strength").value * 100)} %`;
}

for (const name of ["content", "style"]) $(name).onchange = (event) => take(name, event.target.files[0]);
$("open").onclick = $("choose").onclick = () => $("content").click();
$("ownStyle").onclick = () => $("style").click();
listenForFiles({ addPhotos: ([file]) => take("content", file), chooseStyle: (file) => take("style", file) });
$("start").onclick = stylize;
$("cancel").onclick = () => {
  startWorker();
  say(texts.loadingAgain);
};
$("strength").oninput = showStrength;
$("strength").onchange = () => $("start").disabled || $("save").hidden || stylize();
showStrength();
say(texts.loading);
navigator.serviceWorker?.register("offline.js");
startWorker();
