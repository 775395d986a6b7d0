/**
 * The device's watch over its controller: once a heartbeat was seen it must keep changing, else the device goes to
 * standby until it changes again. A deaf device does not care.
 */
import type { Plant } from './plant.ts';

export type Heartbeat = {
  readonly heard: (beat: number) => void;
  readonly last: () => number;
  readonly reboot: () => void;
};

export function heartbeatOf(plant: Plant): Heartbeat {
  let last = 0;
  let missed = false;
  return {
    heard(beat) {
      if (beat === last) return;
      last = beat;
      if (missed) plant.control({ standby: false });
      missed = false;
      const { controllerTimeoutMs } = plant.settings;
      if (controllerTimeoutMs > 0) plant.timers.set('controller', plant.timeMs + controllerTimeoutMs, miss);
    },
    last: () => last,
    reboot() {
      last = 0;
      missed = false;
      plant.timers.clear('controller');
    },
  };

  function miss(): void {
    if (plant.settings.deaf) return;
    missed = true;
    plant.control({ standby: true });
  }
}
