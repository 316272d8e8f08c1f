import { collectDefaultMetrics, Registry } from 'prom-client';

/** Node's figures and the process's own. One for the process, since each would watch its event loop anew. */
export const processFigures = new Registry();
collectDefaultMetrics({ register: processFigures });
