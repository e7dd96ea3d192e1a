// The settings as fields of a request, and as a command that makes the same file.
import { canScale, hasMarks } from "./state.js";
import { maskBlob } from "./masks.js";

const PREVIEW = 512; // longer side of a preview, in pixels

// Return by how much the photograph is reduced first. Marks have a size in pixels, so a larger picture needs a larger
// number to look as its preview does.
function reduction(now, photo, small) {
  if (now.strokes === "fine") return 1;
  const longest = small ? PREVIEW : Math.max(PREVIEW, Number(now.size) || photo.longest || PREVIEW);
  return Math.min(8, Math.max(1, Math.round((Number(now.strokes) * longest) / PREVIEW)));
}

// Return what differs from the defaults: the names are those of the API and, with dashes, of the command.
export function fields(now, photo, small = false) {
  const found = {};
  const split = hasMarks(now, "second") && now.styles.length > 1;
  if (now.styles.length > 1 && !split) found.weights = `${number(1 - now.mix)},${number(now.mix)}`;
  if (now.levels) found.alpha = Object.entries(now.levels).map(([level, x]) => `${level}=${number(x)}`).join(",");
  else if (now.alpha !== 1) found.alpha = number(now.alpha);
  if (now.detail) found.detail = number(now.detail);
  const strokes = reduction(now, photo, small);
  if (strokes > 1) found.strokes = String(strokes);
  if (now.preserve_color !== "none" && (now.preserve_color !== "match" || canScale(now))) found.preserve_color = now.preserve_color;
  if (now.style_scale !== 1 && canScale(now)) found.style_scale = number(now.style_scale);
  return found;
}

const number = (x) => String(Math.round(x * 100) / 100);

export const outputName = (now, photo) => {
  const stem = (name) => name.replace(/\.[^.]+$/, "");
  return [stem(photo.name), ...now.styles.map((style) => stem(style.name))].join("-") + `.${now.format}`;
};

// Return the names of the files of a request, each once, so that the files of a command can lie in one folder.
export function fileNames(now, photo) {
  const taken = new Set();
  const once = (name) => {
    let found = name;
    for (let count = 2; taken.has(found.toLowerCase()); count++) found = name.replace(/(\.[^.]*)?$/, `-${count}$1`);
    taken.add(found.toLowerCase());
    return found;
  };
  const content = once(photo.name);
  const styles = now.styles.map((style) => (style.file ? once(style.name) : style.name));
  return { content, styles, mask: once("mask.png"), keep: once("keep.png") };
}

// Return the form of a request. `small` asks for a preview: small pictures, no metadata.
export async function form(now, photo, { small, styleBlob }) {
  const data = new FormData();
  const names = fileNames(now, photo);
  data.append("content", small ? photo.small : photo.file, names.content);
  const split = hasMarks(now, "second") && now.styles.length > 1;
  const add = async (field, index) => {
    const style = now.styles[index];
    if (!style.file) data.append(field, style.name);
    else data.append(field, small ? await styleBlob(style) : style.file, names.styles[index]);
  };
  await add("style", 0);
  if (now.styles.length > 1 && !split) await add("style", 1);
  const masks = await maskFiles(now, photo, small);
  if (masks.second) {
    data.append("mask", masks.second, names.mask);
    await add("mask_style", 1);
  }
  if (masks.keep) data.append("keep", masks.keep, names.keep);
  for (const [name, value] of Object.entries(fields(now, photo, small))) data.append(name, value);
  if (small) {
    data.append("metadata", "strip");
    data.append("size", String(Math.min(PREVIEW, photo.longest || PREVIEW)));
    data.append("format", "png");
  } else {
    data.append("format", now.format);
    if (now.size) data.append("size", now.size);
    if (!now.metadata) data.append("metadata", "strip");
  }
  return { data, masks };
}

export async function maskFiles(now, photo, small) {
  const found = {};
  if (hasMarks(now, "second") && now.styles.length > 1) found.second = await maskBlob(now.marks, "second", photo, small);
  if (hasMarks(now, "keep")) found.keep = await maskBlob(now.marks, "keep", photo, small);
  return found;
}

const quoted = (word) => (/^[\w./=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
const asPath = (name) => quoted(name.startsWith("-") ? `./${name}` : name);

// Return the command; `server` has the options with which the server computes, such as its model.
export function command(now, photo, server) {
  const names = fileNames(now, photo);
  const split = hasMarks(now, "second") && now.styles.length > 1;
  const words = ["styler", "transfer", asPath(names.content), asPath(names.styles[0])];
  if (now.styles.length > 1 && !split) words.push(asPath(names.styles[1]));
  if (split) words.push("--mask", names.mask, "--style", asPath(names.styles[1]));
  if (hasMarks(now, "keep")) words.push("--keep", names.keep);
  for (const [name, value] of Object.entries(fields(now, photo))) words.push(`--${name.replace("_", "-")}`, quoted(value));
  if (now.size) words.push("--size", now.size);
  if (!now.metadata) words.push("--metadata", "strip");
  for (const [name, value] of Object.entries(server)) words.push(`--${name}`, quoted(value));
  words.push("-o", asPath(outputName(now, photo)));
  return words.join(" ");
}
