import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { Claims } from './claims.ts';
import type { AdjustableLimits } from './limits.ts';
import type { Right } from './shared-access-policy.ts';

/** A link that is detached when nothing happens on it for long, or when the token that it was made with expires. */
export interface WatchedLink {
  readonly path: string;
  /** What its token must allow. */
  readonly right: Right;
  /** What the service calls the timer of such links. */
  readonly idleTimer: string;
  /** Epoch milliseconds. */
  readonly lastUsedAt: number;
  detach(error: AmqpError): void;
}

// What setTimeout can take; a longer wait is done in pieces.
const longestTimeoutMs = 2 ** 31 - 1;

/** Ends by itself what the service would end: idle links, links whose token has expired, connections that do nothing. */
export class ConnectionWatch {
  readonly #limits: AdjustableLimits;
  readonly #claims: Claims;
  readonly #addressOf: (path: string) => string;
  readonly #now: () => number;
  readonly #closeConnection: (error: AmqpError) => void;
  readonly #links = new Set<WatchedLink>();
  readonly #openedAt: number;
  #hadToken = false;
  #hadLink = false;
  #linklessSince: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    limits: AdjustableLimits,
    claims: Claims,
    addressOf: (path: string) => string,
    now: () => number,
    closeConnection: (error: AmqpError) => void,
  ) {
    this.#limits = limits;
    this.#claims = claims;
    this.#addressOf = addressOf;
    this.#now = now;
    this.#closeConnection = closeConnection;
    this.#openedAt = now();
    this.#linklessSince = this.#openedAt;
    this.#setTimer();
  }

  add(link: WatchedLink): void {
    this.#hadLink = true;
    this.#links.add(link);
    this.#setTimer();
  }

  remove(link: WatchedLink): void {
    if (!this.#links.delete(link) || this.#links.size > 0) return;
    this.#linklessSince = this.#now();
    this.#setTimer();
  }

  /** A token was put: deadlines may have moved, either way. */
  tokenPut(): void {
    this.#hadToken = true;
    this.#setTimer();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#links.clear();
  }

  /** Uses move a link's deadline without a word to the timer: it comes too early and is set anew. */
  #setTimer(): void {
    clearTimeout(this.#timer);
    const deadlines = [...this.#links].map((link) => Math.min(this.#idleAt(link), this.#expiredAt(link)));
    const waitMs = Math.min(this.#connectionDeadline().at, ...deadlines) - this.#now();
    this.#timer = setTimeout(() => this.#check(), Math.min(Math.max(waitMs, 1), longestTimeoutMs)).unref();
  }

  #check(): void {
    const now = this.#now();
    const connection = this.#connectionDeadline();
    if (connection.at <= now) {
      this.#closeConnection(refusal.inactiveConnection(connection.allowedMs));
      return;
    }
    for (const link of this.#links) {
      if (this.#expiredAt(link) <= now) {
        this.#end(link, refusal.tokenExpired(link.right, this.#addressOf(link.path)));
      } else if (this.#idleAt(link) <= now) {
        this.#end(link, refusal.idleLink(link.idleTimer, this.#limits.idleLinkMs));
      }
    }
    this.#setTimer();
  }

  #end(link: WatchedLink, error: AmqpError): void {
    this.remove(link);
    link.detach(error);
  }

  #connectionDeadline(): { readonly at: number; readonly allowedMs: number } {
    const { tokenWithinMs, unusedConnectionMs, linklessConnectionMs } = this.#limits;
    const withoutLinkMs = this.#hadLink ? linklessConnectionMs : unusedConnectionMs;
    const linkless = {
      at: this.#links.size > 0 ? Number.POSITIVE_INFINITY : this.#linklessSince + withoutLinkMs,
      allowedMs: withoutLinkMs,
    };
    const tokenless = { at: this.#openedAt + tokenWithinMs, allowedMs: tokenWithinMs };
    return this.#hadToken || linkless.at < tokenless.at ? linkless : tokenless;
  }

  #idleAt(link: WatchedLink): number {
    return link.lastUsedAt + this.#limits.idleLinkMs;
  }

  #expiredAt(link: WatchedLink): number {
    return this.#claims.expiresAt(link.path, link.right) ?? Number.POSITIVE_INFINITY;
  }
}
