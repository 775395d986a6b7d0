/** A few rounds of the kill campaign (`npm run campaign -- kill`): nothing acknowledged is lost, nothing counts twice. */
// deadline: 300 s
// alone
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrokers } from '../../io/broker-find.ts';
import { killCampaign } from './kill.ts';

const ROUNDS = 50;

if ((await findBrokers()).length === 0) console.log('SKIPPED: no nats-server is installed');
else {
  test(`${ROUNDS} kills of recorder, receiver and broker lose nothing that was acknowledged`, async () => {
    const { acknowledged, lost, gaps, duplicates } = await killCampaign(ROUNDS, 7, () => undefined);
    assert.ok(acknowledged > 0);
    assert.equal({ lost, gaps, duplicates }, { lost: 0, gaps: 0, duplicates: 0 });
  });
  test.run();
}
