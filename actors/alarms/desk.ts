/**
 * The alarms of a site: conditions come in from every part, people act on them, changes go out as reports.
 *
 * Lives beside the tree. The reducer of machines/alarm decides; here are its clock, its file and the words. An alarm that
 * chatters returns only after it was quiet for a while. What was acknowledged and shelved survives a restart; a disk that
 * does not take it is an alarm of its own and keeps nothing back.
 */
import { ALARMS, alarmRow, CHATTER, SHELVE_MOST_MINUTES } from '../../contracts/alarms.ts';
import type { AlarmState } from '../../contracts/alarms.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { AlarmCommand, Reply } from '../../contracts/commands.ts';
import { refusal } from '../../contracts/faults.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import type { AlarmReport, Severity } from '../../contracts/reports.ts';
import { isStanding, nextAlarm } from '../../machines/alarm/alarm.ts';
import type { AlarmEvent } from '../../machines/alarm/alarm.ts';
import { keyOf, newEntry, reportOf } from './entry.ts';
import type { Entry } from './entry.ts';
import { alarmsFileOf, alarmsFileText, NOTHING_KEPT } from './file.ts';

export type AlarmDesk = {
  /** The cause of an alarm is there or not; says so as often as one likes. */
  readonly condition: (id: string, active: boolean, severity: Severity, message: string, assetId?: string) => void;
  /** Those that call for somebody. */
  readonly standing: () => readonly AlarmReport[];
  /** Returned without an acknowledgement, shelved, suppressed, out of service. */
  readonly aside: () => readonly AlarmReport[];
  readonly command: (command: AlarmCommand) => Reply;
  /** Assets that are tagged out: their alarms are out of service, but for P1. */
  readonly tagged: (assetIds: readonly string[]) => void;
};

/** What was acknowledged before a restart is so again if its cause shows itself within that time. */
const RECALL_MS = 60_000;
const MINUTE_MS = 60_000;

