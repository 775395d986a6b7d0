/**
 * The mailbox of one process: bounded, counted, with a lane for what cannot wait.
 *
 * Order of delivery: urgent messages, then DOWN messages of monitors, then the rest, each lane in order of arrival
 * (a stop comes before them all, it is no message). When full it refuses the new message or drops the oldest ordinary
 * one, as the process has chosen; either is counted, none is silent.
 */

export type MailboxPolicy<Message> = {
  /** Default 10,000. */
  readonly limit?: number;
  /** Default `refuse`. */
  readonly whenFull?: 'refuse' | 'drop_oldest';
  readonly urgent?: (message: Message) => boolean;
};

const LANES = ['urgent', 'supervision', 'ordinary'] as const;

export class ProcessMailbox<Message extends { readonly type: string }> {
  readonly #policy: MailboxPolicy<Message>;
  readonly #lanes: Record<(typeof LANES)[number], Message[]> = { urgent: [], supervision: [], ordinary: [] };
  #handler: ((message: Message) => void) | undefined;
  #waiting: ((message: Message | undefined) => void) | undefined;
  refused = 0;
  dropped = 0;

  constructor(policy: MailboxPolicy<Message>) {
    this.#policy = policy;
  }

  get depth(): number {
    return LANES.reduce((sum, lane) => sum + this.#lanes[lane].length, 0);
  }

  get full(): boolean {
    return this.depth >= (this.#policy.limit ?? 10_000);
  }

  /** Takes a message, or counts it as lost. */
  deliver(message: Message): void {
    if (this.#handler) return this.#handler(message);
    if (this.#waiting) return this.#waiting(message);
    if (this.full && !this.#makeRoom()) {
      this.refused += 1;
      return;
    }
    const lane = this.#policy.urgent?.(message) ? 'urgent' : message.type === 'DOWN' ? 'supervision' : 'ordinary';
    this.#lanes[lane].push(message);
  }

  /** The next message that waits, by lane. */
  take(): Message | undefined {
    for (const lane of LANES) {
      const message = this.#lanes[lane].shift();
      if (message) return message;
    }
    return undefined;
  }

  /** From now on every message goes straight to the handler; those that wait first. */
  handleWith(handler: (message: Message) => void): void {
    this.#handler = handler;
    for (let message = this.take(); message; message = this.take()) handler(message);
  }

  waitWith(waiting: ((message: Message | undefined) => void) | undefined): void {
    this.#waiting = waiting;
  }

  #makeRoom(): boolean {
    if (this.#policy.whenFull !== 'drop_oldest' || this.#lanes.ordinary.shift() === undefined) return false;
    this.dropped += 1;
    return true;
  }
}
