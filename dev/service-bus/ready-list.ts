interface Numbered {
  readonly sequenceNumber: number;
}

/**
 * Messages that wait for a receiver, lowest sequence number first. New ones go to the end; one that comes back
 * (abandoned, lock expired) goes to its old place, or the order inside a session would break.
 */
export class ReadyList<T extends Numbered> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  add(item: T): void {
    const last = this.#items.at(-1);
    if (this.length === 0 || last === undefined || last.sequenceNumber < item.sequenceNumber) {
      this.#items.push(item);
      return;
    }
    this.#compact();
    this.#items.splice(this.#placeOf(item), 0, item);
  }

  /** Takes the first one out. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    // Array.shift() copies the whole array; dropping a thousand taken ones at once does not show.
    if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) this.#compact();
    return item;
  }

  remove(item: T): void {
    this.#compact();
    const place = this.#placeOf(item);
    if (this.#items[place] === item) this.#items.splice(place, 1);
  }

  #compact(): void {
    if (this.#head === 0) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  #placeOf(item: T): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const candidate = this.#items[middle];
      if (candidate !== undefined && candidate.sequenceNumber < item.sequenceNumber) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
