import { byId } from './dom.js';

/** Shows something at the side; Escape and the button close it. */
export function openPanel(title, ...content) {
  byId('panel-title').textContent = title;
  byId('panel-body').replaceChildren(...content.filter((each) => each !== null));
  const panel = byId('panel');
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
}

export const closePanel = () => byId('panel').close();
