/**
 * Every alarm that bessd can raise, rationalised as IEC 62682 / ISA-18.2 ask: why it comes, what follows when nobody acts,
 * what to do. `docs/alarms.md` is written from this table. An id in the table may end in `*` or begin with it.
 */
import type { Severity } from './reports.ts';

export const ALARM_STATES = [
  'normal',
  'unacknowledged',
  'acknowledged',
  'returned',
  'shelved',
  'suppressed',
  'out_of_service',
] as const;
/** `returned`: the cause is gone and nobody has acknowledged it yet. */
export type AlarmState = (typeof ALARM_STATES)[number];

/** Within how many minutes somebody has to act, by severity. */
export const RESPONSE_MINUTES: Readonly<Record<Severity, number>> = { P1: 15, P2: 60, P3: 240, P4: 1440 };

/** A P1 may not be put aside; the others so long at most. */
export const SHELVE_MOST_MINUTES: Readonly<Record<Exclude<Severity, 'P1'>, number>> = { P2: 480, P3: 1440, P4: 1440 };

/** Raised so often within the window, an alarm chatters: it then returns only after it was quiet for as long. */
export const CHATTER = { raises: 3, windowMs: 60_000 } as const;

export type AlarmRow = {
  readonly severity: Severity;
  readonly cause: string;
  readonly consequence: string;
  readonly action: string;
  /** While that alarm stands this one says nothing new. */
  readonly suppressedBy?: string;
};

