/**
 * One thing at a time, as in OTP: while children are being ended, other exits and wishes wait for their turn.
 */
export class Turns {
  /** Children are being ended, by hand or for a restart. */
  #held = false;
  #waiting: (() => void)[] = [];

  /** Now, or when the turn is free again; in the order of asking. */
  take(work: () => void): void {
    if (this.#held) this.#waiting.push(work);
    else work();
  }

  hold(): void {
    this.#held = true;
  }

  /** What waited gets its turn, until one of them holds it. */
  free(): void {
    this.#held = false;
    while (!this.#held) {
      const work = this.#waiting.shift();
      if (!work) return;
      work();
    }
  }
}
