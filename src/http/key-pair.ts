import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** The paths of a certificate, with its chain, and of its private key; both PEM. */
export interface KeyPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws if a file cannot be read, is no PEM, or the two do not belong together. */
export function readKeyPair({ certFile, keyFile }: KeyPairFiles): KeyPair {
  const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  createSecureContext(pair);
  return pair;
}
