/**
 * The layering as one table: which folder may import what. `findBreaches` names every import that breaks it.
 *
 * Reads import lines by pattern, which is exact for sources laid out by our formatter. What a machine may *use* besides
 * (no clock, no timers, no chance) is a matter of the lint configuration.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type Breach = { readonly file: string; readonly imported: string; readonly rule: string };

type Layer = {
  /** Folders of ours besides its own. */
  readonly ours: readonly string[];
  /** Folders of which only types may be imported. */
  readonly types?: readonly string[];
  readonly packages: readonly string[] | 'one vendor each';
  readonly node: boolean;
};

const LAYERS: Readonly<Record<string, Layer>> = {
  contracts: { ours: [], packages: ['zod'], node: false },
  machines: { ours: ['contracts'], packages: ['xstate'], node: false },
  supervisor: { ours: ['contracts'], packages: ['xstate'], node: true },
  io: { ours: ['contracts'], packages: 'one vendor each', node: true },
  actors: { ours: ['machines', 'contracts', 'supervisor'], types: ['io'], packages: ['xstate'], node: false },
  // Nothing of control: it must work when that does not.
  stopper: { ours: ['contracts'], packages: [], node: true },
  prover: { ours: ['machines', 'contracts', 'profiles'], packages: ['xstate'], node: false },
  analyst: { ours: ['contracts', 'io'], packages: ['zod'], node: true },
  simulator: { ours: ['contracts', 'io'], packages: ['zod', 'modbus-serial'], node: true },
  headend: { ours: ['contracts', 'io', 'supervisor', 'machines'], packages: ['xstate', 'zod'], node: true },
  console: { ours: [], packages: [], node: false },
  profiles: { ours: [], packages: [], node: false },
};

/** Composition, with the files at the top: these import everything, and nothing but them imports them. */
const COMPOSITION = ['entry', 'scripts', 'test', 'bench'];

export function findBreaches(root: string): readonly Breach[] {
  return globSync('**/*.ts', { cwd: root, exclude: ['node_modules', 'data'] })
    .toSorted()
    .flatMap((file) => breachesOf(file, readFileSync(path.join(root, file), 'utf8')));
}

function breachesOf(file: string, source: string): readonly Breach[] {
  const folder = layerOf(file);
  if (isComposition(folder)) return [];
  const layer = LAYERS[folder];
  if (!layer) return [{ file, imported: '', rule: `the table of scripts/layers.ts has no row for ${folder}` }];
  const imports = importsOf(source);
  const breaches = imports.flatMap((one) => {
    const rule = ruleBroken(file, folder, layer, one);
    return rule === undefined ? [] : [{ file, imported: one.specifier, rule }];
  });
  const vendors = new Set(imports.map(({ specifier }) => vendorOf(specifier)).filter((vendor) => vendor !== undefined));
  if (layer.packages !== 'one vendor each' || vendors.size <= 1) return breaches;
  return [...breaches, { file, imported: [...vendors].join(', '), rule: `a file of ${folder} has one vendor package` }];
}

type Import = { readonly specifier: string; readonly typeOnly: boolean };

function ruleBroken(file: string, folder: string, layer: Layer, { specifier, typeOnly }: Import): string | undefined {
  if (specifier.startsWith('node:')) return layer.node ? undefined : `${folder} imports nothing of Node`;
  if (!specifier.startsWith('.')) {
    const allowed = layer.packages === 'one vendor each' || layer.packages.includes(packageOf(specifier));
    return allowed ? undefined : `${folder} may import these packages: ${list(layer.packages)}`;
  }
  const target = layerOf(path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier)));
  if (target === folder || layer.ours.includes(target)) return undefined;
  const asTypes = layer.types?.includes(target) === true;
  if (asTypes && typeOnly) return undefined;
  if (asTypes) return `${folder} may import only types of ${target}`;
  if (isComposition(target)) return `nothing but composition imports ${target}`;
  return `${folder} may import these folders: ${list(layer.ours)}`;
}

/** Static, side-effect and dynamic imports, re-exports, and files given to a worker by `new URL`. */
function importsOf(source: string): readonly Import[] {
  const from = /^\s*(?:import|export)\s+(type\s)?[^'";]*?\sfrom\s+'([^']+)'/gm;
  const bare = /^\s*import\s+'([^']+)'/gm;
  const called = /\b(?:import\(\s*|new URL\(\s*)'([^']+)'/g;
  return [
    ...[...source.matchAll(from)].map((match) => ({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined })),
    ...[...source.matchAll(bare), ...source.matchAll(called)]
      .map((match) => match[1] ?? '')
      .filter((specifier) => !/^\w+:\/\//.test(specifier))
      .map((specifier) => ({ specifier, typeOnly: false })),
  ];
}

/** The first folder of a path in the checkout, or the file itself at the top. */
function layerOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function isComposition(layer: string): boolean {
  return COMPOSITION.includes(layer) || layer.endsWith('.ts');
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages of one maker count as one: @nats-io/services and @nats-io/jetstream, fastify and @fastify/swagger. */
function vendorOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier === 'zod') return undefined;
  return /^@?(\w+)/.exec(specifier)?.[1];
}

function list(names: Layer['packages']): string {
  return names.length === 0 ? 'none' : [names].flat().join(', ');
}
