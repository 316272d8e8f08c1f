import { operator, signOut } from './api.js';
import { Charts } from './charts.js';
import { showDevelopment } from './development.js';
import { byId, setText } from './dom.js';
import { showFigures, showFlow, showNotices } from './flow.js';
import { watchLive } from './live.js';
import { Messages } from './messages.js';
import { ensureSignedIn, Operations } from './operate.js';

const start = JSON.parse(byId('start').textContent);
const mayAct = start.mode === 'operate';
document.body.classList.toggle('operating', mayAct);
setText(byId('route'), `${start.slot} → ${start.brokerName}, ${start.entity}`);

const operations = mayAct ? new Operations(changed) : undefined;
const messages = new Messages({
  mayAct,
  actionsFor: (message) => operations?.actionsFor(message) ?? null,
  onPicked: (picked) => {
    const bar = byId('selection');
    bar.hidden = picked.length === 0;
    setText(bar.firstElementChild, `${picked.length} selected`);
  },
});
// A browser that the library does not know must not keep the rest from being seen.
const charts = 'uPlot' in window ? new Charts(start.history) : undefined;

byId('selection').addEventListener('click', ({ target }) => {
  const { action } = target.dataset;
  if (action) void operations[action](messages.picked).then(() => messages.clearPicked());
});

const theme = byId('theme');
theme.addEventListener('click', () => {
  const isDark =
    getComputedStyle(document.documentElement).colorScheme === 'dark' ||
    (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = isDark ? 'light' : 'dark';
  localStorage.setItem('theme', document.documentElement.dataset.theme);
  charts?.draw();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts?.draw());

const signing = byId('operator');
signing.hidden = !start.needsToken;
signing.addEventListener('click', () => void changeOperator());

if (start.devUrl) showDevelopment(start.devUrl);
if (start.overview) show(start.overview);
changed();
showLink(true);
watchLive((overview) => {
  show(overview);
  charts?.add(overview.sample);
}, showLink);

function show(overview) {
  showFlow(overview.flow);
  showNotices(overview.notices);
  showFigures(overview);
  messages.update(overview);
  document.title = `${overview.ready ? '' : '⚠ '}Outbox relay: ${overview.state}`;
}

function showLink(isLive) {
  const link = byId('link');
  link.dataset.level = isLive ? 'good' : 'bad';
  document.body.classList.toggle('stale', !isLive);
  setText(link.lastElementChild, isLive ? 'live' : 'the relay does not answer; trying again');
}

async function changeOperator() {
  if (operator()) signOut();
  else await ensureSignedIn();
  changed();
}

function changed() {
  const who = operator();
  setText(signing, who ? `Sign out ${who.by}` : 'Sign in');
  void messages.refresh();
}
