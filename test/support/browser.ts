import type { BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../../dev/browser.ts';
import { cleanup, type Scope } from './cleanup.ts';

/** Ends a test that would wait for ever. */
const PATIENCE_MS = 120_000;

/** A page in a real Chromium of the test's own. An error that its code throws, or the browser tells of, fails the test at its end. */
export async function openPage(t: Scope, options: BrowserContextOptions = {}): Promise<Page> {
  const browser = await openBrowser();
  const page = await browser.newPage({ locale: 'en-US', ...options });
  page.setDefaultTimeout(PATIENCE_MS);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('console', (message) => {
    // That a request was refused, or not answered, is what some tests are about.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  cleanup(t, async () => {
    await browser.close();
    if (errors.length > 0) throw new Error(`The page told of errors:\n${errors.join('\n')}`);
  });
  return page;
}
