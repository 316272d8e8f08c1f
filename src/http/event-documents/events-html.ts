import { html, htmlOfMarkdown, htmlPage } from '../html.ts';
import type { AsyncApiChannel, AsyncApiDocument, AsyncApiMessage } from './asyncapi-document.ts';
import type { JsonSchema } from './published-schema.ts';

/** A page for people about the events of an AsyncAPI document. */
export function eventsHtml({ info, channels }: AsyncApiDocument, publicBasePath: string): string {
  const links = `As <a href="${html(publicBasePath)}/asyncapi.json">AsyncAPI</a>.`;
  const parts = Object.values(channels).map((channel) => channelHtml(channel, publicBasePath));
  return htmlPage(info.title, [`<p>${htmlOfMarkdown(info.description)} ${links}</p>`, ...parts].join('\n'));
}

function channelHtml({ title, description, messages }: AsyncApiChannel, publicBasePath: string): string {
  const sections = Object.entries(messages).map(([key, message]) => section(key, message, publicBasePath));
  return `<h2>${html(title)}</h2>\n<p>${htmlOfMarkdown(description)}</p>\n${sections.join('\n')}`;
}

function section(key: string, message: AsyncApiMessage, publicBasePath: string): string {
  const { name, summary, payload, headers } = message;
  const schema = `${publicBasePath}/schemas/${name}/${message['x-schema-major']}`;
  const examples = message.examples.map((each) => JSON.stringify(each.payload, undefined, 2));
  return `<h3 id="${html(key)}">${html(name)}</h3>
<p>${htmlOfMarkdown(summary)}. Its <a href="${html(schema)}">JSON Schema</a>.</p>
${table('Body', payload)}
${examples.map((example) => `<pre>${html(example)}</pre>`).join('\n')}
${table('Properties of the message', message['x-service-bus-properties'])}
${table('Application properties', headers)}`;
}

function table(caption: string, schema: JsonSchema): string {
  const rows = membersOf(schema).map(
    ({ name, type, isRequired, description }) =>
      `<tr><td><code>${html(name)}</code></td><td>${html(type)}</td><td>${isRequired ? 'always' : ''}</td><td>${htmlOfMarkdown(description)}</td></tr>`,
  );
  return `<table>
<caption>${caption}</caption>
<tr><th>Name</th><th>Type</th><th>There</th><th>Meaning</th></tr>
${rows.join('\n')}
</table>`;
}

interface Member {
  /** With those above it: `items[].productId`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

interface ObjectSchema {
  readonly type?: string;
  readonly format?: string;
  readonly const?: string;
  readonly description?: string;
  readonly items?: ObjectSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
}

function membersOf({ properties = {}, required = [], items }: ObjectSchema, above = ''): Member[] {
  if (items) return membersOf(items, `${above}[]`);
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = above === '' ? key : `${above}.${key}`;
    const { type = '', format, const: only, description = '' } = schema;
    const kind = only ?? [type, format].filter(Boolean).join(', ');
    const isRequired = required.includes(key);
    return [{ name, type: kind, isRequired, description }, ...membersOf(schema, name)];
  });
}
