import { createHmac } from 'node:crypto';

export interface TokenFields {
  /** What the token is for, such as `sb://localhost:5672/orders`. */
  readonly resource: string;
  /** Default: RootManageSharedAccessKey with the key of the official emulator. */
  readonly policy?: { readonly name: string; readonly key: string };
  /** Epoch milliseconds; a token has whole seconds. Default: in an hour. */
  readonly expiresAt?: number;
}

/** A shared access signature as a client makes it. */
export function sasToken({ resource, policy, expiresAt }: TokenFields): string {
  const { name, key } = policy ?? { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' };
  const expiry = Math.floor((expiresAt ?? Date.now() + 3_600_000) / 1_000);
  const encoded = encodeURIComponent(resource);
  const signature = createHmac('sha256', key).update(`${encoded}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${encoded}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${name}`;
}
