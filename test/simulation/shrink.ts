/** Makes a failing schedule smaller while it still breaks the same rule: drops ever smaller pieces of what happens. */
import type { Schedule } from './schedule.ts';
import type { Verdict } from './run.ts';

export async function shrink(
  schedule: Schedule,
  rule: string,
  run: (schedule: Schedule) => Promise<Verdict>,
  mostRuns = 120,
): Promise<Schedule> {
  let smallest = schedule;
  let runs = 0;
  for (let size = Math.ceil(schedule.happenings.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < smallest.happenings.length && runs < mostRuns;) {
      const happenings = smallest.happenings.toSpliced(from, size);
      runs += 1;
      const verdict = await run({ ...smallest, happenings });
      if (verdict.violations.some((violation) => violation.rule === rule)) smallest = { ...smallest, happenings };
      else from += size;
    }
  }
  return smallest;
}
