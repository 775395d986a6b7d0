/**
 * `bessd simulate`: a plant behind Modbus TCP, until Ctrl-C.
 *
 * Prints one line per asset once all of them listen, then nothing. Exit codes: 0 stopped, 1 an address is in use,
 * 2 invalid options or fault file.
 */
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../../contracts/faults.ts';
import { parseOrThrow } from '../../contracts/parse.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { startSettingsSchema } from '../../simulator/plant-settings.ts';
import type { Schedule } from '../../simulator/schedule.ts';
import { readSchedule } from '../../simulator/schedule.ts';
import type { RunningDevice, Simulator } from '../../simulator/simulate.ts';
import { requireProfile, startSimulator } from '../../simulator/simulate.ts';
import { systemClock } from '../../supervisor/clock.ts';

const INVALID: readonly string[] = ['CONFIG_INVALID', 'FILE_UNREADABLE'];
const UNIT_IDS = [0, 1];
const COMPANION_UNIT_IDS = [1];

const optionsSchema = z
  .strictObject({
    profile: z.string().transform((given) => path.basename(given, '.json')),
    host: z.string().min(1),
    port: whole(0, 65_535),
    assets: whole(1, 1000),
    faults: z.string().optional(),
    control: z.string().min(1).optional(),
    soc: number(0, 100),
    load: number(0, 1e9),
    pv: number(0, 1e9),
    actuator: z.enum(['fast', 'slow']),
    meter: whole(0, 65_535).optional(),
    bms: whole(0, 65_535).optional(),
    tap: z.string().min(1).optional(),
    seed: whole(0, 2 ** 31 - 1).optional(),
    singleClient: z.boolean().default(false),
    plant: json(startSettingsSchema).optional(),
    json: z.boolean().default(false),
  })
  .refine(({ port, assets }) => port === 0 || port + assets - 1 <= 65_535, {
    path: ['assets'],
    error: 'so few that their ports end at 65535',
  });
type Options = z.output<typeof optionsSchema>;

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('a plant behind Modbus TCP, with fault injection')
    .option('--profile <name>', 'device to simulate', 'huawei-sun2000-luna2000')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port of the first asset; the others follow; 0 takes free ones', '5020')
    .option('--assets <count>', 'number of assets', '1')
    .option(
      '--faults <file>',
      'JSON list of what happens when: [{"atMs": 5000, "fault": {"kind": "hang", "ms": 8000}}]',
    )
    .option('--control <path>', 'Unix socket (or loopback port) that takes commands as JSON lines')
    .option('--soc <percent>', 'state of charge at the start', '50')
    .option('--load <watts>', 'load of the house', '0')
    .option('--pv <watts>', 'what the panels give', '0')
    .option('--actuator <speed>', 'fast (0.2 s) or slow (20 s to 90 %)', 'fast')
    .option('--meter <port>', 'a grid meter as a device of its own on this port; 0 takes a free one')
    .option('--bms <port>', "the assets' batteries as devices of their own from this port on; 0 takes free ones")
    .option('--plant <json>', 'settings at the start: {"deaf": true, "sunspecBase": 50000, "packs": 3}')
    .option('--tap <file>', 'appends every register write as one JSON object a line')
    .option('--seed <number>', 'of faults by chance; also spreads the assets a little')
    .option('--single-client', 'a new connection closes the older one')
    .option('--json', 'one JSON object a line')
    .action(run);
}

async function run(given: Record<string, unknown>): Promise<void> {
  try {
    const options = parseOrThrow(optionsSchema, given, 'bessd simulate');
    requireProfile(options.profile);
    const schedule = options.faults === undefined ? [] : await readSchedule(options.faults);
    const simulator = await start(options, schedule);
    const stopped = stopSignal();
    announce(simulator, options);
    await stopped;
    await simulator.stop();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    console.error(error.message);
    process.exitCode = INVALID.includes(error.code) ? 2 : 1;
  }
}

function start(
  { control, soc, load, pv, meter, bms, tap, seed, plant, json: _json, faults: _faults, ...rest }: Options,
  schedule: Schedule,
): Promise<Simulator> {
  return startSimulator({
    ...rest,
    clock: systemClock,
    schedule,
    unitIds: UNIT_IDS,
    socPct: soc,
    loadW: load,
    pvW: pv,
    ...(control === undefined ? {} : { control }),
    ...(meter === undefined ? {} : { meterPort: meter }),
    ...(bms === undefined ? {} : { bmsPort: bms }),
    ...(tap === undefined ? {} : { tapFile: tap }),
    ...(seed === undefined ? {} : { seed }),
    ...(plant === undefined ? {} : { settings: given(plant) }),
  });
}

function announce({ assets, bms, meter, control }: Simulator, { json: asJson, profile }: Options): void {
  assets.forEach((place, at) => tell('asset', at, place, { profile, unitIds: UNIT_IDS }));
  bms.forEach((place, at) => tell('bms', at, place, { unitIds: COMPANION_UNIT_IDS }));
  if (meter) tell('meter', undefined, meter, { unitIds: COMPANION_UNIT_IDS });

  function tell(
    device: 'asset' | 'bms' | 'meter',
    at: number | undefined,
    { host, port, serialNumber }: RunningDevice,
    { profile: name, unitIds }: { profile?: string; unitIds: readonly number[] },
  ): void {
    const named = name === undefined ? {} : { profile: name };
    const kind = device === 'asset' ? 'inverter' : device;
    const line = { asset: at, device: kind, ...named, host, port, unitIds, serial: serialNumber, control };
    const text = [
      at === undefined ? device : `${device} ${at}`,
      name,
      `${host}:${port}`,
      `unit ${unitIds.join(' or ')}`,
    ];
    console.log(
      asJson
        ? JSON.stringify(line)
        : [...text.filter((part) => part !== undefined), `serial ${serialNumber}`].join('  '),
    );
  }
}

/** The first signal ends the program in order; a second one ends it at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

/** Settings that were left out are absent, not undefined. */
function given(plant: z.output<typeof startSettingsSchema>): Partial<PlantSettings> {
  return Object.fromEntries(Object.entries(plant).filter(([, value]) => value !== undefined));
}

function json<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'a JSON object' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

function number(lowest: number, highest: number): z.ZodType<number> {
  const expected = `a number from ${lowest} to ${highest}`;
  return z
    .string(expected)
    .regex(/^-?\d+(\.\d+)?$/, expected)
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, expected);
}

function whole(lowest: number, highest: number): z.ZodType<number> {
  const expected = `a whole number from ${lowest} to ${highest}`;
  return z
    .string(expected)
    .regex(/^\d+$/, expected)
    .transform(Number)
    .refine((value) => value >= lowest && value <= highest, expected);
}
