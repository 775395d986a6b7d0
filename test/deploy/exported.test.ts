// deadline: 120 s
/** A real site: what it exports is all that rules, dashboards and documents name, and the runbook's commands work on it. */
import { globSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realSite } from '../processes/real-site.ts';
import type { RealSite } from '../processes/real-site.ts';
import { programOf, read, ROOT, rules, runbook } from './files.ts';
import { namesIn, seriesIn, typesIn, unknownIn, wrongLabels } from './names.ts';

const promtool = programOf('promtool', 'prometheus');

/** Commands that change nothing, and need nothing filled in. */
const READ_ONLY = /^npx bessd (?:status|alarms|doctor)(?: --json)?$/;
const DOCUMENTS = ['README.md', 'docs/**/*.md', 'deploy/**/*.md', 'deploy/prometheus/*.yml', 'deploy/grafana/**/*'];

let site: RealSite;
let text = '';

test.before(async () => {
  site = await realSite({
    assets: 2,
    // Nobody listens there, so the outbox fills.
    site: { uplinks: [{ id: 'cloud', kind: 'mqtt', url: 'mqtt://127.0.0.1:1' }] },
  });
  writeFileSync(path.join(site.folder, 'clock-synchronised'), '');
  await site.startRuntime();
  await site.until('an uplink that is counted', 20_000, async () =>
    /bess_outbox_depth\{uplink="cloud",/.test(await site.get('/metrics')),
  );
  const dispatched = await site.bessd('dispatch', '--asset', 'bess-1', '--w', '1000', '--duration', '60');
  assert.is(dispatched.code, 0, dispatched.stderr);
  await site.until('an order under way', 10_000, async () => /bess_order_kw\{/.test(await site.get('/metrics')));
  await site.bessd('estop', '--reason', 'test of the metrics');
  await site.until('an alarm', 10_000, async () => /bess_alarm_active\{/.test(await site.get('/metrics')));
  text = await site.get('/metrics');
});
test.after(async () => await site[Symbol.asyncDispose]());

test('what rules, dashboards, runbook and documents name is exported by a running site', () => {
  const exported = typesIn(text);
  for (const file of globSync(DOCUMENTS, { cwd: ROOT, withFileTypes: false }).filter((one) => /\.\w+$/.test(one)))
    assert.equal(unknownIn(read(file), exported, file === 'docs/metrics.md'), [], file);
});

test('every metric of a rule is not only declared but shown: with a value, and with the labels of the rule', () => {
  const shown = seriesIn(text);
  for (const { alert, expr } of rules()) {
    assert.equal(
      namesIn(expr).filter((name) => !shown.has(name)),
      [],
      alert,
    );
    assert.equal(wrongLabels(expr), [], alert);
  }
});

test('the emergency stop, its alarm, permits and connections are shown as they are', () => {
  for (const line of [
    /^bess_estop_latched\{site_id="[^"]+"\} 1$/m,
    /^bess_alarm_active\{alarm="estop-latched",asset_id="",severity="P1",site_id="[^"]+"\} 1$/m,
    /^bess_connection_state\{asset_id="bess-1",state="online",site_id="[^"]+"\} 1$/m,
    /^bess_clock_synchronised\{site_id="[^"]+"\} 1$/m,
    /^bess_uplink_state\{uplink="cloud",state="online",site_id="[^"]+"\} 0$/m,
    /^bess_permit_lapses_total\{asset_id="bess-1",site_id="[^"]+"\} 0$/m,
    /^bess_supervisor_restarts_total\{child="guard",site_id="[^"]+"\} 0$/m,
  ])
    assert.match(text, line);
  assert.ok(Number(/^bess_permit_age_seconds\{.*\} (.+)$/m.exec(text)?.[1]) < 10);
});

test('a plant that is gone shows as lost connections and failed polls, and its values vanish', async () => {
  await site.stopPlant();
  await site.until('lost connections', 30_000, async () => {
    const now: string = await site.get('/metrics');
    return (
      /^bess_connection_state\{asset_id="bess-2",state="online",site_id="[^"]+"\} 0$/m.test(now) &&
      /^bess_poll_failures_total\{asset_id="bess-2",site_id="[^"]+"\} 1$/m.test(now) &&
      /^bess_alarm_active\{alarm="link-down",asset_id="bess-2",severity="P2",site_id="[^"]+"\} 1$/m.test(now) &&
      !/^bess_soc_percent\{/m.test(now)
    );
  });
  await site.startPlant();
});

test('a site with two devices has few series', () => {
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(series.length < 400, `${series.length} series`);
});

if (promtool) {
  test('promtool has nothing to say against the metrics of a running site', () => {
    const { code, output } = promtool(['check', 'metrics'], text);
    assert.equal([code, output], [0, '']);
  });
}

test('each page has symptoms, checks and actions, and the time that its severity promises', () => {
  const within = { P1: '15 minutes', P2: 'one hour', P3: 'four hours', P4: 'next working day' };
  for (const { alert, labels } of rules()) {
    const page = runbook().get(alert) ?? '';
    for (const heading of [`# ${alert}`, '## Symptoms', '## Checks', '## Actions'])
      assert.ok(page.includes(`${heading}\n`), `${alert} ${heading}`);
    for (const severity of ['P1', 'P2', 'P3', 'P4'] as const)
      if (labels.severity === severity)
        assert.match(page, new RegExp(`^\\*\\*${severity}\\*\\*: answer (?:within|on the) ${within[severity]}`, 'm'));
  }
});

test('every command of the runbook exists with the options that are given to it', async () => {
  const helps = new Map<string, string>();
  for (const [alert, page] of [...runbook(), ['README', read('docs/runbook/README.md')] as const]) {
    for (const [command] of page.matchAll(/npx bessd [a-z][^`\n]*/g)) {
      const [, , name = '', ...rest] = command.trim().split(/\s+/);
      const help = helps.get(name) ?? (await site.bessd(name, '--help')).stdout;
      helps.set(name, help);
      assert.ok(help.startsWith(`Usage: bessd ${name} `), `${alert}: ${command}`);
      for (const option of rest.filter((word) => word.startsWith('--')))
        assert.ok(new RegExp(`^ +(?:-\\w, )?${option}\\b`, 'm').test(help), `${alert}: ${command}: ${option}`);
    }
  }
});

test('the commands that only look work on a running site, as they stand in the pages', async () => {
  const pages = [...runbook().values()];
  const commands = new Set(
    pages.flatMap((page) => page.match(/^npx bessd .+$/gm) ?? []).filter((one) => READ_ONLY.test(one)),
  );
  assert.ok(commands.size >= 4, [...commands].join(', '));
  for (const command of commands) {
    const { code, stdout, stderr } = await site.bessd(...command.split(' ').slice(2));
    assert.is(code, 0, `${command}: ${stderr}`);
    assert.match(stdout, new RegExp(command.includes('doctor') ? 'running site' : 'estop|E-stop'), command);
  }
});

test('what the pages ask over HTTP is answered, and each metric that they look for is there', async () => {
  for (const [alert, page] of runbook()) {
    for (const [, where = '', looked] of page.matchAll(
      /^(?:time )?curl -s http:\/\/127\.0\.0\.1:8000(\S+)(?: \| grep '\^(\w+)')?$/gm,
    )) {
      const answer: unknown = await site.get(where);
      assert.ok(answer, `${alert}: ${where}`);
      if (looked !== undefined) assert.ok(typesIn(text).has(looked.replace(/_count$/, '')), `${alert}: ${looked}`);
    }
  }
});

test.run();
