// The graphs in onnxruntime-web, by WebGPU where it works, else by WebAssembly. All is fetched from beside this file,
// and the hashes of graphs and runtime are checked.

const RUNTIMES = {
  webgpu: ["ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"],
  wasm: ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"],
};

async function checked(name, hashes) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name} can't be loaded: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== hashes[name]) throw new Error(`${name} was changed: its SHA-256 is not the expected one`);
  return new Uint8Array(bytes);
}

// Return what runs the graphs: the provider, the runtime and a session for each.
async function runtimeOf(provider, hashes, graphs) {
  const [module, binary] = RUNTIMES[provider];
  await checked(module, hashes);
  const ort = await import(`./${module}`);
  ort.env.wasm.wasmBinary = (await checked(binary, hashes)).buffer;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1;
  const sessions = {};
  for (const [name, bytes] of Object.entries(graphs)) {
    sessions[name] = await ort.InferenceSession.create(bytes, { executionProviders: [provider] });
  }
  return { provider, ort, sessions };
}

// A browser may know WebGPU and have no adapter for it.
async function hasGpu() {
  try {
    return Boolean(await navigator.gpu?.requestAdapter());
  } catch {
    return false;
  }
}

// Return the runtime by the first provider that gives sessions and does a small run.
export async function loadRuntime() {
  if (!self.crypto?.subtle) throw new Error("hashes can't be checked here: open the page by https, or on localhost");
  const hashes = await (await fetch("files.json")).json();
  const graphs = {};
  for (const name of ["style", "transfer"]) graphs[name] = await checked(`${name}.onnx`, hashes);
  if (await hasGpu()) {
    try {
      const runtime = await runtimeOf("webgpu", hashes, graphs);
      await tried(runtime);
      return runtime;
    } catch (problem) {
      console.warn(`WebGPU is not used: ${problem.message}`);
    }
  }
  return runtimeOf("wasm", hashes, graphs);
}

async function tried({ ort, sessions }) {
  const grey = new ort.Tensor("float32", new Float32Array(3 * 16 * 16).fill(0.5), [1, 3, 16, 16]);
  const result = await stylized({ ort, sessions }, grey, await sessions.style.run({ picture: grey }), 1);
  if (!result.data.every(Number.isFinite)) throw new Error("a small run gave no picture");
}

// Return the stylized picture of a content, from the moments of a style, at a strength.
export async function stylized({ ort, sessions }, content, moments, strength) {
  const levels = Object.keys(moments).filter((name) => name.endsWith(".mean")).length;
  const strengths = new ort.Tensor("float32", new Float32Array(levels).fill(strength), [levels]);
  return (await sessions.transfer.run({ ...moments, content, strength: strengths })).stylized;
}
