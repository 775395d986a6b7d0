/** The unit of every recorded point, by asset: from its profile, and for the values of the frame from their names. */
import type { LoadedSite } from '../io/site-file.ts';

const FRAME_UNITS = {
  soc_pct: '%',
  active_power_w: 'W',
  ac_power_w: 'W',
  battery_power_w: 'W',
  temperature_c: '°C',
  voltage_v: 'V',
  current_a: 'A',
} as const;

export function unitsOf({ profiles }: LoadedSite): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(
    [...profiles].map(([asset, { points }]) => {
      const ofPoints = Object.entries(points).map(([name, { unit }]) => [name, unit] as const);
      return [asset, { ...Object.fromEntries(ofPoints), ...FRAME_UNITS }];
    }),
  );
}
