/**
 * What the compiler understands of a machine, and the refusal of everything else, by machine and key.
 *
 * Silence would be worse than a refusal: a key that is left out changes what the machine does.
 */

/** As written in the source of a machine; read key by key, so nothing is known of it beforehand. */
export type Written = Readonly<Record<string, unknown>>;

const STATE_KEYS = 'id initial states on always after entry exit invoke tags type description meta'.split(' ');
const ROOT_KEYS = [...STATE_KEYS, 'context', 'options', 'version', 'types'];
const TRANSITION_KEYS = ['target', 'guard', 'actions', 'reenter', 'description', 'meta'];
const INVOKE_KEYS = ['src', 'id', 'input', 'onDone', 'onError'];
const STATE_TYPES: readonly unknown[] = [undefined, 'atomic', 'compound'];

export function refuse(machineId: string, key: string, why: string): never {
  throw new Error(`the machine ${machineId} cannot be compiled: ${key}: ${why}`);
}

/** Throws at the first key that the compiler does not understand. */
export function checkSupported(machineId: string, config: Written): void {
  checkState(config, '', ROOT_KEYS);

  function checkState(state: Written, at: string, allowed: readonly string[]): void {
    onlyKeys(state, at, allowed);
    const { type, states = {}, on = {}, after = {}, always, entry, exit, invoke } = state;
    if (!STATE_TYPES.includes(type)) refuse(machineId, `${at}type`, `states of type ${String(type)} are not supported`);
    for (const [event, transitions] of Object.entries(on as Written)) {
      if (event.includes('*')) refuse(machineId, `${at}on.${event}`, 'wildcards are not supported');
      checkTransitions(transitions, `${at}on.${event}`);
    }
    for (const [delay, transitions] of Object.entries(after as Written))
      checkTransitions(transitions, `${at}after.${delay}`);
    checkTransitions(always, `${at}always`);
    checkActions(entry, `${at}entry`);
    checkActions(exit, `${at}exit`);
    for (const one of listOf(invoke)) checkInvoke(one as Written, `${at}invoke`);
    for (const [name, child] of Object.entries(states as Written))
      checkState(child as Written, `${at}${name}.`, STATE_KEYS);
  }

  function checkInvoke(invoke: Written, at: string): void {
    onlyKeys(invoke, `${at}.`, INVOKE_KEYS);
    if (typeof invoke['src'] !== 'string') refuse(machineId, `${at}.src`, 'an actor is invoked by its name');
    checkTransitions(invoke['onDone'], `${at}.onDone`);
    checkTransitions(invoke['onError'], `${at}.onError`);
  }

  function checkTransitions(transitions: unknown, at: string): void {
    for (const one of listOf(transitions)) {
      if (typeof one === 'string') continue;
      const transition = one as Written;
      onlyKeys(transition, `${at}.`, TRANSITION_KEYS);
      const { target, guard, actions } = transition;
      if (Array.isArray(target) && target.length > 1) refuse(machineId, `${at}.target`, 'one target at most');
      if (typeof guard === 'function' && 'check' in guard)
        refuse(machineId, `${at}.guard`, 'and, or, not and stateIn are not supported');
      checkActions(actions, `${at}.actions`);
    }
  }

  function checkActions(actions: unknown, at: string): void {
    for (const action of listOf(actions)) {
      if (typeof action !== 'function') continue;
      const type = 'type' in action ? String(action.type) : 'an inline function';
      if (type !== 'xstate.assign') refuse(machineId, at, `${type} is not supported; name the action in setup()`);
    }
  }

  function onlyKeys(found: Written, at: string, allowed: readonly string[]): void {
    for (const key of Object.keys(found))
      if (!allowed.includes(key) && found[key] !== undefined)
        refuse(machineId, `${at}${key}`, 'this key is not supported');
  }
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
}
