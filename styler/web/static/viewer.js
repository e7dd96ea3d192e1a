// The picture: photograph and result on top of each other, with a boundary, zoom, pan and brush.
import { draw } from "./masks.js";
import { fill } from "./texts.js";

const $ = (id) => document.getElementById(id);
const MARGIN = { side: 20, top: 20, strip: 72, tools: 62 }; // pixels around a fitted picture, which nothing covers
const MAX_ZOOM = 16;

const PARTS = `
    <div id="sheet" class="sheet" hidden>
      <img id="before" alt="" draggable="false">
      <img id="after" alt="" draggable="false" hidden>
      <canvas id="mask"></canvas>
    </div>
    <div id="wipe" class="wipe" role="slider" tabindex="0" data-label="wipe" aria-orientation="horizontal"
         aria-valuemin="0" aria-valuemax="100" aria-valuenow="50" hidden><span></span></div>
    <div id="tools" class="tools" hidden>
      <button id="zoomOut" class="icon" data-label="zoomOut"><svg viewBox="0 0 24 24"><path d="M6 12h12"/></svg></button>
      <button id="zoomFit" class="quiet" data-label="zoomFit"><output id="zoom"></output></button>
      <button id="zoomIn" class="icon" data-label="zoomIn"><svg viewBox="0 0 24 24"><path d="M6 12h12M12 6v12"/></svg></button>
      <button id="flip" class="quiet" data-text="flip" data-title="flipTitle"></button>
    </div>`; // first in the stage, so that what else it has lies above

export class Viewer {
  constructor({ onStroke = () => {} } = {}) {
    this.stage = $("stage");
    this.stage.insertAdjacentHTML("afterbegin", PARTS);
    fill(this.stage);
    Object.assign(this, { width: 1, height: 1, scale: 1, x: 0, y: 0, wipe: 0.5, flipped: false, fitted: true });
    Object.assign(this, { brush: "", brushSize: 0.08, marks: [], onStroke, pointers: new Map(), stroke: null });
    new ResizeObserver(() => (this.fitted ? this.fit() : this.place())).observe(this.stage);
    this.listen();
  }

  show(before, width, height, name) {
    const same = this.width === width && this.height === height;
    Object.assign(this, { width, height });
    Object.assign($("before"), { src: before, alt: name });
    $("after").hidden = true;
    for (const id of ["sheet", "tools"]) $(id).hidden = false;
    if (!same || this.fitted) this.fit();
    this.paintMarks(this.marks);
  }

  result(address, name, shown = () => {}) {
    const image = $("after");
    image.alt = name;
    image.onload = () => {
      image.hidden = $("wipe").hidden = false;
      this.place();
      shown();
    };
    image.src = address;
  }

