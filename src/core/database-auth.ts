import { Type } from '@sinclair/typebox';
import type pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { azureCredential } from './azure-credential.ts';
import { AppError } from './errors.ts';
import { asPgReadsIt, postgresUrlFault } from './postgres-url.ts';
import { type Token, TokenCache } from './token-cache.ts';

/** How connections sign in to PostgreSQL: by the password of the URL, or as the role of this process's identity of Entra ID. */
const DATABASE_AUTHS = ['password', 'entra'] as const;
type DatabaseAuth = (typeof DATABASE_AUTHS)[number];

export const databaseAuth = Type.Unsafe<DatabaseAuth>({
  type: 'string',
  enum: DATABASE_AUTHS,
  default: 'password',
  description: `one of ${DATABASE_AUTHS.join(', ')}`,
  check: authFault,
});

/** The URL with the way to sign in, for `connectionConfig`: whoever has the URL can connect. */
export function signInUrl(url: string, auth: DatabaseAuth): string {
  return auth === 'password' ? url : `${url}${url.includes('?') ? '&' : '?'}${ENTRA}`;
}

const ENTRA = 'auth=entra';

/** What pg needs to connect by this URL. A token that does not come within `withinMs` fails the connection: DATABASE_UNAVAILABLE. */
export function connectionConfig(url: string, withinMs: number): pg.ClientConfig {
  const { auth, ...config } = parseIntoClientConfig(asPgReadsIt(url)) as pg.ClientConfig & { auth?: string };
  // pg asks for it when the server does, for each connection.
  return auth === 'entra' ? { ...config, password: () => entraToken(withinMs) } : config;
}

/** For what connects once and tries nothing again: the token, if one is needed, is there before the connection. Throws DATABASE_UNAVAILABLE. */
export async function awaitSignIn(url: string): Promise<void> {
  if (url.endsWith(ENTRA)) await entraToken(FIRST_TOKEN_WITHIN_MS);
}

const FIRST_TOKEN_WITHIN_MS = 30_000;

/** https://learn.microsoft.com/azure/postgresql/flexible-server/security-entra-configure */
const SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';

const tokens = new TokenCache({ ask: askForToken });

async function askForToken(): Promise<Token> {
  const token = await (await azureCredential()).getToken(SCOPE);
  if (!token) throw new Error('the credential has none');
  return token;
}

async function entraToken(withinMs: number): Promise<string> {
  try {
    return await tokens.get(withinMs);
  } catch (cause) {
    throw new AppError(
      'DATABASE_UNAVAILABLE',
      `No token of Entra ID for PostgreSQL (DATABASE_AUTH=entra): ${inOneLine(cause as Error)} ` +
        'Give this process an identity, and its client id in AZURE_CLIENT_ID if it is user-assigned: docs/azure.md',
      { cause },
    );
  }
}

/** A chain of credentials tells in a line each why it has none. */
function inOneLine({ message }: Error): string {
  return message.replaceAll(/\s*\n\s*/g, ' ').slice(0, 1_000);
}

/** What keeps a token from being sent, or from being safe. */
function authFault(auth: string, config: Readonly<Record<string, unknown>>): string | undefined {
  if (auth !== 'entra') return undefined;
  return (
    ['DATABASE_URL', 'RELAY_DATABASE_URL']
      .flatMap((name) => {
        const url = config[name];
        const fault = typeof url === 'string' && !postgresUrlFault(url) ? entraFault(url) : undefined;
        return fault ? [`${name} ${fault}`] : [];
      })
      .join('; ') || undefined
  );
}

function entraFault(url: string): string | undefined {
  const { user, password, host = '', ssl } = parseIntoClientConfig(asPgReadsIt(url));
  if (!user) return 'needs the name of the role: postgres://ROLE@host/database';
  if (password) return 'has a password, which entra does not take: leave it out';
  const isVerified = ssl === true || (typeof ssl === 'object' && ssl.rejectUnauthorized !== false);
  return isVerified || HERE.test(host)
    ? undefined
    : 'needs ?sslmode=verify-full: whoever gets the token is this process to the database';
}

const HERE = /^(localhost|127\..*|::1|\/.*)$/;