export const ALARMS: Readonly<Record<string, AlarmRow>> = {
  'estop-latched': {
    severity: 'P1',
    cause: 'somebody requested the emergency stop, or the latch could not be trusted',
    consequence: 'every asset is stopped; no order is accepted',
    action: 'find out why; make the site safe; reset it with two persons',
  },
  tripped: {
    severity: 'P1',
    cause: 'a cell or the battery is outside the limits that trip',
    consequence: 'the asset is stopped and stays so',
    action: 'inspect the battery; once the cause is gone, reset the trip',
  },
  'device-fault': {
    severity: 'P1',
    cause:
      'the device reports a fault, a critical alarm, an insulation fault, or a contactor that opened under an order',
    consequence: 'the asset is held and does not start again by itself',
    action: 'read the fault of the device, clear it there, then reset the trip',
  },
  'power-after-stop': {
    severity: 'P1',
    cause: 'the battery still moves power after a stop was written',
    consequence: 'power that bessd cannot stop',
    action: 'stop the device at itself, or cut it off by its own switch',
  },
  'wrong-device': {
    severity: 'P1',
    cause: 'another model or serial number answers at the address',
    consequence: 'nothing is written to it; the asset cannot be stopped from here',
    action: 'check cabling and addresses; correct the site file if the device was exchanged',
  },
  'battery-hot': {
    severity: 'P1',
    cause: 'the hottest sensor is at the upper limit',
    consequence: 'no power in either direction; at the next limit the asset trips',
    action: 'check cooling and surroundings at once; expect a thermal event until it falls',
  },
  'soc-critical-low': {
    severity: 'P1',
    cause: 'the state of charge is at or under the critical limit',
    consequence: 'no discharge; the battery may be damaged by its own consumption',
    action: 'charge it gently, or switch off what draws from it',
  },
  'latch-unreadable': {
    severity: 'P1',
    cause: 'the file of the latch cannot be read or understood',
    consequence: 'the site starts latched',
    action: 'check the disk; make sure that no stop stands; reset the emergency stop',
  },
  'latch-unsaved': {
    severity: 'P1',
    cause: 'the disk does not take the latch',
    consequence: 'emergency stop and trips would be forgotten by a restart',
    action: 'do not restart; make room on the disk or replace it',
  },
  'second-runtime': {
    severity: 'P1',
    cause: 'another runtime of this site runs on this machine',
    consequence: 'two controllers would command the same devices against each other',
    action: 'end one of them',
  },
  'stopper-acted': {
    severity: 'P1',
    cause: 'control was silent for 5 s and the stopper took the devices',
    consequence: 'the devices were stopped; their orders are over',
    action: 'find out why control was silent: load, memory, disk, a kill; then order anew',
  },
  'stopper-down': {
    severity: 'P2',
    cause: 'the process of the stopper ended or does not answer',
    consequence: 'nobody would stop the devices if control hung now',
    action: 'look at memory and log; it is started again by itself, call support when it stays away',
  },
  'soc-critical-high': {
    severity: 'P2',
    cause: 'the state of charge is at or over the critical limit',
    consequence: 'no charge',
    action: 'discharge a little; check what charged it so far',
  },
  'link-down': {
    severity: 'P2',
    cause: 'the device does not answer',
    consequence: 'no orders for it; its own dead-man is what stops it',
    action: 'check power, network and the number of clients of the device',
  },
  'meter-lost': {
    severity: 'P2',
    cause: 'the meter of the grid connection is silent or contradicts the assets',
    consequence: 'power is limited to grid.meterLostMaxW',
    action: 'check the meter and its line',
  },
  'not-following': {
    severity: 'P2',
    cause: 'the registers took the power but the battery does not move it',
    consequence: 'the order failed; its share goes to the others',
    action: 'look at the state of the device and of its battery',
  },
  'power-outside-permit': {
    severity: 'P2',
    cause: 'the battery moves power that nobody ordered and the permit does not allow',
    consequence: 'it is held, unless others may command it too',
    action: 'find out who commands the device; check its own settings',
  },
  'foreign-control': {
    severity: 'P2',
    cause: 'somebody else keeps changing the registers that bessd writes',
    consequence: 'bessd yields and follows no order for it',
    action: 'find the other controller and end it, or set authority: shared',
  },
  'deadman-not-counting': {
    severity: 'P2',
    cause: 'the device does not count the time after which it would stop by itself',
    consequence: 'after a loss of the link the power goes on',
    action: 'run the drill of the dead-man; check the firmware with the vendor',
  },
  'firmware-changed': {
    severity: 'P2',
    cause: 'the device shows another firmware than the accepted one',
    consequence: 'the asset is read-only',
    action: 'check what the firmware changed; run the drill; accept it',
  },
  'profile-unfit': {
    severity: 'P2',
    cause: 'the device lacks models or points that its profile needs',
    consequence: 'the device is not used',
    action: 'choose the profile that fits, or switch the missing models on in the device',
  },
  'posture-unreachable': {
    severity: 'P2',
    cause: 'a value that has to be written is not known',
    consequence: 'the device cannot be brought where it is wanted',
    action: 'check that the named register can be read; restart the link',
  },
  'originals-unsaved': {
    severity: 'P2',
    cause: 'the disk does not take the values found in the device',
    consequence: 'no power for the asset until it does',
    action: 'make room on the disk or replace it',
  },
  'orders-unsaved': {
    severity: 'P2',
    cause: 'the disk does not take the ids of orders',
    consequence: 'orders are refused; stops and the emergency stop work',
    action: 'make room on the disk or replace it',
  },
  'orders-unreadable': {
    severity: 'P3',
    cause: 'the file with the ids of earlier orders is damaged, or the disk does not answer',
    consequence: 'an order that is sent again after a restart would act again',
    action: 'check the disk; let issuers number their orders anew',
  },
  'quarantined-*': {
    severity: 'P2',
    cause: 'a part of bessd failed too often and is paused',
    consequence: 'what the part does is missing meanwhile: a device without its driver, a site without its record',
    action: 'read the reason in the message; it is tried again by itself',
  },
  'battery-warm': {
    severity: 'P3',
    cause: 'the hottest sensor is over the warning limit',
    consequence: 'half the power in both directions',
    action: 'check cooling and filters',
  },
  'cell-spread': {
    severity: 'P3',
    cause: 'the voltages of the cells differ too much',
    consequence: 'half the power, at more none',
    action: 'plan an equalisation; look for a weak cell',
  },
  'deadman-unsaved': {
    severity: 'P3',
    cause: 'the disk does not take the result of the drill',
    consequence: 'the result is forgotten by a restart',
    action: 'make room on the disk; repeat the drill',
  },
  'originals-unreadable': {
    severity: 'P3',
    cause: 'the saved original values of a device are damaged',
    consequence: 'release cannot restore them',
    action: 'set the limits of the device by hand to what it had',
  },
  'limits-closed': {
    severity: 'P3',
    cause:
      'the limits that the device had of its own are zero in both directions: somebody set them so, or the runtime was killed under a disk that refused to keep them',
    consequence: 'no power for the asset: what is found is never widened',
    action: 'tag the asset out, set its limits at the device, take the tag away',
  },
  'record-unavailable': {
    severity: 'P3',
    cause: 'the record cannot be written',
    consequence: 'telemetry and events are kept in memory, then the oldest are lost',
    action: 'check the disk',
  },
  'record-slow': {
    severity: 'P3',
    cause: 'the disk takes seconds to keep a batch of reports',
    consequence: 'what waits in memory is lost if the power fails now',
    action: 'look for what else writes to the disk; replace a card that is wearing out',
  },
  'record-damaged': {
    severity: 'P3',
    cause: 'a file of the record was damaged',
    consequence: 'it was set aside and a new one begun',
    action: 'keep the file that was set aside; check the disk',
  },
  'audit-broken': {
    severity: 'P2',
    cause: 'the hash chain of the audit log does not hold',
    consequence: 'entries may have been changed or lost',
    action: 'save the record; find out who had access',
  },
  'record-space': {
    severity: 'P3',
    cause: 'the disk is nearly full',
    consequence: 'the oldest of the record is given up',
    action: 'make room, or keep less',
  },
  'record-unsent': {
    severity: 'P3',
    cause: 'the record gives up within a day, or next when it is full, what an uplink has not sent',
    consequence: 'the other side of the uplink never gets it',
    action: 'bring the uplink back; till then keep more (record.keepDays, record.maxBytes), or take a backup',
  },
  'broker-missing': {
    severity: 'P3',
    cause: 'no nats-server was found on this machine',
    consequence: 'commands come by HTTP and the Unix socket only',
    action: 'install nats-server, or name a broker in the site file',
  },
  'broker-old': {
    severity: 'P3',
    cause: 'the broker is older than what was tested',
    consequence: 'some of its settings may be missing',
    action: 'install a newer nats-server',
  },
  'broker-down': {
    severity: 'P3',
    cause: 'the broker does not answer',
    consequence: 'telemetry is not published; commands come by HTTP and the Unix socket',
    action: 'check the broker and the way to it',
  },
  'estop-bus-down': {
    severity: 'P3',
    cause: 'the connection of the emergency stop to the broker is down',
    consequence: 'an emergency stop over NATS does not arrive; HTTP and the socket work',
    action: 'check the broker and the way to it',
    suppressedBy: 'broker-down',
  },
  'north-defect': {
    severity: 'P3',
    cause: 'an error in the north thread that belongs to no part',
    consequence: 'one answer or publication is missing',
    action: 'report it with the log',
  },
  '*-failing': {
    severity: 'P3',
    cause: 'a part of the north (HTTP, bus, socket, broker) fails again and again',
    consequence: 'that way to the site does not work meanwhile',
    action: 'read the reason in the message: a port that is taken, a folder that cannot be written',
  },
  'alarms-unsaved': {
    severity: 'P4',
    cause: 'the disk does not take what was acknowledged and shelved',
    consequence: 'it is forgotten by a restart',
    action: 'check the disk',
  },
};

/** The row of an alarm by its id, without the asset. */
export function alarmRow(id: string): AlarmRow | undefined {
  const row = ALARMS[id];
  if (row) return row;
  const [, found] =
    Object.entries(ALARMS).find(([pattern]) => {
      if (pattern.startsWith('*')) return id.endsWith(pattern.slice(1));
      return pattern.endsWith('*') && id.startsWith(pattern.slice(0, -1));
    }) ?? [];
  return found;
}
