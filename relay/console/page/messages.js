import { get } from './api.js';
import { byId, el, pill, setText } from './dom.js';
import { count, duration, time } from './format.js';
import { LEVELS, openMessage } from './message.js';

const LISTS = ['newest', 'waiting', 'refused', 'parked'];
const NOTHING = {
  newest: 'No event yet.',
  waiting: 'Nothing waits.',
  refused: 'Nothing is refused.',
  parked: 'Nothing is parked.',
};
/** When more come at once, nobody can follow. */
const MARKED_AS_NEW = 3;
const CAN_BE_PICKED = new Set(['parked', 'waiting']);

/** The table of messages: a list that is kept up to date, or what was found. */
export class Messages {
  #list = 'newest';
  #find = '';
  #picked = new Set();
  #shown = new Map();
  #counts = '';
  #asked = 0;
  #mayAct;
  #actionsFor;
  #onPicked;

  /** `mayAct`: messages can be picked; `actionsFor`: buttons for an opened one; `onPicked`: told of what is picked. */
  constructor({ mayAct, actionsFor, onPicked }) {
    this.#mayAct = mayAct;
    this.#actionsFor = actionsFor;
    this.#onPicked = onPicked;
    byId('lists').append(
      ...LISTS.map((list) =>
        el(
          'button',
          {
            type: 'button',
            'aria-pressed': String(list === 'newest'),
            'data-list': list,
            click: () => this.#choose(list),
          },
          list,
          el('span', { class: 'count' }),
        ),
      ),
    );
    byId('find').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#look();
    });
    byId('find').addEventListener('input', ({ target }) => {
      if (target.value === '') this.#look();
    });
  }

  /** What the last overview says: the newest are in it; another list is asked for when its counts have changed. */
  update({ newest, figures, sample }) {
    setText(
      byId('lists').querySelector('[data-list=parked] .count'),
      figures.parked ? count(figures.parked) : '',
    );
    const counts = JSON.stringify([figures.parked, figures.waiting, figures.changes, sample.unsettled]);
    const isOther = counts !== this.#counts;
    this.#counts = counts;
    if (this.#list === 'newest' && this.#find === '') {
      if (newest) this.#show(newest);
    } else if (isOther) void this.refresh();
  }

  async refresh() {
    this.#asked++;
    const asked = this.#asked;
    const query = new URLSearchParams({ list: this.#list, find: this.#find });
    const { messages, fault = '' } = await get(`/console/messages?${query}`).catch(({ message }) => ({
      messages: [],
      fault: message,
    }));
    // Of several answers, the one to the last question counts.
    if (asked !== this.#asked) return;
    this.#show(messages);
    if (fault) setText(byId('none'), fault);
  }

  get picked() {
    return [...this.#picked];
  }

  clearPicked() {
    this.#picked.clear();
    for (const box of byId('rows').querySelectorAll('input:checked')) box.checked = false;
    this.#onPicked(this.picked);
  }

  #choose(list) {
    this.#list = list;
    for (const button of byId('lists').children)
      button.setAttribute('aria-pressed', String(button.dataset.list === list));
    void this.refresh();
  }

  #look() {
    this.#find = new FormData(byId('find')).get('find').trim();
    void this.refresh();
  }

  /** Rows that are there already stay as they are, with what is focused and picked. */
  #show(messages) {
    const before = this.#shown;
    this.#shown = new Map();
    const arrived = messages.filter(({ messageId }) => !before.has(messageId)).length;
    const isArrival = before.size > 0 && arrived <= MARKED_AS_NEW;
    const rows = messages.map((message) => {
      const key = JSON.stringify([message.state, message.errorMessage, message.latencyMs]);
      const known = before.get(message.messageId);
      const row = known?.key === key ? known.row : this.#row(message, isArrival && !known);
      this.#shown.set(message.messageId, { key, row });
      return row;
    });
    const body = byId('rows');
    const isSame = rows.length === body.children.length && rows.every((row, at) => row === body.children[at]);
    const focused = document.activeElement;
    if (!isSame) body.replaceChildren(...rows);
    if (focused?.isConnected) focused.focus({ preventScroll: true });
    const nothing = this.#find === '' ? NOTHING[this.#list] : `Nothing was found for "${this.#find}".`;
    setText(byId('none'), messages.length === 0 ? nothing : '');
    for (const id of this.#picked) if (!this.#shown.has(id)) this.#picked.delete(id);
    this.#onPicked(this.picked);
  }

  #row(message, isNew) {
    const { messageId, messageType, destination, aggregateId, createdAt, state } = message;
    const { errorMessage, behind, latencyMs } = message;
    const open = () => openMessage(messageId, this.#actionsFor);
    const canBePicked = this.#mayAct && CAN_BE_PICKED.has(state);
    const pick = ({ target }) => {
      if (target.checked) this.#picked.add(messageId);
      else this.#picked.delete(messageId);
      this.#onPicked(this.picked);
    };
    const why = errorMessage ?? (behind ? `behind ${behind}` : latencyMs == null ? '' : duration(latencyMs));
    return el(
      'tr',
      { class: isNew ? 'new' : undefined, 'data-id': messageId },
      el(
        'td',
        { class: 'pick' },
        canBePicked
          ? el('input', {
              type: 'checkbox',
              'aria-label': `Select ${messageType} ${messageId}`,
              checked: this.#picked.has(messageId),
              change: pick,
            })
          : '',
      ),
      el('td', { class: 'time' }, time(createdAt)),
      el(
        'td',
        { class: 'type', title: `to ${destination}` },
        el('button', { type: 'button', class: 'link', click: open }, messageType),
      ),
      el('td', { class: 'id' }, aggregateId ?? '–'),
      el('td', { class: 'state' }, pill(LEVELS[state], state)),
      el('td', { class: 'why', title: why }, why),
    );
  }
}
