import { html, htmlOfMarkdown, htmlPage } from '../html.ts';
import type { ProblemType } from './problem-catalogue.ts';

/** A page for people about these types of problem. */
export function problemHtml(heading: string, types: readonly ProblemType[]): string {
  return htmlPage(heading, types.map(section).join('\n'));
}

function section({ name, type, status, title, when, whatToDo, retryAfterSeconds }: ProblemType): string {
  const rows = [
    ['Type', `<code>${html(type)}</code>`],
    ['Status', `${status} ${html(title)}`],
    ['When', htmlOfMarkdown(when)],
    ['What to do', htmlOfMarkdown(whatToDo)],
    ...(retryAfterSeconds === undefined ? [] : [['Retry-After', `${retryAfterSeconds} s`]]),
  ];
  return `<h2 id="${html(name)}">${html(name)}</h2>
<dl>
${rows.map(([term, said]) => `<dt>${term}</dt><dd>${said}</dd>`).join('\n')}
</dl>`;
}