export function createAlarmDesk(
  clock: Clock,
  file: SyncedFile,
  report: (alarm: AlarmReport) => void,
  acted: (fields: Readonly<Record<string, unknown>>) => void,
): AlarmDesk {
  const entries = new Map<string, Entry>();
  const recalled = new Map<string, string>();
  let out: readonly string[] = [];
  let saved: string | undefined;
  void recall();

  return {
    condition(id, active, severity, message, assetId) {
      const key = assetId === undefined ? id : `${assetId}.${id}`;
      const entry = entries.get(key);
      if (!active && !entry) return;
      if (active) raise(entry ?? create(key, id, severity, assetId ?? null), severity, message);
      else if (entry) clear(key, entry);
    },
    standing: () => [...entries.values()].flatMap((one) => (isStanding(one.condition) ? [reportOf(one)] : [])),
    aside: () =>
      [...entries.values()].flatMap((one) =>
        isStanding(one.condition) || one.condition.state === 'normal' ? [] : [reportOf(one)],
      ),
    command,
    tagged(assetIds) {
      const before = out;
      out = assetIds;
      for (const [key, entry] of entries) {
        const { assetId } = entry;
        if (assetId === null || before.includes(assetId) === out.includes(assetId)) continue;
        if (!out.includes(assetId)) apply(key, entry, { type: 'PUT_BACK' });
        else if (entry.severity !== 'P1') apply(key, entry, { type: 'TAKE_OUT' });
      }
    },
  };

  function create(key: string, id: string, severity: Severity, assetId: string | null): Entry {
    const entry = newEntry(id, severity, assetId, timestamp());
    entries.set(key, entry);
    return entry;
  }

  function raise(entry: Entry, severity: Severity, message: string): void {
    const key = keyOf(entry);
    const nowMs = clock.now();
    if (entry.settling !== undefined) clock.clearTimeout(entry.settling);
    entry.settling = undefined;
    if (entry.condition.active) return;
    entry.severity = severity;
    entry.message = message;
    entry.since = timestamp();
    entry.raisedAtMs = [...entry.raisedAtMs, nowMs].filter((at) => at > nowMs - CHATTER.windowMs);
    // Out of service with its asset, or silent because another one says it already: so from the beginning.
    const { suppressedBy } = alarmRow(entry.id) ?? {};
    if (entry.assetId !== null && severity !== 'P1' && out.includes(entry.assetId))
      entry.condition = nextAlarm(entry.condition, { type: 'TAKE_OUT' });
    else if (suppressedBy !== undefined && entries.get(suppressedBy)?.condition.active)
      entry.condition = nextAlarm(entry.condition, { type: 'SUPPRESS' });
    apply(key, entry, { type: 'RAISE' });
    const by = recalled.get(key);
    if (by !== undefined) acknowledge(key, entry, by);
    for (const [other, one] of silencedBy(entry.id)) apply(other, one, { type: 'SUPPRESS' });
  }

  function clear(key: string, entry: Entry): void {
    if (!entry.condition.active || entry.settling !== undefined) return;
    const chatters = entry.raisedAtMs.length >= CHATTER.raises;
    if (!chatters) return cleared(key, entry);
    entry.settling = clock.setTimeout(() => {
      entry.settling = undefined;
      entry.raisedAtMs = [];
      cleared(key, entry);
    }, CHATTER.windowMs);
  }

  function cleared(key: string, entry: Entry): void {
    apply(key, entry, { type: 'CLEAR' });
    for (const [other, one] of silencedBy(entry.id)) apply(other, one, { type: 'UNSUPPRESS' });
  }

  function silencedBy(id: string): readonly (readonly [string, Entry])[] {
    return [...entries].filter(([, one]) => ALARMS[one.id]?.suppressedBy === id);
  }

  /** The one place where an alarm changes. */
  function apply(key: string, entry: Entry, event: AlarmEvent): void {
    const before = entry.condition;
    entry.condition = nextAlarm(before, event);
    if (entry.condition.state !== 'acknowledged') entry.acknowledgedBy = undefined;
    if (entry.condition.state !== 'shelved') unshelve(entry);
    const { active, state } = entry.condition;
    if (active === before.active && state === before.state) return;
    report(reportOf(entry, timestamp()));
    // Kept while it chatters, so that it is known to.
    if (state === 'normal' && !active && entry.raisedAtMs.every((at) => at <= clock.now() - CHATTER.windowMs))
      entries.delete(key);
    save();
  }

  function unshelve(entry: Entry): void {
    if (entry.shelf) clock.clearTimeout(entry.shelf.timer);
    entry.shelf = undefined;
  }

  function acknowledge(key: string, entry: Entry, by: string): void {
    recalled.delete(key);
    apply(key, entry, { type: 'ACKNOWLEDGE' });
    if (entry.condition.state === 'acknowledged') entry.acknowledgedBy = by;
    save();
  }

  function command({ alarm_id: key, action, duration_minutes: minutes, reason, issuer }: AlarmCommand): Reply {
    const entry = entries.get(key);
    if (!entry || (entry.condition.state === 'normal' && !entry.condition.active))
      return refusal('UNKNOWN_ALARM', `no alarm ${key} stands or waits for somebody`, { alarms: [...entries.keys()] });
    const from = entry.condition.state;
    if (action === 'shelve') {
      const refused = shelve(key, entry, minutes ?? 0, issuer, reason ?? '');
      if (refused) return refused;
    } else if (action === 'ack') {
      acknowledge(key, entry, issuer);
    } else {
      apply(key, entry, { type: 'UNSHELVE' });
    }
    const to = entry.condition.state;
    if (from === to) return refusal('BAD_REQUEST', `alarm ${key} is ${words(from)}: ${action} changes nothing`);
    acted({ machine: 'alarm', alarm_id: key, from, to, issuer, reason: reason ?? null });
    return { ok: true, data: reportOf(entry) };
  }

  function shelve(key: string, entry: Entry, minutes: number, by: string, reason: string): Reply | undefined {
    if (entry.severity === 'P1') return refusal('NOT_SHELVABLE', 'a P1 alarm is not shelved: its cause must go');
    const most = SHELVE_MOST_MINUTES[entry.severity];
    if (minutes > most)
      return refusal('BAD_REQUEST', `duration_minutes: got ${minutes}, expected at most ${most} for ${entry.severity}`);
    if (nextAlarm(entry.condition, { type: 'SHELVE' }).state !== 'shelved') return undefined;
    putOnShelf(key, entry, clock.wall() + minutes * MINUTE_MS, by, reason);
    return undefined;
  }

  function putOnShelf(key: string, entry: Entry, untilWallMs: number, by: string, reason: string): void {
    unshelve(entry);
    const timer = clock.setTimeout(() => apply(key, entry, { type: 'UNSHELVE' }), untilWallMs - clock.wall());
    entry.shelf = { timer, untilWallMs, by, reason };
    apply(key, entry, { type: 'SHELVE' });
  }

  async function recall(): Promise<void> {
    const text = await file.load().catch(() => undefined);
    if (text === undefined) return;
    const found = alarmsFileOf(text);
    saved = text;
    for (const { alarm_id, by } of found?.acknowledged ?? []) recalled.set(alarm_id, by);
    for (const { alarm_id, asset_id, severity, until_wall_ms, by, reason } of found?.shelved ?? []) {
      const id = asset_id === null ? alarm_id : alarm_id.slice(asset_id.length + 1);
      const most = clock.wall() + SHELVE_MOST_MINUTES[severity] * MINUTE_MS;
      if (until_wall_ms <= clock.wall()) continue;
      const entry = entries.get(alarm_id) ?? create(alarm_id, id, severity, asset_id);
      // A clock that was set back must not make it longer than anybody may shelve.
      if (entry.severity !== 'P1') putOnShelf(alarm_id, entry, Math.min(until_wall_ms, most), by, reason);
    }
    for (const [key, by] of recalled) {
      const entry = entries.get(key);
      if (entry?.condition.active) acknowledge(key, entry, by);
    }
    if (recalled.size > 0) clock.setTimeout(() => recalled.clear(), RECALL_MS);
  }

  function save(): void {
    const text = alarmsFileText(entries, recalled);
    if (text === (saved ?? NOTHING_KEPT)) return;
    saved = text;
    void file.save(text).then(
      () => desk('alarms-unsaved', false),
      () => desk('alarms-unsaved', true),
    );
  }

  function desk(id: string, active: boolean): void {
    const entry = entries.get(id);
    if (active)
      raise(entry ?? create(id, id, 'P4', null), 'P4', 'what was acknowledged and shelved is not on the disk');
    else if (entry) clear(id, entry);
  }

  function timestamp(): string {
    return new Date(clock.wall()).toISOString();
  }
}

function words(state: AlarmState): string {
  return state.replaceAll('_', ' ');
}
