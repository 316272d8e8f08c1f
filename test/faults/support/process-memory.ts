import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ManagedProcess } from '../../../dev/managed-process.ts';
import { until } from '../../support/until.ts';

/** Lets a process be asked for its memory. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** The bytes that a process started with INSPECTABLE still needs after a full garbage collection: its heap and its buffers. */
export async function neededBytes({ lines }: Pick<ManagedProcess, 'lines'>): Promise<number> {
  const address = await until('the process can be asked', () =>
    lines.map((line) => /^Debugger listening on (ws:\S+)/.exec(line)?.[1]).find(Boolean),
  );
  const socket = new WebSocket(address);
  try {
    await once(socket, 'open');
    // Twice: what the first one finds to be finalised is let go of by the second.
    for (let n = 1; n <= 2; n++) await ask(socket, 'HeapProfiler.collectGarbage');
    const expression = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';
    const { result } = await ask(socket, 'Runtime.evaluate', { expression });
    return (result as { value: number }).value;
  } finally {
    socket.close();
  }
}

/** The most memory that a process has had resident since it started, in MiB. Linux tells; elsewhere it is undefined. */
export function peakResidentMiB(pid: number): number | undefined {
  return statusMiB(pid, 'VmHWM');
}

/** What it has now. */
export function residentMiB(pid: number): number | undefined {
  return statusMiB(pid, 'VmRSS');
}

function statusMiB(pid: number, line: 'VmHWM' | 'VmRSS'): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}

let lastId = 0;

async function ask(socket: WebSocket, method: string, params: object = {}): Promise<Record<string, unknown>> {
  const id = ++lastId;
  socket.send(JSON.stringify({ id, method, params }));
  for (;;) {
    const [event] = (await once(socket, 'message')) as [{ data: string }];
    const answer = JSON.parse(event.data) as { id?: number; result?: Record<string, unknown> };
    if (answer.id === id && answer.result) return answer.result;
  }
}
