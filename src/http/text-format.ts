import { isVisible } from '../messages/visible-text.ts';
import { parseInstant } from './query/instant.ts';
import { parseCursor } from './query/order-cursor.ts';

interface TextFormat {
  readonly validate: (text: string) => boolean;
  /** What a text must be to have it. */
  readonly wanted: string;
}

/** The `format` that a schema may ask of a text. */
export const TEXT_FORMATS: Readonly<Record<string, TextFormat>> = {
  readable: {
    // Lone surrogates are no characters, and jsonb refuses them. That a text is empty, its minLength says.
    validate: (text) => text === '' || (text.isWellFormed() && isVisible(text)),
    wanted: 'a text with something to read in it',
  },
  'date-time': {
    validate: (text) => parseInstant(text) !== undefined,
    wanted: 'a date and time with its offset from UTC',
  },
  cursor: {
    validate: (text) => parseCursor(text) !== undefined,
    wanted: 'the "next" of an answer, as it was',
  },
};
