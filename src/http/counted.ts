/** "1 item", "2 items": a count with its noun, which takes an s. */
export const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
