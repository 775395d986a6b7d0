/**
 * Stops the devices of one place (an address, or a serial line), again and again until told to leave.
 *
 *   connect → is it the right device? → the whole sequence → the trigger alone, every second
 *
 * Any fault drops the connection, and everything begins anew a second later, for as long as nobody commands the devices:
 * to give up would leave a battery at power. A device that shows another serial number is never written to.
 */
import type { Clock } from '../contracts/clock.ts';
import { codeOf, Fault } from '../contracts/faults.ts';
import type { DevicePort, OpenDevice } from '../contracts/ports.ts';
import type { StopAccount, StopPlan } from '../contracts/stopper.ts';

const REPEAT_MS = 1000;
/** For the first try: a device that answers at all does so well before its usual timeout. */
const FIRST_TIMEOUT_MS = 1500;

export type Stopping = {
  readonly open: OpenDevice;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly note: (account: StopAccount) => void;
};

type Device = {
  readonly plan: StopPlan;
  port: DevicePort | undefined;
  whole: boolean;
  tries: number;
  account: StopAccount;
};

/** Ends when the signal aborts; the connections are closed then. Never rejects. */
export async function stopPlace(plans: readonly StopPlan[], stopping: Stopping): Promise<void> {
  const { clock, signal } = stopping;
  const devices = plans.map((plan): Device => ({
    plan,
    port: undefined,
    whole: false,
    tries: 0,
    account: untouched(plan.assetId),
  }));
  const drop = (): void => devices.forEach(({ port }) => port?.drop('close'));
  signal.addEventListener('abort', drop);
  while (!signal.aborted) {
    for (const device of devices) {
      await visit(device, stopping);
      // Whoever shares a line with others must leave it to them.
      if (devices.length > 1) hangUp(device);
    }
    await pause(REPEAT_MS, clock, signal);
  }
  drop();
}

export function untouched(assetId: string): StopAccount {
  return { asset_id: assetId, outcome: 'unreachable', reason: null, first_write: null, stopped_at: null, writes: 0 };
}

async function visit(device: Device, stopping: Stopping): Promise<void> {
  const { clock, signal, note } = stopping;
  try {
    device.port ??= await connect(device, stopping);
    if (signal.aborted) return hangUp(device);
    await write(device, device.port, clock);
  } catch (error) {
    const reason = codeOf(error, 'CONNECTION_CLOSED');
    device.account = { ...device.account, outcome: reason === 'WRONG_IDENTITY' ? 'refused' : 'unreachable', reason };
    hangUp(device);
    device.whole = false;
    if (!(error instanceof Fault)) throw error;
  } finally {
    if (!signal.aborted) note(device.account);
  }
}

async function connect(device: Device, { open, clock, signal }: Stopping): Promise<DevicePort> {
  const { address, connectDelayMs, serial, assetId } = device.plan;
  const timeoutMs = device.tries === 0 ? Math.min(FIRST_TIMEOUT_MS, address.timeoutMs) : address.timeoutMs;
  device.tries += 1;
  const port = await open({ ...address, timeoutMs }, signal);
  device.port = port;
  await pause(connectDelayMs, clock, signal);
  const words = await port.read(serial.register, serial.count, serial.space);
  if (serial.words.some((wanted, index) => words[serial.at + index] !== wanted))
    throw new Fault('WRONG_IDENTITY', `another device than ${assetId} answers`);
  return port;
}

/**
 * Everything once, then what stops the power. A step that the device refuses keeps none of the others back, but for those that
 * make it do what its registers say: one of them may say something else than zero then.
 */
async function write(device: Device, port: DevicePort, clock: Clock): Promise<void> {
  const { steps } = device.plan;
  let refused: string | null = null;
  for (const { register, words, functionCode, trigger, engages } of steps) {
    if ((device.whole && !trigger) || (engages && refused !== null)) continue;
    const ts = new Date(clock.wall()).toISOString();
    const { first_write, writes } = device.account;
    device.account = { ...device.account, first_write: first_write ?? ts, writes: writes + 1 };
    try {
      await port.write(register, words, functionCode);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'DEVICE_EXCEPTION') throw error;
      refused = error.code;
    }
  }
  device.whole = refused === null;
  const stopped_at = device.account.stopped_at ?? (device.whole ? new Date(clock.wall()).toISOString() : null);
  device.account = { ...device.account, outcome: device.whole ? 'stopped' : 'refused', reason: refused, stopped_at };
}

/** What shares a place begins anew with every visit, so only its trigger is written again. */
function hangUp(device: Device): void {
  device.port?.drop('close');
  device.port = undefined;
}

function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
