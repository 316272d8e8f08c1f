import type { Ports } from './stack.ts';

/** Where `npm run dev` and `npm run demo` are, and what the documents name; others where one of them is taken. */
export const USUAL_PORTS: Ports = {
  api: 5000,
  relay: 5001,
  inbox: 5002,
  bus: 5672,
  faults: 5300,
  issuer: 5400,
  postgres: 5432,
};
