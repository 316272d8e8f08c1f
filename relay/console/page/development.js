import { byId, setText } from './dom.js';

const TOLD = {
  '/order': ({ orderId }) => `Placed the order ${orderId}`,
  '/broker/stop': () => 'The broker is stopped: place an order and see it wait',
  '/broker/start': () => 'The broker runs: what waited is sent',
  '/relay/kill': () => 'The relay was killed, and is started again in a second',
};

/** Buttons that break and mend the stack on this machine, by what serves at this URL. */
export function showDevelopment(url) {
  const section = byId('development');
  section.hidden = false;
  section.addEventListener('click', ({ target }) => {
    if (target.dataset.ask) void ask(url, target.dataset.ask);
  });
}

async function ask(url, path) {
  try {
    const response = await fetch(url + path, { method: 'POST' });
    const answer = await response.json();
    setText(byId('tried'), response.ok ? TOLD[path](answer) : (answer.detail ?? answer.error));
  } catch {
    setText(byId('tried'), 'Nobody answers: npm run dev or npm run demo -- --keep has ended');
  }
}
