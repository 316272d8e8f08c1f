import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

const HOME = fileURLToPath(new URL('../node_modules/.cache/chromium', import.meta.url));
/** What lambdas need, and a browser that is to be as people have it must not have. */
const NOT_WANTED = new Set([
  '--single-process',
  '--disable-web-security',
  '--allow-running-insecure-content',
]);
const FONTS = join(HOME, 'fonts.conf');
/** The package's own looks for its fonts in /tmp alone, and a browser without a font ends. */
const FONTS_CONFIG = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${HOME}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${HOME}/fonts-cache</cachedir>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;
const START_WITHIN_MS = 120_000;

/** Why no browser can be started here; undefined if one can. */
export const noBrowser =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : 'the Chromium of @sparticuz/chromium is for Linux on x64 alone';

/** A real Chromium. The caller closes it. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = await unpacked();
  return playwright.launch({
    executablePath,
    args: chromium.args.filter((arg) => !NOT_WANTED.has(arg)),
    env: { ...process.env, FONTCONFIG_FILE: FONTS },
    timeout: START_WITHIN_MS,
  });
}

/** The package unpacks it into the folder of temporary files, which takes seconds: here once, and whole or not at all. */
async function unpacked(): Promise<string> {
  const path = join(HOME, 'chromium');
  if (existsSync(path)) return path;
  mkdirSync(join(HOME, '..'), { recursive: true });
  const partial = mkdtempSync(`${HOME}-partial-`);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = partial;
  try {
    await chromium.executablePath();
    writeFileSync(join(partial, 'fonts.conf'), FONTS_CONFIG);
    renameSync(partial, HOME);
  } catch (error) {
    // Somebody else was faster.
    if (!existsSync(path)) throw error;
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(partial, { recursive: true, force: true });
  }
  return path;
}
