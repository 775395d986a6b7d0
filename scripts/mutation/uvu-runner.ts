/**
 * Plug-ins of Stryker: a test runner that has the tests of the pure core in one process, and what is not mutated.
 *
 * A mutant costs the tests that reach it, until the first that fails. One that runs while a module loads costs loading
 * the tests of that module anew.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import type { InstrumenterContext } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { determineHitLimitReached, DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import type {
  DryRunResult,
  MutantRunOptions,
  MutantRunResult,
  TestResult,
  TestRunner,
} from '@stryker-mutator/api/test-runner';
import { takeCollected } from './collector.ts';
import type { Collected } from './collector.ts';
import { freshModules } from './fresh-modules.ts';
import { proseIn } from './prose.ts';
import { TESTS } from './scope.ts';

type Found = Collected & { readonly id: string; readonly file: string };

/** What an instrumented module reads and writes. */
const stryker = ((globalThis as Record<string, unknown>)[INSTRUMENTER_CONSTANTS.NAMESPACE] ??=
  {}) as InstrumenterContext;

/** In the copy that is mutated: how long each test took with no mutant. */
const TIMES = 'test-times.json';

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'uvu-in-process', uvuRunner),
  declareValuePlugin(PluginKind.Ignore, 'prose', { shouldIgnore: proseIn }),
];

function uvuRunner(): TestRunner {
  /** By file, as long as it need not be loaded anew. */
  const loaded = new Map<string, readonly Found[]>();
  const files = TESTS.flatMap((pattern) => globSync(pattern)).toSorted();
  const modules = freshModules(process.cwd());
  let timesMs: Record<string, number> | undefined;
  // What a mutant leaves unhandled belongs to the test that is running.
  let loose: unknown;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => (loose ??= error));

  return {
    capabilities: () => ({ reloadEnvironment: true }),
    dryRun: async (): Promise<DryRunResult> => {
      const tests: TestResult[] = [];
      for (const file of files) for (const test of await testsOf(file)) tests.push(await tried(test));
      writeFileSync(TIMES, JSON.stringify(Object.fromEntries(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]))));
      const { mutantCoverage } = stryker;
      return { status: DryRunStatus.Complete, tests, ...(mutantCoverage ? { mutantCoverage } : {}) };
    },
    mutantRun: async (options): Promise<MutantRunResult> => {
      stryker.hitCount = 0;
      if (options.hitLimit === undefined) delete stryker.hitLimit;
      else stryker.hitLimit = options.hitLimit;
      // So that it is known who imports what.
      for (const file of files) if (!modules.isKnown(file)) await testsOf(file);
      if (options.reloadEnvironment) renew();
      stryker.activeMutant = options.activeMutant.id;
      try {
        return await judged(options);
      } finally {
        delete stryker.activeMutant;
        // What was loaded under a mutant stays under it.
        if (options.reloadEnvironment) renew();
      }
    },
  };

  async function tried(test: Found): Promise<TestResult> {
    stryker.currentTestId = test.id;
    const startedMs = performance.now();
    const failureMessage = await failureOf(test);
    delete stryker.currentTestId;
    const said = { id: test.id, name: test.id, fileName: test.file, timeSpentMs: performance.now() - startedMs };
    if (failureMessage !== undefined) return { ...said, status: TestStatus.Failed, failureMessage };
    return { ...said, status: TestStatus.Success };
  }

  async function judged({ testFilter, hitLimit, sandboxFileName }: MutantRunOptions): Promise<MutantRunResult> {
    let nrOfTests = 0;
    try {
      for await (const test of testsFor(path.relative(process.cwd(), sandboxFileName), testFilter)) {
        nrOfTests += 1;
        const failureMessage = await failureOf(test);
        if (determineHitLimitReached(stryker.hitCount, hitLimit))
          return { status: MutantRunStatus.Timeout, reason: 'it does not end' };
        if (failureMessage !== undefined)
          return { status: MutantRunStatus.Killed, killedBy: [test.id], failureMessage, nrOfTests };
      }
    } catch (error) {
      return { status: MutantRunStatus.Killed, killedBy: ['loading'], failureMessage: String(error), nrOfTests };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }

  /** The quick ones first, since most mutants fall to them; where everything is loaded anew, file by file instead. */
  async function* testsFor(mutated: string, testFilter: readonly string[] | undefined): AsyncGenerator<Found> {
    timesMs ??= existsSync(TIMES) ? (JSON.parse(readFileSync(TIMES, 'utf8')) as Record<string, number>) : {};
    const times = timesMs;
    const quickFirst = (tests: readonly Found[]): readonly Found[] =>
      tests.toSorted((a, b) => (times[a.id] ?? 0) - (times[b.id] ?? 0));
    if (!testFilter) {
      for (const file of nearestFirst(mutated)) yield* quickFirst(await testsOf(file));
      return;
    }
    const wanted = new Set(testFilter);
    const all: Found[] = [];
    for (const file of files) all.push(...(await testsOf(file)).filter(({ id }) => wanted.has(id)));
    yield* quickFirst(all);
  }

  /** Those that import it; the one named after it first. */
  function nearestFirst(mutated: string): readonly string[] {
    const [name = ''] = path.basename(mutated).split('.');
    const folder = path.dirname(mutated);
    const distance = (file: string): number =>
      path.basename(file).startsWith(`${name}.`) ? 0 : path.dirname(file).endsWith(folder) ? 1 : 2;
    return files.filter((file) => modules.reaches(file, mutated)).toSorted((a, b) => distance(a) - distance(b));
  }

  function renew(): void {
    modules.renew();
    loaded.clear();
  }

  async function testsOf(file: string): Promise<readonly Found[]> {
    const known = loaded.get(file);
    if (known) return known;
    takeCollected();
    await modules.load(file);
    const tests = takeCollected().map((one) => ({ ...one, file, id: `${file}: ${one.name}` }));
    loaded.set(file, tests);
    return tests;
  }

  async function failureOf({ run }: Found): Promise<string | undefined> {
    loose = undefined;
    try {
      await run();
    } catch (error) {
      return String(error);
    }
    return loose === undefined ? undefined : String(loose);
  }
}
