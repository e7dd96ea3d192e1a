// Photographs and style pictures that were opened here, and their small copies for previews.
import { request } from "./api.js";
import { scaledCanvas } from "./scaling.js";

const SMALL = 512; // longer side of a preview, in pixels

// Return a photograph: the file, its size, its small copy, and an address of something that the browser can show.
export async function opened(file, isPasted = false) {
  const photo = { file, name: file.name || "pasted.png", isPasted };
  try {
    const bitmap = await createImageBitmap(file);
    Object.assign(photo, { width: bitmap.width, height: bitmap.height, longest: Math.max(bitmap.width, bitmap.height) });
    photo.small = await shrunk(bitmap);
    photo.shown = URL.createObjectURL(file);
    bitmap.close();
  } catch {
    // What the browser can't read, such as TIFF, the server may: at strength 0 the result is the photograph.
    const data = new FormData();
    data.append("content", file, photo.name);
    for (const [name, value] of [["style", "night"], ["alpha", "0"], ["metadata", "strip"], ["size", "512"]]) data.append(name, value);
    const blob = await (await request("/api/transfer", { method: "POST", body: data })).blob();
    const bitmap = await createImageBitmap(blob);
    Object.assign(photo, { width: bitmap.width, height: bitmap.height, longest: SMALL, small: blob, shown: URL.createObjectURL(blob) });
    bitmap.close();
  }
  photo.thumbnail = URL.createObjectURL(photo.small);
  return photo;
}

const shrunk = (bitmap) => new Promise((done) => scaledCanvas(bitmap, SMALL).toBlob(done, "image/png"));

// Return what of a style is sent for a preview: its picture at the size at which it would be analysed.
const kept = new WeakMap();
export async function styleBlob(style) {
  if (!kept.has(style.file)) kept.set(style.file, await smallStyle(style.file, style.name));
  return kept.get(style.file);
}

async function smallStyle(file, name) {
  if (/\.style$/i.test(name)) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const blob = await shrunk(bitmap);
    bitmap.close();
    return blob;
  } catch {
    return file;
  }
}
