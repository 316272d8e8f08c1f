import { resolve } from 'node:path';

const file = (name: string) => resolve(import.meta.dirname, name);

/** Paths of what README.md lists. */
export const CERTIFICATES = {
  ca: file('ca.crt'),
  otherCa: file('other-ca.crt'),
  server: file('server.crt'),
  elsewhere: file('elsewhere.crt'),
  key: file('server.key'),
} as const;
