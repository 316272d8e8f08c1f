import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { CERTIFICATES } from '../../support/certificates/files.ts';
import { cleanup } from '../../support/cleanup.ts';
import { openEdge } from '../../support/edge-app.ts';
import { until } from '../../support/until.ts';

test('the api speaks TLS; a new pair is served without a restart, and a broken one leaves the old one in place', async (t) => {
  const key = readFileSync(CERTIFICATES.key, 'utf8');
  const first = { certificate: readFileSync(CERTIFICATES.server, 'utf8'), key };
  const second = { certificate: readFileSync(CERTIFICATES.elsewhere, 'utf8'), key };
  const secret = mountSecret(t, first);
  const { certFile, keyFile } = secret;
  const lines: string[] = [];
  const app = await openEdge(t, { tls: { certFile, keyFile } }, lines);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const open = await handshake(port);
  t.after(() => open.socket.destroy());

  assert.equal(open.served, fingerprintOf(first));
  assert.equal(open.socket.alpnProtocol, 'http/1.1');
  open.socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match(await text(open.socket), /^HTTP\/1\.1 200 /);

  secret.swap(second);
  await until('the new certificate is served', async () => (await servedBy(port)) === fingerprintOf(second));
  assert.ok(lines.some((line) => line.includes('The TLS certificate was replaced')));

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  secret.swap({ ...first, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  await until('it is warned of', () =>
    lines.some((line) => line.includes('"warn"') && line.includes('the one before stays')),
  );
  assert.equal(await servedBy(port), fingerprintOf(second));
});

/** In PEM. */
interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A folder as Kubernetes mounts a secret: the files are symlinks through `..data`, which is renamed over. */
function mountSecret(t: TestContext, initial: Certificate) {
  const folder = mkdtempSync(join(tmpdir(), 'order-service-secret-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  let versions = 0;
  const write = ({ certificate, key }: Certificate) => {
    const version = `..v${versions++}`;
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'tls.crt'), certificate);
    writeFileSync(join(folder, version, 'tls.key'), key);
    symlinkSync(version, join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
  };
  write(initial);
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name));
  return {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    swap: write,
  };
}

async function handshake(port: number) {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { socket, served: socket.getPeerX509Certificate()?.fingerprint256 };
}

async function servedBy(port: number): Promise<string | undefined> {
  const { socket, served } = await handshake(port);
  socket.destroy();
  return served;
}

const fingerprintOf = ({ certificate }: Certificate) => new X509Certificate(certificate).fingerprint256;
