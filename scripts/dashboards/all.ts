/** The dashboards that are shipped. */
import { device } from './device.ts';
import type { Dashboard } from './panels.ts';
import { runtime } from './runtime.ts';
import { safety } from './safety.ts';
import { site } from './site.ts';

export const DASHBOARDS: readonly Dashboard[] = [site, device, safety, runtime];
