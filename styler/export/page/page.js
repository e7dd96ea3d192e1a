// The page: two pictures, a strength, a result. The networks run in a worker, see worker.js.

const $ = (id) => document.getElementById(id);
const pictures = { content: null, style: null };  // decoded files, as ImageBitmap
const chosen = { content: 0, style: 0 };  // how often each was chosen
let worker, run = 0, busy = false, ready = false;

function tell(text, problem = false) {
  $("status").textContent = text;
  $("status").classList.toggle("problem", problem);
}

function refresh() {
  $("start").disabled = busy || !ready || !pictures.content || !pictures.style;
  $("cancel").disabled = !busy;
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
    tell("Choose a photograph and a style picture, or drop them.");
  } else if (data.kind === "problem") {
    busy = false;
    tell(data.text, true);
  } else if (data.kind === "stage") {
    tell(data.text);
  } else if (data.run === run) {
    busy = false;
    show(data);
  }
  refresh();
}

function show({ pixels, width, height, seconds }) {
  const canvas = $("result");
  [canvas.width, canvas.height, canvas.hidden] = [width, height, false];
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  tell(`${width}×${height}, ${seconds.toFixed(1)} s`);
  canvas.toBlob((blob) => {
    URL.revokeObjectURL($("save").href);
    $("save").href = URL.createObjectURL(blob);
    $("save").hidden = false;
  });
}

function pixelsOf(bitmap, longest) {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return { pixels: context.getImageData(0, 0, width, height).data, width, height };
}

function stylize() {
  const longest = Number($("size").value);
  busy = true;
  run += 1;
  const strength = Number($("strength").value);
  const key = `${chosen.style} at ${longest}`;
  const [content, style] = [pictures.content, pictures.style].map((bitmap) => pixelsOf(bitmap, longest));
  worker.postMessage({ run, strength, key, content, style });
  tell("Stylizing …");
  refresh();
}

async function take(name, file) {
  if (!file) return;
  try {
    pictures[name] = await createImageBitmap(file);
    chosen[name] += 1;
  } catch {
    tell(`${file.name} is no picture that this browser reads`, true);
    return;
  }
  const { pixels, width, height } = pixelsOf(pictures[name], 240);
  const canvas = $(`${name}View`);
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  refresh();
}

for (const name of ["content", "style"]) {
  const area = $(`${name}Drop`);
  $(name).addEventListener("change", (event) => take(name, event.target.files[0]));
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take(name, event.dataTransfer.files[0]);
  });
}
$("start").addEventListener("click", stylize);
$("cancel").addEventListener("click", () => { startWorker(); tell("Canceled. Loading the networks again …"); });
$("strength").addEventListener("input", () => { $("shown").textContent = Number($("strength").value).toFixed(2); });
$("strength").addEventListener("change", () => { if (!$("start").disabled && !$("result").hidden) stylize(); });
navigator.serviceWorker?.register("offline.js");
startWorker();
