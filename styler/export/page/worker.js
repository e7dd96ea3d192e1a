// The networks, in a worker. Graphs and runtime are fetched from beside this file, and their hashes checked.

import * as ort from "./ort.wasm.bundle.min.mjs";

const KEPT_STYLE = { key: null, moments: null };

async function checked(name, hashes) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name} can't be loaded: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== hashes[name]) throw new Error(`${name} was changed: its SHA-256 is not the expected one`);
  return bytes;
}

async function load() {
  if (!self.crypto?.subtle) throw new Error("hashes can't be checked here: open the page by https, or on localhost");
  const hashes = await (await fetch("files.json")).json();
  ort.env.wasm.wasmBinary = await checked("ort-wasm-simd-threaded.wasm", hashes);
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1;
  const sessions = {};
  for (const name of ["style", "transfer"]) {
    sessions[name] = await ort.InferenceSession.create(new Uint8Array(await checked(`${name}.onnx`, hashes)));
  }
  return sessions;
}

function tensorOf({ pixels, width, height }) {
  const size = width * height, planes = new Float32Array(3 * size);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) planes[c * size + i] = pixels[4 * i + c] / 255;
  }
  return new ort.Tensor("float32", planes, [1, 3, height, width]);
}

function pixelsOf(tensor) {
  const [, , height, width] = tensor.dims, size = width * height, planes = tensor.data;
  const pixels = new Uint8ClampedArray(4 * size);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = Math.floor(planes[c * size + i] * 255 + 0.5);
    pixels[4 * i + 3] = 255;
  }
  return { pixels, width, height };
}

async function momentsOf(sessions, picture, key) {
  if (KEPT_STYLE.key !== key) {
    postMessage({ kind: "stage", text: "Analysing the style …" });
    Object.assign(KEPT_STYLE, { key, moments: await sessions.style.run({ picture: tensorOf(picture) }) });
  }
  return KEPT_STYLE.moments;
}

async function stylize(sessions, { run, content, style, key, strength }) {
  const start = performance.now(), moments = await momentsOf(sessions, style, key);
  postMessage({ kind: "stage", text: "Stylizing …" });
  const levels = Object.keys(moments).filter((name) => name.endsWith(".mean")).length;
  const feeds = { ...moments, content: tensorOf(content) };
  feeds.strength = new ort.Tensor("float32", new Float32Array(levels).fill(strength), [levels]);
  const { stylized } = await sessions.transfer.run(feeds);
  const result = pixelsOf(stylized);
  postMessage({ kind: "result", run, ...result, seconds: (performance.now() - start) / 1000 }, [result.pixels.buffer]);
}

const loading = load();
loading.then(() => postMessage({ kind: "ready" }), (error) => postMessage({ kind: "problem", text: error.message }));
self.onmessage = async ({ data }) => {
  try {
    await stylize(await loading, data);
  } catch (error) {
    postMessage({ kind: "problem", text: error.message });
  }
};
