import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';

/** Keeps an existing folder for this process until it ends, however it ends. Throws when another process has it. */
export async function lockFolder(folder: string): Promise<void> {
  // A socket and not a file with a number: nobody answers on what a killed process has left, and numbers are used again.
  const path = socketPath(folder);
  const owner = await answerFrom(path);
  if (owner !== undefined) {
    throw new Error(`npm run dev is running already, as process ${owner}, on ${folder}: stop that one first`);
  }
  rmSync(path, { force: true });
  const server = createServer((socket) => socket.end(String(process.pid)));
  server.listen(path);
  await once(server, 'listening');
  server.unref();
}

function socketPath(folder: string): string {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\order-service-${createHash('sha256').update(folder).digest('hex')}`;
  }
  // Relative: a socket's path may have no more than about a hundred characters.
  return relative(process.cwd(), join(folder, 'lock')) || '.';
}

async function answerFrom(path: string): Promise<string | undefined> {
  try {
    return await text(connect(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw error;
  }
}
