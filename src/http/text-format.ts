import { parseInstant } from './query/instant.ts';
import { parseCursor } from './query/order-cursor.ts';

interface TextFormat {
  readonly validate: (text: string) => boolean;
  /** What a text must be to have it. */
  readonly wanted: string;
}

/** The `format` that a schema may ask of a text. */
export const TEXT_FORMATS: Readonly<Record<string, TextFormat>> = {
  'date-time': {
    validate: (text) => parseInstant(text) !== undefined,
    wanted: 'a date and time with its offset from UTC',
  },
  cursor: {
    validate: (text) => parseCursor(text) !== undefined,
    wanted: 'the "next" of an answer, as it was',
  },
};
