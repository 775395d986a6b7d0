/**
 * One run of the demo: plant, then runtime, then the watch over them; ended in reverse.
 */
import { onStopSignals } from '../stop-signals.ts';
import { runningSites } from '../cli/link.ts';
import { createDisplay } from './display.ts';
import type { Display } from './display.ts';
import type { Kept } from './keep.ts';
import { plantPorts, takePlace, USUAL_SITE } from './place.ts';
import type { Place, PlantPorts } from './place.ts';
import { brokerPid, forgetPids, keepPlant, keepRuntime, killStopper, plantReady } from './processes.ts';
import { ASSETS, operatorsOf, PLANT, writeSiteFile } from './site.ts';
import type { DemoOperator } from './site.ts';
import { watchSite } from './watch.ts';
import type { Sight } from './watch.ts';

type Demo = {
  readonly place: Place;
  readonly operators: readonly DemoOperator[];
  readonly stopping: AbortController;
  readonly display: Display;
  ports: PlantPorts | undefined;
  plant: Kept | undefined;
  runtime: Kept | undefined;
  watching: Promise<void> | undefined;
  sight: Sight;
  runtimeStarts: number;
};

const FORCED = 130;

/** Resolves with the exit code once everything has ended. */
export async function runDemo(): Promise<number> {
  const demo = await createDemo();
  const { place, display, stopping } = demo;
  onStopSignals((times) => (times === 1 ? stopping.abort() : force(demo)));
  try {
    console.log(`bessd demo, site ${place.siteId}, in ${place.folder}`);
    await start(demo);
    display.open();
    await Promise.race([asked(stopping.signal), demo.runtime?.lost, demo.plant?.lost]);
  } catch (error) {
    display.close();
    await endInOrder(demo);
    throw error;
  }
  display.close();
  return await endInOrder(demo);
}

async function createDemo(): Promise<Demo> {
  const place = await takePlace();
  const operators = operatorsOf(place);
  const { siteId } = place;
  const alone = siteId === USUAL_SITE && (await runningSites()).length === 0;
  const demo: Demo = {
    place,
    operators,
    stopping: new AbortController(),
    display: createDisplay(() => ({
      ...demo.sight,
      siteId,
      operators,
      restarts: Math.max(0, demo.runtimeStarts - 1),
      siteOption: alone ? '' : `--site ${siteId} `,
      pids: { runtime: demo.runtime?.pid(), broker: brokerPid(place), plant: demo.plant?.pid() },
    })),
    ports: undefined,
    plant: undefined,
    runtime: undefined,
    watching: undefined,
    sight: { where: undefined, status: undefined },
    runtimeStarts: 0,
  };
  return demo;
}

async function start(demo: Demo): Promise<void> {
  const { place, operators, display, stopping } = demo;
  const { tell } = display;
  const { siteId, socketPath } = place;
  demo.ports = await plantPorts(ASSETS.length);
  const port = demo.ports.first;
  writeSiteFile(place, operators, port);
  const plant = keepPlant({ place, tell }, port);
  demo.plant = plant;
  await Promise.race([plantReady(place, stopping.signal), plant.lost]);
  if (stopping.signal.aborted) return;
  announce(demo, port);
  const runtime = keepRuntime({ place, tell }, () => (demo.runtimeStarts += 1));
  demo.runtime = runtime;
  demo.watching = watchSite({
    siteId,
    socketPath,
    tell,
    pid: runtime.pid,
    onSight: (seen) => (demo.sight = seen),
    signal: stopping.signal,
  });
}

function announce({ place, operators, display: { tell } }: Demo, port: number): void {
  const { ratedW, capacityWh, loadW, pvW } = PLANT;
  tell(
    `plant: ${ASSETS.join(' and ')} at 127.0.0.1:${port} and the next port, ` +
      `${ratedW / 1000} kW and ${capacityWh / 1000} kWh each, with ${loadW / 1000} kW load and ${pvW / 1000} kW PV`,
  );
  for (const { name, role, token } of operators) tell(`operator ${name} (${role}) has the token ${token}`);
  tell(`socket at ${place.socketPath}; log of the runtime in ${place.runtimeLog}`);
}

async function endInOrder({ place, stopping, watching, runtime, plant, ports }: Demo): Promise<number> {
  stopping.abort();
  await watching;
  console.log('ending: the runtime brings the devices into their exit state (Ctrl-C again to force)');
  const end = await runtime?.stop();
  killStopper(place.folder);
  await plant?.stop();
  forgetPids(place);
  ports?.release();
  place.release();
  const inOrder = end === undefined || end.code === 0;
  console.log(inOrder ? 'ended in order' : `the runtime did not end in order; its log is ${place.runtimeLog}`);
  return inOrder ? 0 : 1;
}

function force({ display, runtime, plant, place, ports }: Demo): never {
  display.close();
  console.error('forced: everything is killed, the devices stay as they are');
  runtime?.kill();
  killStopper(place.folder);
  plant?.kill();
  forgetPids(place);
  ports?.release();
  place.release();
  process.exit(FORCED);
}

function asked(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
}
