// The reference of the API from openapi.json, without anything from elsewhere.
import { request } from "./api.js";
import { fill, texts } from "./texts.js";

const node = (tag, text = "", name = "") => Object.assign(document.createElement(tag), { textContent: text, className: name });

function fieldsOf(route) {
  const schema = route.requestBody?.content?.["multipart/form-data"]?.schema;
  if (!schema) return null;
  const table = node("table");
  for (const [name, field] of Object.entries(schema.properties)) {
    const row = node("tr");
    const head = node("th");
    head.append(node("code", name), schema.required?.includes(name) ? " *" : "");
    const values = field.enum ? ` ${texts.oneOf(field.enum.join(", "))}` : "";
    row.append(head, node("td", `${field.description ?? ""}${values}`));
    table.append(row);
  }
  return table;
}

fill();
const openapi = await (await request("/openapi.json")).json();
document.getElementById("about").textContent = openapi.info.description;
for (const [path, methods] of Object.entries(openapi.paths))
  for (const [method, route] of Object.entries(methods)) {
    const section = node("section", "", "route");
    const title = node("h2");
    title.append(node("code", method.toUpperCase()), node("code", path));
    section.append(title, node("p", route.summary));
    const fields = fieldsOf(route);
    if (fields) section.append(fields);
    document.getElementById("routes").append(section);
  }
