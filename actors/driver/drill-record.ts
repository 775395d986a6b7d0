/**
 * What drills of the dead-man found, on the disk per serial number and firmware, and how the status shows it.
 */
import { deadmanSchema } from '../../contracts/latch.ts';
import type { DeadmanRecord } from '../../contracts/latch.ts';
import { parse } from '../../contracts/parse.ts';
import type { AssetStatus } from '../../contracts/status.ts';
import type { Cockpit } from './cockpit.ts';

/** What an earlier drill found on this very device with this very firmware. */
export async function recallProof(cockpit: Cockpit, serial: string, firmware: string): Promise<void> {
  const records = await load(cockpit);
  cockpit.proof = records.find((record) => record.serial === serial && record.firmware === firmware);
}

/** The drill in the status of the asset. */
export function drillStatus({ drill, proof }: Cockpit): Pick<AssetStatus['deadman'], 'drill' | 'proof'> {
  return {
    ...(drill ? { drill: drill.phase } : {}),
    ...(proof
      ? {
          proof: {
            at: new Date(proof.atWallMs).toISOString(),
            by: proof.by,
            mechanism: proof.mechanism,
            resulting_w: proof.resultingW,
            firmware: proof.firmware,
          },
        }
      : {}),
  };
}

/** Newest first; an unreadable record proves nothing. */
async function load({ input }: Cockpit): Promise<readonly DeadmanRecord[]> {
  try {
    const text = await input.deadmanFile.load();
    const parsed = text === undefined ? undefined : parse(deadmanSchema, JSON.parse(text));
    return parsed?.ok ? parsed.value.records : [];
  } catch {
    return []; // never drilled, as far as anybody can tell
  }
}

export async function saveProof(cockpit: Cockpit, found: DeadmanRecord): Promise<void> {
  const others = (await load(cockpit)).filter(
    ({ serial, firmware }) => serial !== found.serial || firmware !== found.firmware,
  );
  await cockpit.input.deadmanFile.save(
    JSON.stringify({ version: 1, records: [found, ...others].slice(0, RECORDS_KEPT) }),
  );
}

const RECORDS_KEPT = 20;
