/** How a site file may say where a device is. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deviceLinkSchema } from '../../contracts/device-link.ts';
import { siteSchema } from '../../contracts/site-config.ts';

const test = suite('links to devices');

test('a host, a gateway with RTU and a serial line are taken, with the usual settings', () => {
  assert.equal(deviceLinkSchema.parse({ host: 'h' }), { host: 'h', port: 502 });
  assert.equal(deviceLinkSchema.parse({ host: 'h', port: 4001, framing: 'rtu', unitId: 3 }), {
    host: 'h',
    port: 4001,
    framing: 'rtu',
    unitId: 3,
  });
  const { serial } = deviceLinkSchema.parse({ serial: { path: '/dev/ttyUSB0' }, unitId: 247 });
  assert.equal(serial, { path: '/dev/ttyUSB0', baudRate: 9600, parity: 'none', stopBits: 1 });
});

const REFUSED: Readonly<Record<string, readonly [link: unknown, path: string]>> = {
  'no place at all': [{}, 'host'],
  'two places': [{ host: 'h', serial: { path: '/dev/ttyUSB0' } }, 'serial'],
  'a framing on a serial line': [{ framing: 'tcp', serial: { path: '/dev/ttyUSB0' } }, 'framing'],
  'unit 0, to which nobody answers, on a serial line': [{ unitId: 0, serial: { path: '/dev/ttyUSB0' } }, 'unitId'],
  'unit 248 behind a gateway': [{ host: 'h', framing: 'rtu', unitId: 248 }, 'unitId'],
  'three stop bits': [{ serial: { path: '/dev/ttyUSB0', stopBits: 3 } }, 'serial.stopBits'],
};
for (const [title, [link, place]] of Object.entries(REFUSED)) {
  test(`${title}: refused at ${place}`, () => {
    const { error } = deviceLinkSchema.safeParse(link);
    assert.equal(
      error?.issues.map((issue) => issue.path.join('.')),
      [place],
    );
  });
}

test('two assets may share a line, never a unit on it', () => {
  const asset = (id: string, unitId: number): unknown => ({
    id,
    profile: 'huawei-sun2000-luna2000',
    modbus: { serial: { path: '/dev/ttyUSB0' }, unitId },
    capacityWh: 1000,
    maxChargePowerW: 100,
    maxDischargePowerW: 100,
  });
  const site = (second: number): unknown => ({ site: { id: 'S' }, assets: [asset('a', 1), asset('b', second)] });
  assert.ok(siteSchema.safeParse(site(2)).success);
  assert.match(siteSchema.safeParse(site(1)).error?.issues[0]?.message ?? '', '/dev/ttyUSB0 unit 1 is a already');
});

test.run();
