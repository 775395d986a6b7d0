/**
 * Refuses specifications that can never work, also those that came past the compiler. Never repairs one.
 */
import type { Backoff, ChildSpec, SupervisorSpec } from './spec.ts';

/** Throws on a specification that can never work; the message names supervisor, child and key. */
export function validate(spec: SupervisorSpec): void {
  const refuse = (problem: string): never => {
    throw new Error(`supervisor ${said(spec.id)}: ${problem}`);
  };
  if (typeof spec.id !== 'string' || spec.id === '') refuse('invalid id');
  oneOf(['one_for_one', 'one_for_all', 'rest_for_one'], 'strategy', spec.strategy, refuse);
  const { intensity = 1, periodMs = 5000, autoShutdown = 'never', children } = spec;
  if (!Number.isInteger(intensity) || intensity < 0) refuse(`invalid intensity ${said(intensity)}`);
  if (typeof periodMs !== 'number' || !(periodMs > 0)) refuse(`invalid periodMs ${said(periodMs)}`);
  oneOf(['never', 'any_significant', 'all_significant'], 'autoShutdown', autoShutdown, refuse);
  flags(spec, ['quarantine', 'pool', 'endsTogether'], refuse);
  if (spec.endsTogether && spec.strategy !== 'one_for_one') refuse('endsTogether is for one_for_one');
  if (!Array.isArray(children)) refuse('invalid children');
  if (spec.pool && (children.length !== 1 || spec.strategy !== 'one_for_one'))
    refuse('a pool is one_for_one with one template');
  for (const child of children) validateChild(child, spec);
  const ids = children.map(({ id }) => id);
  const twice = new Set(ids).size === ids.length ? undefined : ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) refuse(`two children have the id ${twice}`);
}

/** Throws when the child can never work under that supervisor. */
export function validateChild(
  child: ChildSpec,
  { id, autoShutdown = 'never' }: Pick<SupervisorSpec, 'id' | 'autoShutdown'>,
): void {
  if (typeof child !== 'object' || child === null) throw new Error(`supervisor ${id}: invalid child ${said(child)}`);
  const refuse = (problem: string): never => {
    throw new Error(`supervisor ${id}, child ${said(child.id)}: ${problem}`);
  };
  const { restart = 'permanent', shutdown, type = 'worker', significant = false } = child;
  if (typeof child.id !== 'string' || child.id === '') refuse('invalid id');
  if (typeof child.start !== 'function') refuse('invalid start');
  if (child.input !== undefined && typeof child.input !== 'function') refuse('invalid input');
  oneOf(['permanent', 'transient', 'temporary'], 'restart', restart, refuse);
  oneOf(['worker', 'supervisor'], 'type', type, refuse);
  const waits = typeof shutdown === 'number' && Number.isFinite(shutdown) && shutdown >= 0;
  if (shutdown !== undefined && !waits) oneOf(['brutal_kill', 'infinity'], 'shutdown', shutdown, refuse);
  flags(child, ['significant', 'mustBecomeReady'], refuse);
  if (significant && restart === 'permanent') refuse('significant: a permanent child cannot be');
  if (significant && autoShutdown === 'never') refuse('significant needs autoShutdown');
  if (child.backoff !== undefined) validateBackoff(child.backoff, refuse);
}

function validateBackoff({ firstMs, longestMs, jitter = 0 }: Backoff, refuse: (problem: string) => never): void {
  if (!(firstMs > 0 && Number.isFinite(firstMs))) refuse(`invalid backoff.firstMs ${said(firstMs)}`);
  if (!(longestMs >= firstMs && Number.isFinite(longestMs))) refuse(`invalid backoff.longestMs ${said(longestMs)}`);
  if (!(jitter >= 0 && jitter <= 1)) refuse(`invalid backoff.jitter ${said(jitter)}`);
}

function oneOf(allowed: readonly string[], key: string, value: unknown, refuse: (problem: string) => never): void {
  if (typeof value !== 'string' || !allowed.includes(value)) refuse(`invalid ${key} ${said(value)}`);
}

function flags<T extends object>(
  from: T,
  keys: readonly (keyof T & string)[],
  refuse: (problem: string) => never,
): void {
  for (const key of keys)
    if (from[key] !== undefined && typeof from[key] !== 'boolean') refuse(`invalid ${key} ${said(from[key])}`);
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}
