import { randomUUIDv7 } from 'node:crypto';
import type { Logger } from '../../core/log.ts';
import { createDispatcher, type Registry } from '../../dispatcher.ts';
import { createHandler } from '../handling/handler.ts';
import { openWaiting } from '../handling/waiting.ts';
import type { InboxService } from '../serve-inbox.ts';
import type { DecideDeps } from './decide-unhandled.ts';
import type { Places } from './find-unhandled.ts';

/** What a person's decisions are carried out with: the handler that the service's inbox has, on this pool. The caller ends the pool. */
export function openDecisions<R extends Registry>(
  places: Places & { readonly log: Logger },
  { receptors, events }: Pick<InboxService<R>, 'receptors' | 'events'>,
): DecideDeps {
  const { pool, consumers, log } = places;
  const dispatcher = createDispatcher({
    connections: { writing: pool, changing: () => pool },
    receptors,
    now: () => new Date(),
    newId: randomUUIDv7,
  });
  const handling = { dispatcher, events, connections: pool, log };
  return {
    ...places,
    waiting: openWaiting(handling),
    createHandler: (observer) => createHandler({ ...handling, consumers, observer, random: Math.random }),
  };
}
