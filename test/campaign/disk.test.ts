/** The disk campaign in small (`npm run campaign -- disk`): the record thread alone cannot sync, and the site goes on. */
// deadline: 180 s
// alone
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrokers } from '../../io/broker-find.ts';
import { missingForDisk } from './disk-faults.ts';
import { diskCampaign } from './disk.ts';

/** Of polls and stops, which depend on how busy this machine is, only the full campaign judges. */
const OF_TIME = /^(a poll came late|the stop was written after)/;

const missing = missingForDisk() ?? ((await findBrokers()).length === 0 ? 'no nats-server is installed' : undefined);
if (missing !== undefined) console.log(`SKIPPED: ${missing}`);
else {
  test('a site whose record cannot be synced obeys orders and the E-stop, raises one alarm, and loses nothing', async () => {
    const { problems, bad, received } = await diskCampaign('eio', { stretchMs: 4000, brief: true }, 7);
    assert.equal(
      problems.filter((problem) => !OF_TIME.test(problem)),
      [],
    );
    assert.ok(bad.orders > 0 && received > 0);
  });
  test.run();
}
