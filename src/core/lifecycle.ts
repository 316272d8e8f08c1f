import { existsSync } from 'node:fs';
import type { Static, TObject } from '@sinclair/typebox';
import closeWithGrace from 'close-with-grace';
import { loadConfig } from './config.ts';
import { AppError } from './errors.ts';
import { createLogger, type Logger } from './log.ts';

const EXIT_FAILED = 1;
const EXIT_CONFIGURATION = 78;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const STOP_WITHIN_MS = 25_000;
/**
 * A terminal and systemd signal the whole process group. When npm is in it, it passes the signal on to us, who have it already:
 * both within this time are one.
 */
const PASSED_ON_WITHIN_MS = 1_000;

export interface ProcessScope<C> {
  readonly config: Readonly<C>;
  readonly log: Logger;
  /** Aborted when the process is asked to stop, also while it is still starting. */
  readonly stopping: AbortSignal;
  /** Registers what closes a thing that was just opened. Closed in reverse order, each step named and timed. */
  readonly onClose: (name: string, close: () => Promise<unknown>) => void;
  /** Ends the process with exit code 1, everything closed first. */
  readonly fail: (error: unknown) => void;
}

const exitSteps: ClosingStep[] = [];

/** Registers, before the process runs, what closes after everything that the process itself opened: the tracing. */
export function onExit(name: string, close: () => Promise<unknown>): void {
  exitSteps.push({ name, close });
}

/**
 * Runs one process from configuration to exit: 0 when asked to stop, 1 when it failed, 78 for a bad configuration.
 * SIGTERM and SIGINT stop it gracefully, within 25 s after its drain delay, if it has one; a second signal stops it at once.
 */
export async function runProcess<S extends TObject>(
  schema: S & { static: { LOG_LEVEL: string; SERVICE_NAME: string; DRAIN_DELAY_SECONDS?: number } },
  env: NodeJS.ProcessEnv,
  start: (scope: ProcessScope<Static<S>>) => Promise<void>,
): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = configOrExit(schema, env);
  const log = createLogger({ level: config.LOG_LEVEL, service: config.SERVICE_NAME });
  const closers: ClosingStep[] = [...exitSteps];
  const stop = new AbortController();
  let failure: Error | undefined;
  let asked: { by: string; at: number } | undefined;
  let started = Promise.resolve();
  const countsOnceForMs = isRunByNpm(env) ? PASSED_ON_WITHIN_MS : 0;

  const delay = STOP_WITHIN_MS + 1_000 * (config.DRAIN_DELAY_SECONDS ?? 0);
  const options = { delay, logger: false as const, skip: [...STOP_SIGNALS] };
  const grace = closeWithGrace(options, async ({ signal = asked?.by, err }) => {
    failure ??= err;
    stop.abort();
    if (failure) log.fatal({ err: failure }, 'Stopping because of a failure');
    else log.info({ signal }, 'Stopping because it was asked to');
    // A stop during the start waits for the start to give way, so that nothing is opened behind its back.
    await started;
    for (let step = closers.pop(); step; step = closers.pop()) await closeStep(step, log);
    log.info('Stopped');
    if (failure) throw failure; // makes the exit code 1
  });
  const onStopSignal = (signal: string) => {
    if (!stop.signal.aborted) {
      asked = { by: signal, at: performance.now() };
      grace.close();
    } else if (!asked || performance.now() - asked.at >= countsOnceForMs) process.exit(EXIT_FAILED);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onStopSignal);
  const fail = (error: unknown) => {
    if (stop.signal.aborted) return log.error({ err: error }, 'Failed while stopping');
    failure = error instanceof Error ? error : new Error(String(error));
    grace.close();
  };

  const onClose = (name: string, close: () => Promise<unknown>) => {
    closers.push({ name, close });
  };
  started = start({ config, log, stopping: stop.signal, onClose, fail }).catch(fail);
  await started;
}

interface ClosingStep {
  readonly name: string;
  readonly close: () => Promise<unknown>;
}

/** Whether npm itself is the parent: its script replaces the shell by us. */
function isRunByNpm(env: NodeJS.ProcessEnv): boolean {
  return env['npm_lifecycle_script']?.startsWith('exec ') ?? false;
}

function configOrExit<S extends TObject>(schema: S, env: NodeJS.ProcessEnv): Readonly<Static<S>> {
  try {
    return loadConfig(schema, env);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}

async function closeStep(step: ClosingStep, log: Logger): Promise<void> {
  const started = performance.now();
  try {
    await step.close();
    log.debug({ step: step.name, ms: Math.round(performance.now() - started) }, 'Closed');
  } catch (err) {
    log.error({ err, step: step.name }, 'Could not close; going on with the next step');
  }
}
