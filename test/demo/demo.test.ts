// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEMO, descendants, isAlive, runDemo } from './running-demo.ts';

const ORDER = ['dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '60'];
/** Of util-linux: runs a command on a terminal of its own. */
const ON_A_TERMINAL = 'script';
const RESET = ['reset-estop', '--cause', 'test', '--confirmed-safe'];

test('the demo starts, takes an order, stops, is reset by its two operators, and ends in order', async () => {
  await using demo = await runDemo();
  const [, ana = ''] = await demo.says(/operator ana \(technician\) has the token (\w+)/);
  const [, ben = ''] = await demo.says(/operator ben \(engineer\) has the token (\w+)/);
  const [, http = ''] = await demo.says(/HTTP at (http\S+)/);
  for (const id of ['bess-1', 'bess-2']) await demo.says(new RegExp(`${id}: connection (?:.*→ )?online`));
  assert.is(((await (await fetch(`${http}/health`)).json()) as { status: string }).status, 'healthy');

  const order = await demo.bessd(...ORDER);
  assert.equal([order.ok, order.data?.applied_w], [true, 20_000], JSON.stringify(order));
  await demo.says(/bess-1: order \w+ for 20 kW/);

  const stop = await demo.bessd('estop', '--reason', 'test');
  assert.equal([stop.data?.zero.toSorted(), stop.data?.latched], [['bess-1', 'bess-2'], 'disk'], JSON.stringify(stop));
  await demo.says(/E-STOP latched.*: test/);
  assert.is((await demo.bessd(...ORDER)).code, 'ESTOP_LATCHED');

  const first = await demo.bessd(...RESET, '--issuer', 'ana', '--token', ana);
  assert.is(first.data?.state, 'reset_requested', JSON.stringify(first));
  const second = await demo.bessd(...RESET, '--issuer', 'ben', '--token', ben);
  assert.is(second.data?.state, 'armed', JSON.stringify(second));
  await demo.says(/E-stop reset: armed again/);

  const below = descendants(demo.process.pid ?? 0);
  assert.ok(below.length >= 2, 'the plant and the runtime are processes of their own');
  demo.signal('SIGTERM');
  demo.signal('SIGTERM');
  assert.is(await demo.exit, 0, demo.lastWords());
  await demo.says(/ended in order/);
  assert.equal(
    below.filter(({ pid }) => isAlive(pid)),
    [],
    'nothing is left behind',
  );
});

test('a runtime killed by kill -9 is started again, and what was latched before is latched after', async () => {
  await using demo = await runDemo();
  await demo.says(/bess-2: connection (?:.*→ )?online/);
  await demo.bessd('estop', '--reason', 'before the crash');
  const [, pid] = await demo.says(/the runtime starts, pid (\d+)/);
  process.kill(Number(pid), 'SIGKILL');
  await demo.says(/the runtime was killed by SIGKILL; it is started again in 1 s/);
  await demo.says(/started again[^]*the runtime starts, pid \d+[^]*E-STOP latched since \S+: before the crash/);
  assert.is((await demo.bessd('status')).data?.estop.state, 'latched');
});

test('a runtime that is told twice at once to end still ends in order', async () => {
  await using demo = await runDemo();
  await demo.says(/bess-2: connection (?:.*→ )?online/);
  const [, pid] = await demo.says(/the runtime starts, pid (\d+)/);
  process.kill(Number(pid), 'SIGTERM');
  await sleep(100);
  process.kill(Number(pid), 'SIGTERM');
  await demo.says(/the runtime ended with code 0; it is started again/);
});

test('when the demo itself is killed, its plant and its runtime end by themselves', async () => {
  await using demo = await runDemo();
  await demo.says(/bess-1: connection (?:.*→ )?online/);
  const below = descendants(demo.process.pid ?? 0);
  demo.signal('SIGKILL');
  await demo.exit;
  for (let tries = 0; tries < 200 && below.some(({ pid }) => isAlive(pid)); tries += 1) await sleep(50);
  assert.equal(
    below.filter(({ pid }) => isAlive(pid)),
    [],
  );
});

test('on a terminal there is a live view, and Ctrl-C ends it in order', async () => {
  if (!hasScript()) {
    console.log('SKIPPED: no script command of util-linux on this machine, so no terminal to show the live view on');
    return;
  }
  // exec: a shell that stays (dash does) would take the Ctrl-C too, and answer 130 whatever the demo's own exit code is.
  await using demo = await runDemo((command) => [ON_A_TERMINAL, '-qec', `exec ${command.join(' ')}`, '/dev/null']);
  await demo.says(/battery +SOC +battery power +temperature/);
  await demo.says(/bess-2 +50 % +0 kW .* online, standby/);
  await demo.says(new RegExp(`npx bessd dispatch --site ${demo.siteId} --asset bess-1`));
  demo.process.stdin?.write('\u0003');
  assert.is(await demo.exit, 0, demo.lastWords());
  await demo.says(/ended in order/);
});

test('--help explains, and an unknown option is a usage error', () => {
  assert.match(execFileSync(process.execPath, [DEMO, '--help'], { encoding: 'utf8' }), /SITE_ID[^]*HEALTH_PORT/);
  try {
    execFileSync(process.execPath, [DEMO, '--surprise'], { encoding: 'utf8', stdio: 'pipe' });
    assert.unreachable();
  } catch (error) {
    assert.is((error as { status?: number }).status, 2);
  }
});

function hasScript(): boolean {
  try {
    return execFileSync(ON_A_TERMINAL, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes('util-linux');
  } catch {
    return false; // not here, or that of another system
  }
}

test.run();
