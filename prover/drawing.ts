/**
 * The drawing of a machine as Mermaid text: states, and one arrow for every transition with its guard and actions.
 */
import type { AnyStateNode } from 'xstate';
import type { Subject } from './subjects.ts';

export function drawingOf({ name, file, machine }: Subject, role: string): string {
  const root = machine.root as AnyStateNode;
  const children = Object.values(root.states) as AnyStateNode[];
  const [first] = (root.initial as { target: readonly AnyStateNode[] }).target;
  const lines = [
    'stateDiagram-v2',
    ...(root.transitions.size > 0 ? [`    state "every state" as ${idOf(root)}`] : []),
    ...children.flatMap((child) => statesIn(child, 1)),
    ...(first ? [`    [*] --> ${idOf(first)}`] : []),
    ...arrowsIn(root),
  ];
  return [
    `# ${name}`,
    '',
    role,
    '',
    `Drawn from [${file}](../../${file}) by scripts/generate-drawings.ts: event, [guard], / actions. What leaves a box`,
    'or "every state" may happen in each state inside, unless that state has an arrow of its own for it.',
    '',
    '```mermaid',
    ...lines,
    '```',
    '',
    '| state | tags | it ends by itself |',
    '|---|---|---|',
    ...leavesOf(root).map((leaf) => `| ${leaf.path.join('.')} | ${tagsOf(leaf)} | ${endOf(leaf)} |`),
    '',
  ].join('\n');
}

function statesIn(node: AnyStateNode, depth: number): readonly string[] {
  const pad = '    '.repeat(depth);
  const [initial] = node.type === 'compound' ? (node.initial as { target: readonly AnyStateNode[] }).target : [];
  const inside = Object.values(node.states).flatMap((child) => statesIn(child as AnyStateNode, depth + 1));
  if (inside.length === 0) return [`${pad}state "${node.key}" as ${idOf(node)}`];
  return [
    `${pad}state "${node.key}" as ${idOf(node)} {`,
    ...(initial ? [`${pad}    [*] --> ${idOf(initial)}`] : []),
    ...inside,
    `${pad}}`,
  ];
}

type Drawn = {
  readonly target?: readonly AnyStateNode[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly eventType: string;
};

function arrowsIn(node: AnyStateNode): readonly string[] {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []) as readonly Drawn[];
  const own = transitions.map(({ target, guard, actions, eventType }) => {
    const words = [
      eventOf(eventType),
      ...(guard === undefined ? [] : [`[${nameOf(guard)}]`]),
      ...(actions.length === 0 ? [] : [`/ ${actions.map(nameOf).join(', ')}`]),
    ];
    return `    ${idOf(node)} --> ${idOf(target?.[0] ?? node)}: ${words.filter(Boolean).join(' ')}`;
  });
  return [...own, ...Object.values(node.states).flatMap((child) => arrowsIn(child as AnyStateNode))];
}

/** `xstate.after.DELAY.ID` and the ends of invoked actors, in words. */
function eventOf(type: string): string {
  if (type === '') return 'at once';
  const delay = /^xstate\.after\.([^.]+)/.exec(type)?.[1];
  if (delay !== undefined) return `after ${delay}`;
  if (type.startsWith('xstate.done.actor')) return 'its actor ends';
  return type.startsWith('xstate.error.actor') ? 'its actor fails' : type;
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  return (named as { type?: string }).type ?? 'inline';
}

function idOf({ path, machine }: AnyStateNode): string {
  return [machine.id, ...path].join('_');
}

function leavesOf(node: AnyStateNode): readonly AnyStateNode[] {
  const children = Object.values(node.states) as AnyStateNode[];
  return children.length === 0 ? [node] : children.flatMap(leavesOf);
}

function chainOf(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent ? [node, ...chainOf(node.parent)] : [node];
}

function tagsOf(leaf: AnyStateNode): string {
  return chainOf(leaf)
    .flatMap(({ tags }) => tags)
    .join(', ');
}

function endOf(leaf: AnyStateNode): string {
  if (leaf.always !== undefined) return 'at once';
  const timers = chainOf(leaf).flatMap((node) => node.after.map(({ eventType }) => eventOf(eventType)));
  return timers.length === 0 ? 'no, it may last' : timers.join(', ');
}
