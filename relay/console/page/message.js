import { get } from './api.js';
import { el, pill } from './dom.js';
import { duration, indented, time } from './format.js';
import { openPanel } from './panel.js';

export const LEVELS = {
  published: 'good',
  dropped: 'idle',
  parked: 'bad',
  waiting: 'warn',
  redriven: 'warn',
  unsettled: 'idle',
};
const FIELDS = {
  messageId: 'Message id',
  destination: 'Goes to',
  aggregateId: 'Order',
  aggregateVersion: 'Version of the order',
  correlationId: 'Correlation id',
  causationId: 'Causation id',
  traceparent: 'Trace',
  createdAt: 'Created',
  processedAt: 'Published',
  parkedAt: 'Parked',
  droppedAt: 'Dropped',
  retryCount: 'Failures',
  nextRetryAt: 'Next try',
  behind: 'Waits for',
  waiting: 'Waiting behind it',
  errorMessage: 'Why',
};
const TIMES = new Set(['createdAt', 'processedAt', 'parkedAt', 'droppedAt', 'nextRetryAt']);
const CONTENT = { body: 'Body', metadata: 'Properties', userId: 'User' };

/** Opens a message with all that is known of it; `actions` are buttons for it. */
export async function openMessage(messageId, actionsFor) {
  try {
    const { message, state, content, order, journey } = await get(`/console/messages/${messageId}`);
    openPanel(
      message.messageType,
      el('p', {}, pill(LEVELS[state], state)),
      actionsFor({ ...message, state }),
      journeyBar(journey),
      fieldList(message),
      ...contentOf(content),
      ...orderOf(order, actionsFor),
    );
  } catch (error) {
    openPanel('Message', el('p', { class: 'fault' }, error.message));
  }
}

/** Each part as long as it took, with its time in words below. */
function journeyBar(journey) {
  if (journey.length < 2) return null;
  const parts = journey.slice(1).map(({ step, at }, before) => ({
    step,
    ms: Math.max(0, at - journey[before].at),
    from: journey[before].step,
  }));
  const total = Math.max(
    0.1,
    parts.reduce((sum, { ms }) => sum + ms, 0),
  );
  const bar = el('div', { class: 'strip', 'aria-hidden': 'true' });
  for (const [at, { ms }] of parts.entries()) {
    const segment = el('span', { class: `s${at + 1 + 6 - journey.length}` });
    segment.style.flexGrow = String(Math.max(ms / total, 0.02));
    bar.append(segment);
  }
  return el(
    'section',
    { class: 'journey', 'aria-label': 'Its journey' },
    el(
      'h3',
      {},
      'Journey',
      el('span', { class: 'muted' }, ` ${duration(total)} from ${journey[0].step} to ${journey.at(-1).step}`),
    ),
    bar,
    el(
      'ol',
      {},
      el(
        'li',
        {},
        el('span', { class: 'step' }, journey[0].step),
        el('span', { class: 'muted' }, time(journey[0].at)),
      ),
      ...parts.map(({ step, ms }, at) =>
        el(
          'li',
          { class: `s${at + 1 + 6 - journey.length}` },
          el('span', { class: 'step' }, step),
          el('b', {}, `+ ${duration(ms)}`),
        ),
      ),
    ),
  );
}

function fieldList(message) {
  const known = Object.entries(FIELDS).filter(
    ([name]) => message[name] !== null && message[name] !== 0 && message[name] !== undefined,
  );
  return el(
    'dl',
    { class: 'fields-of' },
    ...known.flatMap(([name, label]) => [
      el('dt', {}, label),
      el('dd', {}, TIMES.has(name) ? time(message[name]) : String(message[name])),
    ]),
  );
}

function contentOf(content) {
  if (!content)
    return [
      el('p', { class: 'muted' }, 'Sign in to see what customers have written: body, properties and user.'),
    ];
  return Object.entries(CONTENT)
    .filter(([name]) => content[name] !== null)
    .flatMap(([name, label]) => [
      el('h3', {}, label),
      el('pre', { tabindex: '0' }, name === 'userId' ? content[name] : indented(content[name])),
    ]);
}

function orderOf(order, actionsFor) {
  if (order.length === 0) return [];
  const line = ({ messageId, messageType, createdAt, state }) =>
    el(
      'li',
      {},
      el(
        'button',
        { type: 'button', class: 'link', click: () => openMessage(messageId, actionsFor) },
        messageType,
      ),
      el('span', { class: 'muted' }, time(createdAt)),
      pill(LEVELS[state], state),
    );
  return [el('h3', {}, 'Other events of its order'), el('ul', { class: 'order' }, ...order.map(line))];
}
