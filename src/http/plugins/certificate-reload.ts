import { X509Certificate } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Server } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { type KeyPairFiles, readKeyPair } from '../key-pair.ts';

// The two files are seldom written at once.
const SETTLED_AFTER_MS = 100;

/** Takes a new certificate and key as soon as both are there. What cannot be used is warned of, and the pair before stays. */
export const certificateReload = fp(async (app: FastifyInstance, files: KeyPairFiles) => {
  const server = app.server as unknown as Server;
  let serving = readKeyPair(files);
  const reload = () => {
    try {
      const pair = readKeyPair(files);
      if (pair.cert.equals(serving.cert) && pair.key.equals(serving.key)) return;
      server.setSecureContext(pair);
      serving = pair;
      const { validTo } = new X509Certificate(pair.cert);
      app.log.info({ validTo }, 'The TLS certificate was replaced; new connections get the new one');
    } catch (err) {
      app.log.warn({ err }, 'The new TLS certificate cannot be used; the one before stays');
    }
  };

  let waiting: NodeJS.Timeout | undefined;
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(reload, SETTLED_AFTER_MS).unref();
  };
  // The folders: a mounted secret is replaced by a symlink in its folder that is renamed, and the files are never written.
  const folders = new Set([dirname(files.certFile), dirname(files.keyFile)]);
  const watchers = [...folders].map((folder): FSWatcher => watch(folder, { persistent: false }, later));
  for (const watcher of watchers) {
    watcher.on('error', (err) =>
      app.log.warn({ err }, 'The folder of the TLS certificate cannot be watched; restart to load a new one'),
    );
  }
  app.addHook('onClose', async () => {
    clearTimeout(waiting);
    for (const watcher of watchers) watcher.close();
  });
});
