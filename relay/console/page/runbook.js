import { get } from './api.js';
import { el } from './dom.js';
import { openPanel } from './panel.js';

/** Shows a section of docs/runbook.md. */
export async function openRunbook(title) {
  try {
    const { text } = await get(`/console/runbook/${encodeURIComponent(title)}`);
    openPanel(title, el('div', { class: 'runbook' }, ...blocksOf(text)));
  } catch {
    openPanel(title, el('p', {}, `See the section "${title}" of docs/runbook.md.`));
  }
}

/** What the runbook is written in: paragraphs, lists, tables and code of Markdown. */
function blocksOf(markdown) {
  const blocks = markdown.match(/^```[\s\S]*?^```|(?:(?!```).+(?:\n(?!```)|$))+/gm) ?? [];
  return blocks.map((block) => {
    const lines = block.trimEnd().split('\n');
    if (block.startsWith('```')) return el('pre', { tabindex: '0' }, lines.slice(1, -1).join('\n'));
    if (lines[0].startsWith('|')) return table(lines);
    if (/^(- |\d+\. )/.test(lines[0])) return list(lines);
    return el('p', {}, ...inline(lines.join(' ')));
  });
}

function table([head, , ...rows]) {
  const cells = (line, tag) =>
    el(
      'tr',
      {},
      ...line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => el(tag, {}, ...inline(cell.trim()))),
    );
  return el(
    'table',
    {},
    el('thead', {}, cells(head, 'th')),
    el('tbody', {}, ...rows.map((row) => cells(row, 'td'))),
  );
}

function list(lines) {
  const items = lines.reduce((found, line) => {
    if (/^(- |\d+\. )/.test(line)) found.push(line.replace(/^(- |\d+\. )/, ''));
    else found[found.length - 1] += ` ${line.trim()}`;
    return found;
  }, []);
  return el(
    lines[0].startsWith('- ') ? 'ul' : 'ol',
    {},
    ...items.map((item) => el('li', {}, ...inline(item))),
  );
}

/** `code`, **strong**; of a link its text. */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (part.startsWith('`')) return el('code', {}, part.slice(1, -1));
    if (part.startsWith('**')) return el('strong', {}, part.slice(2, -2));
    return part.startsWith('[') ? part.slice(1, part.indexOf('](')).replaceAll('`', '') : part;
  });
}
