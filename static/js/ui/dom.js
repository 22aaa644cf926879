// How is an element made? Always from text, never from markup, so that nothing from a server can become script.
import { put } from "./i18n.js";

/** `tag`: name.class.class; `props`: `t` is a catalogue key or [key, params], `on…` are listeners, booleans toggle attributes. */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return fill(document.createElement(name), classes, props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), [], props, children);
}

function fill(el, classes, props, children) {
  if (classes.length) el.classList.add(...classes);
  for (const [name, value] of Object.entries(props)) set(el, name, value);
  el.append(...children.flat().filter((child) => child != null && child !== false));
  return el;
}

function set(el, name, value) {
  if (value == null || value === false) return;
  if (name === "t") put(el, ...[value].flat());
  else if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
  else if (name === "value") el.value = value;
  else el.setAttribute(name, value === true ? "" : value);
}

export const byId = (id) => document.getElementById(id);

/** Shows the parts of the page with that `data-pane`, hides the others. */
export function showPane(name) {
  for (const pane of document.querySelectorAll("[data-pane]")) pane.hidden = pane.dataset.pane !== name;
}

/** A photo that falls back to a drawn parcel when the shop's picture cannot be shown. */
export function photo(product, props = {}) {
  const img = h("img", { alt: product.name, width: 640, height: 480, ...props });
  img.addEventListener("error", () => (img.src = "/static/img/parcel.svg"), { once: true });
  img.src = product.image_url || "/static/img/parcel.svg";
  return img;
}
