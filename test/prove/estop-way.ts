/**
 * What an event of the generated E-stop scenarios means for a whole site: who does what, and what its status says then.
 *
 * A site carries a stop out by itself, and who pressed is answered when it is done: what happens within that has no step of
 * its own here (that nobody can reset meanwhile is tested at the actor).
 */
export type EstopStep =
  | { readonly press: true }
  | { readonly within: true }
  | { readonly reset: 'ana' | 'ben' | 'eve' }
  | { readonly waitMs: number };

/** `permitted=false` is a person without the right, whatever the name. */
export function estopStep(event: string, before = ''): EstopStep {
  if (event === 'ENGAGE') return { press: true };
  if (before.startsWith('engaging') || event === 'STOPPED') return { within: true };
  const [, by, permitted] = /by=(ana|ben) permitted=(true|false)/.exec(event) ?? [];
  if (by === undefined) return { waitMs: 120_000 };
  return { reset: permitted === 'true' ? (by as 'ana' | 'ben') : 'eve' };
}

export function estopStateOf(outcome: string): string {
  const [state = ''] = outcome.split(' ');
  if (state === 'engaging') return 'latched';
  return state === 'resetRequested' ? 'reset_requested' : state;
}
