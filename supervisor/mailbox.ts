/**
 * The mailbox of one process: bounded, counted, with a lane for what cannot wait.
 *
 * Order of delivery: urgent messages, then DOWN messages of monitors, then the rest, each lane in order of arrival
 * (a stop comes before them all, it is no message). The limit holds for each lane by itself, so that what cannot wait is
 * not kept out by what can; DOWN messages are never refused. Full, the mailbox refuses the new message or drops the oldest
 * of its lane, as the process has chosen; either is counted, none is silent.
 */

export type MailboxPolicy<Message> = {
  /** Of each lane; default 10,000. */
  readonly limit?: number;
  /** Default `refuse`. */
  readonly whenFull?: 'refuse' | 'drop_oldest';
  readonly urgent?: (message: Message) => boolean;
};

const LANES = ['urgent', 'supervision', 'ordinary'] as const;
type Lane = (typeof LANES)[number];

export class ProcessMailbox<Message extends { readonly type: string }> {
  readonly #policy: MailboxPolicy<Message>;
  readonly #lanes: Record<Lane, Message[]> = { urgent: [], supervision: [], ordinary: [] };
  #waiting: ((message: Message | undefined) => void) | undefined;
  refused = 0;
  dropped = 0;

  constructor(policy: MailboxPolicy<Message>) {
    this.#policy = policy;
  }

  get depth(): number {
    return LANES.reduce((sum, lane) => sum + this.#lanes[lane].length, 0);
  }

  /** Ordinary messages are refused or dropped from now on. */
  get full(): boolean {
    return this.#isFull('ordinary');
  }

  /** Somebody waits for the next message. */
  get awaited(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Takes a message, or counts it as lost. Once there is a handler it is the handler itself: this is called for every
   * message, and a call around it costs a tenth of one.
   */
  deliver: (this: void, message: Message) => void = (message) => {
    if (this.#waiting) return this.#waiting(message);
    const lane = this.#policy.urgent?.(message) ? 'urgent' : message.type === 'DOWN' ? 'supervision' : 'ordinary';
    if (lane !== 'supervision' && this.#isFull(lane) && !this.#makeRoom(lane)) this.refused += 1;
    else this.#lanes[lane].push(message);
  };

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
    this.deliver = handler;
    for (let message = this.take(); message; message = this.take()) handler(message);
  }

  waitWith(waiting: ((message: Message | undefined) => void) | undefined): void {
    this.#waiting = waiting;
  }

  #isFull(lane: Lane): boolean {
    return this.#lanes[lane].length >= (this.#policy.limit ?? 10_000);
  }

  #makeRoom(lane: Lane): boolean {
    if (this.#policy.whenFull !== 'drop_oldest' || this.#lanes[lane].shift() === undefined) return false;
    this.dropped += 1;
    return true;
  }
}
