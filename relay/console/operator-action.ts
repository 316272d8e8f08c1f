import { type Static, Type } from '@sinclair/typebox';
import { isAdminError } from '../admin/admin-error.ts';
import { parseCommand } from '../admin/cli/arguments.ts';
import { type Answer, type CommandDeps, runCommand, type ToCarryOut } from '../admin/cli/run-command.ts';

const AT_ONCE = 200;
const by = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' });
const messageIds = Type.Array(Type.String(), { minItems: 1, maxItems: AT_ONCE, uniqueItems: true });

/** What may be asked for, and by whom: the name that a person has given. */
export const ACTION_BODIES = {
  retry: Type.Object({ by, messageIds }),
  drop: Type.Object({ by, messageIds, reason: Type.String({ maxLength: 1_000 }) }),
  replay: Type.Object({ by, from: Type.String(), to: Type.String(), dryRun: Type.Boolean() }),
  confirm: Type.Object({ by }),
};

export type ActionName = keyof typeof ACTION_BODIES;

/** What became of one of the commands. */
export interface ActionResult {
  readonly done: boolean;
  readonly messageId?: string;
  /** In the words of the command line. */
  readonly text: string;
  readonly data?: unknown;
}

/** The commands that are asked for, as an operator would type them. */
function commandLines(name: ActionName, body: unknown): string[][] {
  switch (name) {
    case 'retry': {
      const { messageIds: ids } = body as Static<(typeof ACTION_BODIES)['retry']>;
      return ids.map((id) => ['retry', '--', id]);
    }
    case 'drop': {
      const { messageIds: ids, reason } = body as Static<(typeof ACTION_BODIES)['drop']>;
      return ids.map((id) => ['drop', `--reason=${reason}`, '--', id]);
    }
    case 'replay': {
      const { from, to, dryRun } = body as Static<(typeof ACTION_BODIES)['replay']>;
      return [['replay', `--from=${from}`, `--to=${to}`, ...(dryRun ? ['--dry-run'] : [])]];
    }
    case 'confirm':
      return [['confirm']];
  }
}

/**
 * Carries out what is asked for by the functions of the command line, one after the other; a refusal of one is its result.
 * Throws USAGE_INVALID before anything is done, and what `pg` throws.
 */
export async function carryOut(deps: CommandDeps, name: ActionName, body: unknown): Promise<ActionResult[]> {
  const commands = commandLines(name, body).map((words) => parseCommand(words).command as ToCarryOut);
  const results: ActionResult[] = [];
  for (const command of commands) {
    const messageId = 'messageId' in command ? { messageId: command.messageId } : {};
    results.push({ ...messageId, ...(await answerTo(deps, command)) });
  }
  return results;
}

async function answerTo(
  deps: CommandDeps,
  command: ToCarryOut,
): Promise<Answer & { readonly done: boolean }> {
  try {
    return { done: true, ...(await runCommand(deps, command)) };
  } catch (error) {
    if (!isAdminError(error)) throw error;
    return { done: false, text: error.message, data: { code: error.code } };
  }
}
