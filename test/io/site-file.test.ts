/** The site file: what it names lies where it lies. */
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { loadSite } from '../../io/site-file.ts';
import { withFiles } from '../house/support.ts';

const SITE = {
  site: { id: 'SITE-1' },
  assets: [
    {
      id: 'bess-1',
      profile: 'huawei-sun2000-luna2000',
      modbus: { host: '127.0.0.1' },
      capacityWh: 1e5,
      maxChargePowerW: 5e4,
      maxDischargePowerW: 5e4,
    },
  ],
};

test('certificates, keys and password files of an uplink are relative to the site file, not to where bessd was started', () => {
  const uplink = { id: 'cloud', kind: 'mqtt', url: 'mqtts://mqtt.example:8883' };
  const files = { caFile: 'ca.crt', certFile: '../tls/site.crt', keyFile: '/etc/bessd/site.key', passwordFile: './pw' };
  withFiles({ 'etc/site.yaml': stringify({ ...SITE, uplinks: [{ ...uplink, ...files }] }) }, (root) => {
    const [found] = loadSite(path.join(root, 'etc/site.yaml'), {}).site.uplinks;
    assert.is(found?.kind, 'mqtt');
    if (found?.kind !== 'mqtt') return;
    const { caFile, certFile, keyFile, passwordFile } = found;
    assert.equal(
      { caFile, certFile, keyFile, passwordFile },
      {
        caFile: path.join(root, 'etc/ca.crt'),
        certFile: path.join(root, 'tls/site.crt'),
        keyFile: '/etc/bessd/site.key',
        passwordFile: path.join(root, 'etc/pw'),
      },
    );
  });
});

test('without them nothing is invented, and a site from the environment takes them from the folder it is started in', () => {
  const env = { SITE_ID: 'S', INVERTER_IP: '127.0.0.1', MQTT_BROKER_URL: 'mqtts://mqtt.example' };
  const [uplink] = loadSite(undefined, env).site.uplinks;
  assert.is(uplink?.kind === 'mqtt' && uplink.caFile, undefined);
  assert.is(uplink?.kind, 'mqtt');
});

test.run();
