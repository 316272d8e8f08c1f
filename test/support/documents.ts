import { globSync, readFileSync } from 'node:fs';
import GithubSlugger from 'github-slugger';
import { lexer, type Token, type Tokens, walkTokens } from 'marked';

/** A Markdown file of the repository, as far as tests hold it to what there is. */
export interface Document {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** Titles by the anchor that GitHub gives them. */
  readonly headings: ReadonlyMap<string, string>;
  readonly links: readonly string[];
  readonly blocks: readonly CodeBlock[];
  /** What stands in backticks. */
  readonly code: readonly string[];
}

export interface CodeBlock {
  /** bash, sql, ... and, where it has one, its name behind it. */
  readonly language: string;
  readonly text: string;
}

export const documents: readonly Document[] = globSync('**/*.md', { exclude: ['node_modules/**'] })
  .sort()
  .map(readDocument);

/** The document at this path; fails if there is none. */
export function document(path: string): Document {
  const found = documents.find((each) => each.path === path);
  if (!found) throw new Error(`There is no document ${path}`);
  return found;
}

/** The SQL that a document names so; fails if none does. */
export function sqlBlock(name: string): string {
  const block = documents.flatMap(({ blocks }) => blocks).find(({ language }) => language === `sql ${name}`);
  if (!block) throw new Error(`No document has the block sql ${name}`);
  return block.text;
}

function readDocument(path: string): Document {
  const text = readFileSync(path, 'utf8');
  const tokens: Token[] = [];
  void walkTokens(lexer(text), (token) => {
    tokens.push(token as Token);
  });
  const all = <T extends Tokens.Generic>(type: T['type']) =>
    tokens.filter((token) => token.type === type) as T[];
  const slugger = new GithubSlugger();
  return {
    path,
    text,
    headings: new Map(all<Tokens.Heading>('heading').map(({ text: title }) => [slugger.slug(title), title])),
    links: all<Tokens.Link>('link').map(({ href }) => href),
    blocks: all<Tokens.Code>('code').map(({ lang, text: code }) => ({ language: lang ?? '', text: code })),
    code: all<Tokens.Codespan>('codespan').map(({ text: code }) => code),
  };
}
