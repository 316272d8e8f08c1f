/** A request that is to have its effect once, however often it is sent. */
export interface KeyedRequest {
  /** Whose key it is. */
  readonly scope: string;
  readonly route: string;
  readonly key: string;
  /** The same for two requests that ask for the same. */
  readonly fingerprint: string;
}

/** An answer as it is sent and kept: the headers it has of its own, and the text of its body. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
