import { byId, el, setText } from './dom.js';
import { bytes, count, duration } from './format.js';
import { openRunbook } from './runbook.js';

/** The four parts, from left to right; those that are there are changed, so that nothing flickers. */
export function showFlow(flow) {
  const list = byId('flow');
  if (list.children.length === 0) {
    for (const { name } of flow)
      list.append(
        el(
          'li',
          { class: 'part' },
          el('h3', {}, name),
          el('p', { class: 'pill' }, el('span', { class: 'dot' }), el('span')),
          el('p', { class: 'muted detail' }),
        ),
      );
  }
  for (const [at, { level, state, detail }] of flow.entries()) {
    const part = list.children[at];
    part.dataset.level = level;
    const [, stateLine, detailLine] = part.children;
    stateLine.dataset.level = level;
    setText(stateLine.lastChild, state);
    setText(detailLine, detail);
  }
}

export function showNotices(notices) {
  const list = byId('notices');
  const key = JSON.stringify(notices);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(
    ...notices.map(({ level, text, section }) =>
      el(
        'li',
        { 'data-level': level },
        el('span', { class: 'dot' }),
        el('span', {}, text),
        el(
          'button',
          { type: 'button', class: 'link', click: () => openRunbook(section) },
          `Runbook: ${section}`,
        ),
      ),
    ),
  );
}

/** Each: its name, its value, and what it is compared with. */
function figuresOf({ sample, figures }) {
  const { oldestUnsettledMs, retainedBytes, walLimitBytes, standbys } = figures;
  return [
    ['Events a second', count(sample.published)],
    ['Commit to accepted', duration(sample.p50), `p99 ${duration(sample.p99)}`],
    ['Unsettled', count(sample.unsettled)],
    ['Oldest waits', oldestUnsettledMs === 0 ? 'nothing' : duration(oldestUnsettledMs)],
    ['WAL kept', bytes(retainedBytes), `of ${bytes(walLimitBytes)}`],
    ['Sends in flight', count(sample.inFlight)],
    ['Stand-bys', count(standbys)],
  ];
}

export function showFigures(overview) {
  const list = byId('figures');
  const figures = figuresOf(overview);
  if (list.children.length === 0)
    for (const [name] of figures)
      list.append(el('div', {}, el('dt', {}, name), el('dd', {}, el('b'), el('span', { class: 'muted' }))));
  for (const [at, [, value, beside = '']] of figures.entries()) {
    const [number, rest] = list.children[at].lastChild.children;
    setText(number, value);
    setText(rest, beside);
  }
}
