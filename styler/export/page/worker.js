// The networks, in a worker.
import { loadRuntime, stylized } from "./runtime.js";

const KEPT_STYLE = { key: null, moments: null };

function tensorOf({ ort }, { pixels, width, height }) {
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

async function momentsOf(runtime, picture, key) {
  if (KEPT_STYLE.key !== key) {
    postMessage({ kind: "stage", stage: "style" });
    const moments = await runtime.sessions.style.run({ picture: tensorOf(runtime, picture) });
    Object.assign(KEPT_STYLE, { key, moments });
  }
  return KEPT_STYLE.moments;
}

async function stylize(runtime, { run, content, style, key, strength }) {
  const start = performance.now(), moments = await momentsOf(runtime, style, key);
  postMessage({ kind: "stage", stage: "transfer" });
  const result = pixelsOf(await stylized(runtime, tensorOf(runtime, content), moments, strength));
  const seconds = (performance.now() - start) / 1000, { provider } = runtime;
  postMessage({ kind: "result", run, ...result, seconds, provider }, [result.pixels.buffer]);
}

const loading = loadRuntime();
loading.then(() => postMessage({ kind: "ready" }), (error) => postMessage({ kind: "problem", text: error.message }));
self.onmessage = async ({ data }) => {
  try {
    await stylize(await loading, data);
  } catch (error) {
    postMessage({ kind: "problem", text: error.message });
  }
};
