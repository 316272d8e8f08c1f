import { AUDIENCE, openIssuer } from '../../dev/local-issuer.ts';
import { npmScript } from '../../dev/npm-script.ts';
import { fillOrders, measureRequests, startApi } from '../support/api-rig.ts';
import type { Figure } from '../support/figure.ts';
import { startWorker } from '../support/processes.ts';
import { openServer } from '../support/server.ts';

const ORDERS = 1_000;
const CALLERS = 1_000;

export const apiAuth: Figure = {
  name: 'api.auth',
  what: 'GET /api/orders/{id} over 32 connections with the tokens of 1,000 callers, beside the same without tokens',
  size: 30_000, // short turns, as of api.create
  pairs: 12,
  async open(size) {
    const server = await openServer();
    const issuer = await openIssuer();
    const load = startWorker('load', 'bench/programs/http-load.ts');
    const open = await startApi('open', npmScript('api'), server);
    const oidc = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE };
    const auth = await startApi('auth', npmScript('api'), server, oidc);
    const paths = await fillOrders(server, load, open, ORDERS);
    const gets = { method: 'GET', paths, status: 200, count: size } as const;
    const claims = { scope: 'orders:read', customer_id: 'cust-123' };
    const authorizations = await Promise.all(
      Array.from(
        { length: CALLERS },
        async (_, n) => `Bearer ${await issuer.sign({ ...claims, sub: `user-${n}` })}`,
      ),
    );
    return {
      sides: [
        { name: 'auth', measure: () => measureRequests(server, load, auth, { ...gets, authorizations }) },
        { name: 'open', measure: () => measureRequests(server, load, open, gets) },
      ],
      comparisons: [
        { name: 'without tokens', value: 'rate', ours: 'auth', beside: 'open', atLeast: 0.9, aim: 0.95 },
      ],
      version: server.version,
      async close() {
        for (const process of [open.service, auth.service, load]) await process.stop();
        await issuer.close();
        await server.close();
      },
    };
  },
};
