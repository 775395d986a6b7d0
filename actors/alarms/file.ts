/**
 * What people did about alarms, as the text of the file that survives a restart.
 */
import { alarmsFileSchema } from '../../contracts/alarms-file.ts';
import type { AlarmsFile } from '../../contracts/alarms-file.ts';
import { parse } from '../../contracts/parse.ts';
import type { Entry } from './entry.ts';

/** Nobody has done anything: as good as no file. */
export const NOTHING_KEPT = textOf([], []);

/** `recalled`: alarms acknowledged before the restart whose cause has not shown itself yet, with who acknowledged them. */
export function alarmsFileText(entries: ReadonlyMap<string, Entry>, recalled: ReadonlyMap<string, string>): string {
  const acknowledged = [...entries].flatMap(([alarm_id, { acknowledgedBy: by }]) => (by ? [{ alarm_id, by }] : []));
  const awaited = [...recalled].map(([alarm_id, by]) => ({ alarm_id, by }));
  const shelved = [...entries].flatMap(([alarm_id, { assetId: asset_id, severity, shelf }]) => {
    if (!shelf || severity === 'P1') return [];
    const { untilWallMs: until_wall_ms, by, reason } = shelf;
    return [{ alarm_id, asset_id, severity, until_wall_ms, by, reason }];
  });
  return textOf([...acknowledged, ...awaited], shelved);
}

/** Undefined for a damaged file: it forgets what people did, and every alarm calls again. */
export function alarmsFileOf(text: string): AlarmsFile | undefined {
  try {
    const parsed = parse(alarmsFileSchema, JSON.parse(text));
    return parsed.ok ? parsed.value : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function textOf(acknowledged: AlarmsFile['acknowledged'], shelved: AlarmsFile['shelved']): string {
  const file: AlarmsFile = { version: 1, acknowledged, shelved };
  return JSON.stringify(file);
}
