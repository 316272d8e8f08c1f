import type { ProblemType } from './problem-catalogue.ts';

/** A page for people about these types of problem. */
export function problemHtml(heading: string, types: readonly ProblemType[]): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(heading)}</title></head>
<body>
<h1>${html(heading)}</h1>
${types.map(section).join('\n')}
</body>
</html>
`;
}

function section({ name, type, status, title, when, whatToDo, retryAfterSeconds }: ProblemType): string {
  const rows = [
    ['Type', `<code>${html(type)}</code>`],
    ['Status', `${status} ${html(title)}`],
    ['When', text(when)],
    ['What to do', text(whatToDo)],
    ...(retryAfterSeconds === undefined ? [] : [['Retry-After', `${retryAfterSeconds} s`]]),
  ];
  return `<h2 id="${html(name)}">${html(name)}</h2>
<dl>
${rows.map(([term, said]) => `<dt>${term}</dt><dd>${said}</dd>`).join('\n')}
</dl>`;
}

const text = (markdown: string) => html(markdown).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

const html = (plain: string) =>
  plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
