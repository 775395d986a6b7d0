/**
 * Sentences for people are not mutated: tests assert codes, never wording (a text of several words, or with a place for a
 * value, is one).
 */
import type { NodePath } from '@stryker-mutator/api/ignore';

type Node = { readonly type: string; readonly value?: unknown; readonly quasis?: readonly unknown[] };

export function proseIn(path: NodePath): string | undefined {
  const { node } = path as unknown as { node: Node };
  const isText = node.type === 'StringLiteral' && typeof node.value === 'string' && /\S \S/.test(node.value);
  return isText || node.type === 'TemplateLiteral' ? 'a sentence for people' : undefined;
}
