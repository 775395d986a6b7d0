/** Whom an alert reaches, and how soon. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { z } from 'zod';
import { programOf, read, rules, SEVERITIES } from './files.ts';

const FILE = 'deploy/alertmanager/alertmanager.yml';
const amtool = programOf('amtool', 'prometheus-alertmanager');

const configSchema = z.object({
  route: z.object({
    receiver: z.string(),
    routes: z.array(
      z.object({
        matchers: z.array(z.string()),
        receiver: z.string(),
        group_wait: z.string().optional(),
        repeat_interval: z.string(),
      }),
    ),
  }),
  inhibit_rules: z.array(
    z.object({
      source_matchers: z.array(z.string()),
      target_matchers: z.array(z.string()),
      equal: z.array(z.string()).optional(),
    }),
  ),
  receivers: z.array(z.object({ name: z.string() })),
});
const config = configSchema.parse(parse(read(FILE)));

test('each severity has its own route, and each route a receiver that exists', () => {
  const names = config.receivers.map(({ name }) => name);
  assert.equal(
    config.route.routes.map(({ matchers, receiver }) => [matchers, receiver]),
    SEVERITIES.map((severity) => [[`severity="${severity}"`], severity.toLowerCase()]),
  );
  for (const { receiver } of [config.route, ...config.route.routes]) assert.ok(names.includes(receiver), receiver);
});

test('a P1 waits for nothing and is repeated every 15 minutes', () => {
  const [first] = config.route.routes;
  assert.equal([first?.group_wait, first?.repeat_interval], ['0s', '15m']);
});

test('no alert of a safety function is silenced, and everything that is silenced exists', () => {
  const known = new Map(rules().map(({ alert, labels }) => [alert, labels.severity]));
  for (const { source_matchers, target_matchers } of config.inhibit_rules) {
    const named = (matchers: readonly string[]): readonly string[] => matchers.join(' ').match(/BESS\w+/g) ?? [];
    for (const name of [...named(source_matchers), ...named(target_matchers)]) assert.ok(known.has(name), name);
    for (const name of named(target_matchers)) assert.not.equal(known.get(name), 'P1', name);
  }
});

if (amtool) {
  test('amtool takes the configuration and routes each severity to its receiver', () => {
    const { code, output } = amtool(['check-config', FILE]);
    assert.is(code, 0, output);
    for (const severity of SEVERITIES) {
      const routed = amtool(['config', 'routes', 'test', `--config.file=${FILE}`, `severity=${severity}`, 'site_id=S']);
      assert.is(routed.output.split(/\s/)[0], severity.toLowerCase());
    }
  });
}

test.run();
