import { commandLine } from '../command-line.ts';
import { CURRENT, RELEASED, servedContracts, writeContracts } from './contracts.ts';

// Writes the documents that others build on: docs/events.md.

const USAGE = `Contracts: npm run contracts -- [--release]
Writes what the api serves as /openapi.json and /asyncapi.json to ${CURRENT}.

  --release   to ${RELEASED} too: later changes are compared with it
`;

const { values } = commandLine(USAGE, { options: { release: { type: 'boolean', default: false } } });
const contracts = await servedContracts();
for (const folder of values.release ? [CURRENT, RELEASED] : [CURRENT])
  await writeContracts(folder, contracts);
