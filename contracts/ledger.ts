/** What the dispatcher keeps of orders on the disk: the newest ids with their content and answer, sequences by issuer. */
import { z } from 'zod';

export const ledgerSchema = z.strictObject({
  version: z.literal(1),
  sequences: z.array(z.tuple([z.string(), z.int().min(0)])).max(1000),
  orders: z.array(z.strictObject({ id: z.string(), content: z.string(), reply: z.unknown() })).max(1000),
});
export type LedgerFile = z.output<typeof ledgerSchema>;
