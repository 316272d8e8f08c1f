import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cleanup } from './cleanup.ts';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Files of a self-signed certificate for this machine; undefined where there is no openssl to make one. */
export function makeCertificate(t: TestContext): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'order-service-tls-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  const files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') };
  const subject = '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2';
  const request = `req -x509 -newkey rsa:2048 -nodes -days 2 ${subject}`.split(' ');
  const { status } = spawnSync('openssl', [...request, '-out', files.certificate, '-keyout', files.key]);
  if (status === 0) return files;
  t.skip('making a certificate needs openssl');
  return undefined;
}
