import type { OutboxStatus } from '../outbox-status.ts';

const STATES: Readonly<Record<OutboxStatus['state'], string>> = {
  streaming: 'streaming: a relay has the slot',
  'no-relay': 'no relay streams: start one, or see its log',
  'no-slot': 'no slot: a relay makes it when it starts and the broker can be reached',
  'slot-lost': 'the slot is lost: a relay makes another one and settles the table',
  'set-back': 'set back: the relay sends nothing until a person has looked. Then: npm run outbox -- confirm',
};

/** The status in ten lines for people; ages are as of `now`. */
export function statusText(status: OutboxStatus, now: Date): string {
  const { oldestUnsettled, oldestParkedAt } = status;
  const since = (time: string) => `${duration(now.getTime() - Date.parse(time))} old`;
  const lines: [string, string][] = [
    ['state', STATES[status.state]],
    [
      'slot',
      status.walStatus === null
        ? `${status.slot}: not there`
        : `${status.slot}: its WAL is ${status.walStatus}`,
    ],
    ['lag', bytes(status.slotLagBytes)],
    ['WAL kept', `${bytes(status.retainedBytes)}${status.walWarning ? `. ${status.walWarning}` : ''}`],
    ['settled to', `${status.settledLsn ?? 'nothing yet'}, epoch ${status.epoch ?? 'none'}`],
    [
      'unsettled',
      oldestUnsettled
        ? `${status.unsettled}, the oldest ${oldestUnsettled.messageId}, ${since(oldestUnsettled.createdAt)}`
        : '0',
    ],
    [
      'parked',
      oldestParkedAt
        ? `${status.parked}, the first ${duration(now.getTime() - Date.parse(oldestParkedAt))} ago${byEntity(status)}`
        : '0',
    ],
    ['waiting', `${status.waiting}, behind a parked message or to be sent again`],
    ['database', status.setBack ?? 'not set back, as far as it shows'],
    ['next', nextStep(status)],
  ];
  return lines.map(([name, text]) => `${name.padEnd(10)}  ${text}`).join('\n');
}

function byEntity({ parkedByEntity }: OutboxStatus): string {
  const each = Object.entries(parkedByEntity).map(([entity, count]) => `${count} for ${entity}`);
  return each.length < 2 ? '' : `: ${each.join(', ')}`;
}

function nextStep({ state, parked }: OutboxStatus): string {
  if (state === 'set-back') return 'docs/runbook.md, "A database that was set back"';
  if (parked > 0) return 'npm run outbox -- list, then retry or drop: docs/runbook.md, "A message is parked"';
  return state === 'streaming' ? 'nothing' : 'docs/runbook.md, "The relay waits"';
}

function bytes(count: number | null): string {
  if (count === null) return '-';
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${power === 0 ? count : (count / 1_000 ** power).toFixed(1)} ${units[power]}`;
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
