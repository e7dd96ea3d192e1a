// The settings, and their history. A change makes a new object, so that the history keeps the old ones.
export const initial = {
  photo: null, // index among the photographs
  styles: [], // at most two: { name } built in, or { name, file }
  mix: 0.5,
  alpha: 1,
  levels: null, // strengths by level
  detail: 0,
  strokes: "1", // size of the marks, as a multiple of those of a preview; "fine" for the finest
  preserve_color: "none",
  style_scale: 1,
  marks: [], // brush strokes: { brush, size, points }, in parts of the picture's longer side
  format: "png",
  size: "",
  metadata: true,
};

let past = [];
let future = [];
let current = initial;
let group = null;
const listeners = [];

export const state = () => current;
export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;
export const onChange = (listener) => listeners.push(listener);

// Changes with the same `kind` in a row are one step of the history, as while a slider is drawn.
export function change(fields, kind = null) {
  if (kind === null || kind !== group) past.push(current);
  past = past.slice(-200);
  future = [];
  group = kind;
  set({ ...current, ...fields });
}

export const endGroup = () => (group = null);

export function undo() {
  if (!past.length) return;
  future.push(current);
  group = null;
  set(past.pop());
}

export function redo() {
  if (!future.length) return;
  past.push(current);
  group = null;
  set(future.pop());
}

function set(next) {
  const before = current;
  current = next;
  for (const listener of listeners) listener(next, before);
}

export const isSaved = (style) => !style.file || /\.style$/i.test(style.name);
export const canScale = (now) => now.styles.length > 0 && !now.styles.some(isSaved);
export const hasMarks = (now, brush) => now.marks.some((mark) => mark.brush === brush);
