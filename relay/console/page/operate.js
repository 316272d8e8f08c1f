import { act, get, operator, signIn, signOut } from './api.js';
import { askFor } from './ask.js';
import { byId, el, setText } from './dom.js';
import { count } from './format.js';
import { closePanel } from './panel.js';

/** Asks who acts, unless that is known; resolves with whether it is. */
export async function ensureSignedIn() {
  if (operator()) return true;
  return (
    (await askFor({
      title: 'Sign in',
      text: 'What you do is logged with your name. The token is that of RELAY_CONSOLE_TOKEN; this tab forgets it when it is closed.',
      fields: { 'Your name': { name: 'by', maxlength: '100' }, Token: { name: 'token', type: 'password' } },
      button: 'Sign in',
      submit: async (who) => {
        signIn(who);
        try {
          await get('/console/token');
        } catch (error) {
          signOut();
          throw error;
        }
        return true;
      },
    })) === true
  );
}

/** Does it, and says what came of it; a wrong token is forgotten. */
async function carryOut(action, body) {
  try {
    const { results } = await act(action, body);
    return results;
  } catch (error) {
    if (error.code === 'TOKEN_WRONG') signOut();
    throw error;
  }
}

const TOLD_FOR_MS = 15_000;
let told;

/** Says it at the bottom of the page, for a while. */
function tell(text) {
  setText(byId('done'), text);
  clearTimeout(told);
  told = setTimeout(() => setText(byId('done'), ''), TOLD_FOR_MS);
}
const summary = (results) => results.map(({ text }) => text).join('\n');

/** Buttons and forms that act. `onChange`: told after something was done, or who acts has changed. */
export class Operations {
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
    byId('operate').hidden = false;
    byId('replay').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#countReplay();
    });
    byId('replay').addEventListener('input', () => {
      byId('replay').elements.send.hidden = true;
    });
    byId('replay').elements.send.addEventListener('click', () => void this.#replay());
    byId('confirm').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#confirm();
    });
  }

  async retry(messageIds) {
    await this.#try(() => carryOut('retry', { messageIds }));
  }

  async drop(messageIds) {
    if (!(await ensureSignedIn())) return;
    const what = messageIds.length === 1 ? 'this message' : `these ${messageIds.length} messages`;
    const results = await askFor({
      title: `Drop ${what}?`,
      text: 'It is given up and never sent. That is final. The reason stays with it.',
      fields: { Reason: { name: 'reason', maxlength: '500' } },
      button: 'Drop',
      submit: ({ reason }) => carryOut('drop', { messageIds, reason }),
    });
    if (results) this.#finish(summary(results));
  }

  /** Buttons for an opened message. */
  actionsFor({ messageId, state }) {
    if (state !== 'parked' && state !== 'waiting') return null;
    const button = (text, click) => el('button', { type: 'button', click }, text);
    return el(
      'p',
      { class: 'bar' },
      state === 'parked' ? button('Retry', () => this.retry([messageId])) : null,
      button('Drop…', () => this.drop([messageId])),
    );
  }

  get #range() {
    const { from, to } = Object.fromEntries(new FormData(byId('replay')));
    return { from: from.trim(), to: to.trim() };
  }

  /** First how many it would be; only then can they be sent. */
  async #countReplay() {
    await this.#try(async () => {
      const [{ text, data }] = await carryOut('replay', { ...this.#range, dryRun: true });
      const { send } = byId('replay').elements;
      send.hidden = data.count === 0;
      setText(send, `Send ${count(data.count)} again`);
      return [{ text }];
    });
  }

  async #replay() {
    byId('replay').elements.send.hidden = true;
    await this.#try(() => carryOut('replay', { ...this.#range, dryRun: false }));
  }

  async #confirm() {
    if (!(await ensureSignedIn())) return;
    const results = await askFor({
      title: 'Go on with this database?',
      text: 'Only if it was set back in time, or is another one. What is unsettled in it is sent, some of it for the second time.',
      button: 'Confirm',
      submit: () => carryOut('confirm', {}),
    });
    if (results) this.#finish(summary(results));
  }

  async #try(work) {
    if (!(await ensureSignedIn())) return;
    try {
      this.#finish(summary(await work()));
    } catch (error) {
      tell(error.message);
      closePanel();
      this.#onChange();
    }
  }

  #finish(text) {
    tell(text);
    closePanel();
    this.#onChange();
  }
}
