/**
 * What an event of the generated E-stop scenarios means for a whole site: who does what, and what its status says then.
 */
export type EstopStep =
  | { readonly press: true }
  | { readonly reset: 'ana' | 'ben' | 'eve' }
  | { readonly waitMs: number };

/** `permitted=false` is a person without the right, whatever the name. */
export function estopStep(event: string): EstopStep {
  if (event === 'ENGAGE') return { press: true };
  const [, by, permitted] = /by=(ana|ben) permitted=(true|false)/.exec(event) ?? [];
  if (by === undefined) return { waitMs: 120_000 };
  return { reset: permitted === 'true' ? (by as 'ana' | 'ben') : 'eve' };
}

export function estopStateOf(outcome: string): string {
  const [state = ''] = outcome.split(' ');
  return state === 'resetRequested' ? 'reset_requested' : state;
}
