/**
 * A supervisor as small and plain as it can be written: it blocks while a child ends, and what happens meanwhile waits in
 * its mailbox. Pure: a plan in, the journal of starts and ends with their times out.
 */

export type PlannedChild = {
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly shutdown: number | 'brutal_kill' | 'infinity';
  /** How long it takes to end when told to; infinite for one that does not listen. */
  readonly endsAfterMs: number;
};

export type Command = {
  readonly atMs: number;
  /** `fail`: its next starts fail, `times` of them. */
  readonly what: 'crash' | 'end' | 'fail' | 'stop';
  readonly child: number;
  readonly times: number;
};

export type Plan = {
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one';
  readonly intensity: number;
  readonly periodMs: number;
  readonly children: readonly PlannedChild[];
  /** In order of time, no two at the same. */
  readonly commands: readonly Command[];
};

type Kid = PlannedChild & { readonly name: number; alive: boolean; endsAt: number; failures: number };
type Message = { readonly kid: Kid; readonly reason: 'crash' | 'end' | 'retry' };

export function follow(plan: Plan): readonly string[] {
  const journal: string[] = [];
  const commands = [...plan.commands];
  const all: Kid[] = plan.children.map((child, name) => {
    return { ...child, name, alive: false, endsAt: Infinity, failures: 0 };
  });
  let kids = all;
  let mailbox: Message[] = [];
  let restarts: number[] = [];
  let now = 0;
  let stopAsked = false;

  for (const kid of kids) start(kid);
  for (;;) {
    const message = stopAsked ? undefined : mailbox.shift();
    const gaveUp = message !== undefined && !handle(message);
    if (gaveUp || stopAsked) {
      kids.toReversed().forEach(terminate);
      return [...journal, `${now} ${gaveUp ? 'gave up' : 'stopped'}`];
    }
    if (message) continue;
    if (nextTime() === Infinity) return journal;
    happen();
  }

  /** False: the supervisor gives up. */
  function handle({ kid, reason }: Message): boolean {
    if (!kids.includes(kid) || kid.alive) return true;
    if (kid.restart === 'temporary') remove(kid);
    if (kid.restart === 'temporary' || (kid.restart === 'transient' && reason === 'end')) return true;
    restarts = [...restarts.filter((at) => now - at < plan.periodMs), now];
    if (restarts.length > plan.intensity) return false;
    const affected = { one_for_one: [kid], one_for_all: kids, rest_for_one: kids.slice(kids.indexOf(kid)) };
    affected[plan.strategy].toReversed().forEach(terminate);
    if (stopAsked) return true;
    for (const one of affected[plan.strategy]) {
      if (kids.includes(one) && !start(one)) {
        mailbox.push({ kid: one, reason: 'retry' });
        break;
      }
    }
    return true;
  }

  function terminate(kid: Kid): void {
    const deadline = { brutal_kill: now, infinity: Infinity }[kid.shutdown] ?? now + Number(kid.shutdown);
    if (kid.shutdown !== 'brutal_kill') kid.endsAt = now + kid.endsAfterMs;
    while (kid.alive && deadline > now && nextTime() <= deadline) happen();
    if (kid.alive) {
      now = deadline;
      end(kid);
    }
    mailbox = mailbox.filter((message) => message.kid !== kid);
    if (kid.restart === 'temporary') remove(kid);
  }

  function start(kid: Kid): boolean {
    kid.failures -= 1;
    if (kid.failures >= 0) return false;
    kid.alive = true;
    kid.endsAt = Infinity;
    journal.push(`${now} +${kid.name}`);
    return true;
  }

  function end(kid: Kid): void {
    kid.alive = false;
    kid.endsAt = Infinity;
    journal.push(`${now} -${kid.name}`);
  }

  function remove(kid: Kid): void {
    kids = kids.filter((other) => other !== kid);
  }

  /** When the world goes on by itself. */
  function nextTime(): number {
    return Math.min(commands[0]?.atMs ?? Infinity, ...all.filter(({ alive }) => alive).map(({ endsAt }) => endsAt));
  }

  function happen(): void {
    now = nextTime();
    const ending = all.find(({ alive, endsAt }) => alive && endsAt === now);
    if (ending) return end(ending);
    const command = commands.shift();
    const kid = all[command?.child ?? -1];
    if (!command || !kid) return;
    if (command.what === 'stop') stopAsked = true;
    else if (command.what === 'fail') kid.failures = command.times;
    else if (kid.alive) {
      end(kid);
      mailbox.push({ kid, reason: command.what });
    }
  }
}
