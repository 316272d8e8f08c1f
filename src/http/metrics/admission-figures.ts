import { Counter, Gauge, type Registry } from 'prom-client';

/** What bounds the requests, and what it has refused. */
export interface AdmissionFigures {
  /** Requests that are worked on. */
  readonly inFlight: { readonly count: number; readonly max: number };
  /** Requests that wait for a database connection. */
  readonly connections: { readonly waiting: number };
  readonly refusals: { readonly counts: Readonly<Record<string, number>> };
}

/** How much of what may be worked on is in use, who waits, and what was refused because of overload, by reason. */
export function admissionFigures(
  { inFlight, connections, refusals }: AdmissionFigures,
  registers: Registry[],
): void {
  gauge('order_service_worked_on_requests', 'Requests under /api that are worked on.', () => inFlight.count);
  gauge('order_service_worked_on_requests_max', 'How many may be.', () => inFlight.max);
  gauge(
    'order_service_connection_waits',
    'Requests that wait for their share of the database connections.',
    () => connections.waiting,
  );
  new Counter({
    name: 'order_service_refused_requests_total',
    help: 'Requests that were refused because of overload, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(refusals.counts)) this.inc({ reason }, count);
    },
  });

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}
