/** The helm's bench: a device of a few registers, written word by word, and what it must show of a posture. */
import * as assert from 'uvu/assert';
import { registersOf } from '../../../contracts/profile.ts';
import { decode } from '../../../machines/device/codec.ts';
import { notWritten, polled, steer, UNTOUCHED, written } from '../../../machines/device/helm.ts';
import type { Course, HelmState } from '../../../machines/device/helm.ts';
import { samePosture } from '../../../machines/device/posture.ts';
import type { Posture } from '../../../machines/device/posture.ts';
import type { SequenceValues, Transaction } from '../../../machines/device/sequence.ts';
import { huawei } from '../support.ts';

export const HOLD: Posture = { kind: 'hold' };
export const ESTOP: Posture = { kind: 'estop' };
export const POSTURES: readonly Posture[] = [
  HOLD,
  ESTOP,
  { kind: 'power', w: 3000 },
  { kind: 'power', w: -2000 },
  { kind: 'release', charge: true, discharge: true },
  { kind: 'release', charge: false, discharge: true },
  { kind: 'release', charge: true, discharge: false },
];
export const titleOf = (posture: Posture | undefined): string =>
  posture ? Object.values(posture).join(' ') : 'unknown';

/** What a LUNA2000 that was never touched shows. */
const FOUND = {
  limit_charge_power: 5000,
  limit_discharge_power: 5000,
  forcible_command: 0,
  forcible_charge_power: 0,
  forcible_discharge_power: 0,
  forcible_period: 0,
  forcible_mode: 0,
  max_charge_power: 10_000,
  max_discharge_power: 10_000,
};

/** A device of a few registers with the helm at it; time stands still unless a test moves it. */
export class Bench {
  readonly registers: Record<string, number> = { ...FOUND };
  readonly log: Transaction[] = [];
  profile = huawei;
  state: HelmState = UNTOUCHED;
  nowMs = 1000;
  untouched = false;
  refuses: string | undefined;
  values: SequenceValues = {
    powerW: 0,
    heartbeat: 1,
    originals: { limit_charge_power: 5000, limit_discharge_power: 5000 },
    permit: { charge: 5000, discharge: 5000 },
    found: (name) => this.registers[name],
    allowShutdown: false,
  };

  ask(wanted: Posture): Course {
    const known = (name: string): number | undefined => this.registers[name];
    // A direction is closed because the permit closes it.
    const { charge, discharge } = this.values.permit;
    const permit =
      wanted.kind === 'release'
        ? { charge: wanted.charge ? charge : 0, discharge: wanted.discharge ? discharge : 0 }
        : this.values.permit;
    const values = { ...this.values, permit };
    const course = steer({
      state: this.state,
      wanted,
      nowMs: this.nowMs,
      profile: this.profile,
      values,
      known,
      untouched: this.untouched,
    });
    this.state = course.state;
    return course;
  }

  /** At most `writes` writes towards a posture; how many it took. */
  advance(wanted: Posture, writes: number): number {
    for (let done = 0; done < writes; done += 1) {
      const course = this.ask(wanted);
      if (course.go !== 'write') return done;
      this.#carryOut(course.transaction);
    }
    return writes;
  }

  goTo(wanted: Posture): void {
    assert.ok(this.advance(wanted, 20) < 20, `${titleOf(wanted)} comes to an end`);
    this.poll();
    if (this.refuses === undefined) {
      this.advance(wanted, 20);
      assert.ok(
        samePosture(this.state.posture, wanted),
        `${titleOf(wanted)} reached, not ${titleOf(this.state.posture)}`,
      );
    } else this.state = { ...this.state, waitForPoll: true, failed: wanted.kind };
  }

  poll(): void {
    this.state = polled(this.state, { differs: false, breach: false });
  }

  #carryOut(transaction: Transaction): void {
    this.log.push(transaction);
    if (this.refuses === 'everything' || (this.refuses !== undefined && this.refuses in transaction.values)) {
      this.state = notWritten(this.state);
      return;
    }
    // From the words, as a device would: a wrong register or encoding shows.
    let at = 0;
    for (const name of Object.keys(transaction.values)) {
      const row = this.profile.points[name];
      if (!row) throw new Error(`${name} is no point`);
      assert.is(row.register, transaction.register + at);
      this.registers[name] = Number(decode(row, transaction.words.slice(at, at + registersOf(row))));
      at += registersOf(row);
    }
    assert.is(at, transaction.words.length);
    this.state = written(this.state, this.nowMs);
  }

  wrote(name: string): boolean {
    return this.log.some(({ values }) => name in values);
  }

  shows(posture: Posture): void {
    const {
      forcible_command: command,
      limit_charge_power: charge = -1,
      limit_discharge_power: discharge = -1,
    } = this.registers;
    if (posture.kind === 'power') {
      assert.is(command, posture.w < 0 ? 1 : 2);
      assert.is(
        this.registers[posture.w < 0 ? 'forcible_charge_power' : 'forcible_discharge_power'],
        Math.abs(posture.w),
      );
      assert.ok((posture.w < 0 ? charge : discharge) >= Math.abs(posture.w));
      assert.is(this.registers['forcible_period'], 2);
    } else {
      assert.is(command, 0);
      if (posture.kind === 'release') assert.equal([charge > 0, discharge > 0], [posture.charge, posture.discharge]);
      else assert.equal([charge, discharge], [0, 0]);
    }
  }

  neverForcedAgainst(posture: Posture): void {
    const forced = this.log
      .map(({ values }) => values['forcible_command'])
      .filter((command) => command !== undefined && command !== 0);
    const allowed = posture.kind === 'power' ? (posture.w < 0 ? 1 : 2) : undefined;
    assert.ok(forced.every((command) => command === allowed));
  }

  triggerComesAfterLimits({ kind }: Posture): void {
    if (kind === 'release') return;
    const trigger = this.log.findIndex(({ trigger: isTrigger }) => isTrigger);
    const limits = this.log.findIndex(
      ({ values }) => 'limit_charge_power' in values || 'limit_discharge_power' in values,
    );
    assert.ok(trigger >= 0 && limits < trigger);
    if (kind === 'power') assert.is(trigger, this.log.length - 1);
  }
}
