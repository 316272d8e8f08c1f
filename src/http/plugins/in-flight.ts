import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Refusals } from '../../admission/refusals.ts';

declare module 'fastify' {
  interface FastifyRequest {
    isInFlight: boolean;
  }
}

/** How many requests are worked on. */
export class InFlight {
  readonly max: number;
  count = 0;

  constructor(max: number) {
    this.max = max;
  }
}

export interface InFlightDeps {
  readonly inFlight: InFlight;
  readonly refusals: Refusals;
}

/**
 * Refuses with OVERLOADED what comes while `max` requests are worked on: before its body is read, if that is so by then. A request
 * counts from the moment its body is there until its answer is made: a client that is slow to send or to read takes no place.
 */
export const boundInFlight = fp(async (app: FastifyInstance, { inFlight, refusals }: InFlightDeps) => {
  const refusal = () => (inFlight.count < inFlight.max ? undefined : refusals.refuse('in-flight'));
  app.decorateRequest('isInFlight', false);
  app.addHook('onRequest', (_request, _reply, done) => done(refusal()));
  app.addHook('preValidation', (request, _reply, done) => {
    const refused = refusal();
    if (!refused) {
      inFlight.count++;
      request.isInFlight = true;
    }
    done(refused);
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (request.isInFlight) inFlight.count--;
    request.isInFlight = false;
    done(null, payload);
  });
});
