/** Where messages of a type go: of all types that begin with what stands before a `*` at the end, or of one. */
export interface Route {
  readonly type: string;
  readonly destination: string;
}

/** What a destination is told by; without one of its own: by the type. */
interface Routed {
  readonly messageType: string;
  readonly destination: string | null | undefined;
}

/** Which destination each message has: that of its row, or of the first route that fits its type, or the usual one. Pure. */
export class Routing {
  /** Each once; the usual one first. A row may name others. */
  readonly destinations: readonly string[];
  readonly #usual: string;
  readonly #routes: readonly Route[];

  constructor(usual: string, routes: readonly Route[] = []) {
    this.#usual = usual;
    this.#routes = routes;
    this.destinations = [...new Set([usual, ...routes.map(({ destination }) => destination)])];
  }

  destinationOf({ messageType, destination }: Routed): string {
    if (destination != null) return destination;
    for (const route of this.#routes) if (fits(route.type, messageType)) return route.destination;
    return this.#usual;
  }
}

/** The same with the destination that it has by its own or by its type, for people. */
export function withDestination<M extends Routed>(message: M, routing: Routing): M & { destination: string } {
  return { ...message, destination: routing.destinationOf(message) };
}

function fits(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
