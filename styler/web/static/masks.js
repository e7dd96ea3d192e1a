// Brush strokes as masks: white where they are, soft at the rim.
const LONGEST = 2048; // pixels of a mask; the server scales it to the picture

export function draw(context, marks, brush, longest, color) {
  context.lineCap = context.lineJoin = "round";
  for (const mark of marks) {
    if (mark.brush !== brush && mark.brush !== "erase") continue;
    context.globalCompositeOperation = mark.brush === "erase" ? "destination-out" : "source-over";
    context.strokeStyle = color;
    context.lineWidth = mark.size * longest;
    context.beginPath();
    mark.points.forEach(([x, y], index) => (index ? context.lineTo(x * longest, y * longest) : context.moveTo(x * longest, y * longest)));
    if (mark.points.length === 1) context.lineTo(mark.points[0][0] * longest + 0.01, mark.points[0][1] * longest);
    context.stroke();
  }
  context.globalCompositeOperation = "source-over";
}

export function maskBlob(marks, brush, photo, small) {
  const scale = Math.min(1, (small ? 512 : LONGEST) / Math.max(photo.width, photo.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(photo.width * scale));
  canvas.height = Math.max(1, Math.round(photo.height * scale));
  const inside = document.createElement("canvas");
  Object.assign(inside, { width: canvas.width, height: canvas.height });
  const longest = Math.max(canvas.width, canvas.height);
  draw(inside.getContext("2d"), marks, brush, longest, "#fff");
  const context = canvas.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.filter = `blur(${longest / 200}px)`;
  context.drawImage(inside, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
