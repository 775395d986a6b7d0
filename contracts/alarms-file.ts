/** What of the alarms survives a restart. */
import { z } from 'zod';

export const alarmsFileSchema = z.strictObject({
  version: z.literal(1),
  acknowledged: z.array(z.strictObject({ alarm_id: z.string(), by: z.string() })).max(10_000),
  shelved: z
    .array(
      z.strictObject({
        alarm_id: z.string(),
        asset_id: z.string().nullable(),
        severity: z.enum(['P2', 'P3', 'P4']),
        until_wall_ms: z.number(),
        by: z.string(),
        reason: z.string(),
      }),
    )
    .max(10_000),
});
export type AlarmsFile = z.output<typeof alarmsFileSchema>;