  fit() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    const top = $("strip").hidden ? MARGIN.top : MARGIN.strip;
    const height = clientHeight - top - MARGIN.tools;
    this.scale = Math.max(0.02, Math.min((clientWidth - 2 * MARGIN.side) / this.width, height / this.height, 4));
    this.x = (clientWidth - this.width * this.scale) / 2;
    this.y = top + (height - this.height * this.scale) / 2;
    this.fitted = true;
    this.place();
  }

  zoom(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    const scale = Math.min(MAX_ZOOM, Math.max(0.02, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.place();
  }

  setWipe(part) {
    this.wipe = Math.min(1, Math.max(0, part));
    this.place();
  }

  flip(flipped) {
    this.flipped = flipped;
    $("flip").setAttribute("aria-pressed", flipped);
    this.place();
  }

  place() {
    const sheet = $("sheet").style;
    sheet.width = `${this.width}px`;
    sheet.height = `${this.height}px`;
    sheet.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    $("sheet").classList.toggle("crisp", this.scale > 2.5);
    const part = this.flipped ? 1 : this.wipe;
    $("after").style.clipPath = `inset(0 0 0 ${part * 100}%)`;
    const wipe = $("wipe");
    wipe.style.left = `${Math.round(this.x + this.wipe * this.width * this.scale)}px`;
    wipe.style.top = `${Math.max(0, this.y)}px`;
    wipe.style.bottom = `${Math.max(0, this.stage.clientHeight - this.y - this.height * this.scale)}px`;
    wipe.setAttribute("aria-valuenow", Math.round(this.wipe * 100));
    $("zoom").textContent = `${Math.round(this.scale * 100)} %`;
  }

  paintMarks(marks) {
    this.marks = marks;
    const canvas = $("mask");
    const scale = Math.min(1, 1024 / Math.max(this.width, this.height));
    canvas.width = Math.max(1, Math.round(this.width * scale));
    canvas.height = Math.max(1, Math.round(this.height * scale));
    const shown = this.stroke ? [...marks, this.stroke] : marks;
    const longest = Math.max(canvas.width, canvas.height);
    for (const [brush, color] of [["keep", "#2f9e6e"], ["second", "#c2452d"]]) {
      const layer = document.createElement("canvas");
      Object.assign(layer, { width: canvas.width, height: canvas.height });
      draw(layer.getContext("2d"), shown, brush, longest, color);
      canvas.getContext("2d").drawImage(layer, 0, 0);
    }
    canvas.classList.toggle("shown", this.brush !== "");
  }

  setBrush(brush) {
    this.brush = brush;
    this.stage.classList.toggle("painting", brush !== "");
    this.paintMarks(this.marks);
  }

  point(event) {
    const box = this.stage.getBoundingClientRect();
    const longest = Math.max(this.width, this.height) * this.scale;
    return [(event.clientX - box.left - this.x) / longest, (event.clientY - box.top - this.y) / longest];
  }

  listen() {
    const { stage } = this;
    const wipe = $("wipe");
    stage.addEventListener("wheel", (event) => {
      if ($("sheet").hidden) return;
      event.preventDefault();
      const box = stage.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    wipe.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      wipe.setPointerCapture(event.pointerId);
      wipe.focus();
    });
    wipe.addEventListener("pointermove", (event) => {
      if (!wipe.hasPointerCapture(event.pointerId)) return;
      const left = event.clientX - stage.getBoundingClientRect().left;
      this.setWipe((left - this.x) / (this.width * this.scale));
    });
    wipe.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.05, ArrowRight: 0.05, Home: -1, End: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.setWipe(this.wipe + step);
    });
    stage.addEventListener("pointerdown", (event) => {
      if ($("sheet").hidden || event.target.closest("button, .wipe, .strip")) return;
      stage.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.brush && this.pointers.size === 1) this.stroke = { brush: this.brush, size: this.brushSize, points: [this.point(event)] };
      if (this.pointers.size > 1) this.stroke = null;
      if (this.stroke) this.paintMarks(this.marks);
    });
    stage.addEventListener("pointermove", (event) => {
      const last = this.pointers.get(event.pointerId);
      if (!last) return;
      const before = [...this.pointers.values()];
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.stroke) {
        this.stroke.points.push(this.point(event));
        this.paintMarks(this.marks);
        return;
      }
      const after = [...this.pointers.values()];
      this.fitted = false;
      this.x += (event.clientX - last[0]) / after.length;
      this.y += (event.clientY - last[1]) / after.length;
      if (after.length === 2) {
        const [span, was] = [after, before].map(([[a, b], [c, d]]) => Math.hypot(a - c, b - d));
        const box = stage.getBoundingClientRect();
        this.zoom(span / Math.max(1, was), (after[0][0] + after[1][0]) / 2 - box.left, (after[0][1] + after[1][1]) / 2 - box.top);
      }
      this.place();
    });
    const end = (event) => {
      this.pointers.delete(event.pointerId);
      const stroke = this.stroke;
      this.stroke = null;
      if (stroke) this.onStroke(stroke);
    };
    stage.addEventListener("pointerup", end);
    stage.addEventListener("pointercancel", end);
    stage.addEventListener("dblclick", (event) => event.target.closest("button, .wipe") || this.brush || this.fit());
    $("zoomIn").onclick = () => this.zoom(1.4);
    $("zoomOut").onclick = () => this.zoom(1 / 1.4);
    $("zoomFit").onclick = () => this.fit();
    const flip = $("flip");
    for (const [name, flipped] of [["pointerdown", true], ["pointerup", false], ["pointerleave", false], ["blur", false]])
      flip.addEventListener(name, () => this.flip(flipped));
    flip.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.flip(!this.flipped);
    });
  }
}
