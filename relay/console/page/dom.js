/** An element with attributes (a function is a listener, true an empty attribute; what is undefined or false is left out) and children. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A state as a dot with its word. */
export const pill = (level, text) =>
  el('span', { class: 'pill', 'data-level': level }, el('span', { class: 'dot' }), text);

/** Changes text only where it is another one, so that nobody is told twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
