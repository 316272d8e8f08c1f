import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { cleanup } from './cleanup.ts';

export interface TokenServer {
  /** What makes a process on App Service or Container Apps find its managed identity, at this server. */
  readonly env: Readonly<Record<string, string>>;
  /** How often it was asked. */
  readonly asked: number;
  /** What it answers from now on; undefined: that it has no identity. */
  answer: { readonly token: string; readonly livesForSeconds: number } | undefined;
}

/** The endpoint of a managed identity. https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
export async function openTokenServer(t: TestContext): Promise<TokenServer> {
  const secret = 'the header that proves who asks';
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    const { answer } = tokens;
    const resource = new URL(request.url ?? '', 'http://localhost').searchParams.get('resource');
    const isRight =
      request.headers['x-identity-header'] === secret &&
      resource === 'https://ossrdbms-aad.database.windows.net';
    response.setHeader('content-type', 'application/json');
    if (!answer || !isRight) {
      response.statusCode = 400;
      response.end(
        JSON.stringify({ statusCode: 400, message: 'No User Assigned or Delegated Identity found' }),
      );
      return;
    }
    const expiresOn = Math.floor(Date.now() / 1_000) + answer.livesForSeconds;
    response.end(
      JSON.stringify({
        access_token: answer.token,
        expires_on: String(expiresOn),
        resource,
        token_type: 'Bearer',
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanup(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const tokens: TokenServer = {
    env: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
      IDENTITY_HEADER: secret,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    },
    get asked() {
      return asked;
    },
    answer: undefined,
  };
  return tokens;
}
