import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConsoleFiles } from '../../../relay/console/console-files.ts';

// A module of the page, which has no types.
const page = new URL('../../../relay/console/page/', import.meta.url).href;
const { indented } = (await import(`${page}format.js`)) as { indented: (json: string) => string };

const LIMIT_BYTES = 150 * 1024;

test('all that a browser loads is less than 150 KB', () => {
  const files = readConsoleFiles();
  const bytes = [...files.values()].reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);

  assert.ok(files.has('index.html') && files.has('uPlot.iife.min.js') && files.size > 15);
  assert.ok(bytes < LIMIT_BYTES, `${bytes} bytes`);
});

test('the page loads nothing from elsewhere, and has no script, style or handler in itself', () => {
  const html = readConsoleFiles().get('index.html')?.text ?? '';

  assert.doesNotMatch(html, /https?:|\bstyle=|\son\w+=|<style|javascript:/);
  assert.ok(
    [...html.matchAll(/<script\b([^>]*)>/g)].every(([, attributes = '']) =>
      attributes.includes('src="/console/'),
    ),
  );
  for (const [name, { text }] of readConsoleFiles()) {
    if (name.startsWith('uPlot')) continue;
    assert.doesNotMatch(
      text.replaceAll('http://www.w3.org/2000/svg', ''),
      /https?:\/\/|innerHTML|\beval\(/,
      name,
    );
  }
});

test('a body is laid out without a change of what is in it', () => {
  const body =
    '{"a": 12345678901234567890.10, "text": "a {\\"b\\": [1, 2]}", "list": [1, {"c": null}], "empty": {}, "none": []}';

  assert.equal(indented(body).replaceAll(/\s/g, ''), body.replaceAll(/\s/g, ''));
  assert.equal(indented('{"a": 1, "b": [2, 3]}'), '{\n  "a": 1,\n  "b": [\n    2,\n    3\n  ]\n}');
});
