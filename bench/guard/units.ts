/** The two populations of batteries in the device process: those that bessd guards, and those of the bare poller. */

export type Units = { readonly first: number; readonly count: number };

export const OURS: Units = { first: 1, count: 8 };
export const BARE: Units = { first: 101, count: 8 };

/** The shortest that a site file may ask for. */
export const PERIOD_MS = 100;

/** Places in bench-battery.json, and what stands there. */
export const BLOCK = { register: 8, count: 52 };
export const TEMPERATURES = [22, 23, 24, 25] as const;
export const HOT_STOP = 500;
export const MODE = 50;
export const HOLD = 0;
export const OWN_CONTROL = 1;

/** What the registers of a battery in good condition hold, discharging 5 kW under its own control. */
export function wordsOfBattery(): readonly number[] {
  const words = Array.from({ length: 60 }, () => 0);
  const text = (at: number, letters: string): void => {
    for (let n = 0; n < letters.length; n += 1)
      words[at + (n >> 1)] = (words[at + (n >> 1)] ?? 0) | (letters.charCodeAt(n) << (n % 2 ? 0 : 8));
  };
  text(0, 'BENCH-BATTERY');
  text(8, 'B0000001');
  text(16, '1.0');
  const values: Readonly<Record<number, number>> = {
    20: 600,
    21: 1000,
    ...Object.fromEntries(TEMPERATURES.map((at) => [at, 250])),
    26: 3300,
    27: 3290,
    28: 10,
    29: 5000,
    30: 5000,
    31: 7000,
    32: 71,
    33: 2300,
    34: 2300,
    35: 2300,
    36: 5000,
    37: 4,
    38: 3,
    42: 50_000,
    43: 50_000,
    47: 1200,
    49: 1100,
    50: OWN_CONTROL,
    53: 220,
    54: 260,
    55: 40,
    56: 210,
    57: 45,
    58: 300,
    59: 1200,
  };
  for (const [at, value] of Object.entries(values)) words[Number(at)] = value;
  return words;
}
