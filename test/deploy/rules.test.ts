/** The alert rules: what promtool says of them, and what everybody who is woken by one may expect of it. */
import { parse } from 'yaml';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { alarmRow, ALARMS } from '../../contracts/alarms.ts';
import { programOf, read, rules, runbook } from './files.ts';

const promtool = programOf('promtool', 'prometheus');

/** The names under which other systems know them; the thirteenth of them, on carbon, would have no true source here. */
const KNOWN = [
  'BESSGatewayDown',
  'BESSGatewayHighLatency',
  'BESSHighSafetyBlocks',
  'BESSLowSOC',
  'BESSSOCWarning',
  'BESSHighTemperature',
  'BESSAnomalyDetected',
  'BESSIDSHighAlertRate',
  'BESSPublishErrorsHigh',
  'BESSDataLakePublishErrors',
  'BESSFleetSitesDown',
  'BESSHighFleetLatency',
];
const OURS = [
  'BESSEstopLatched',
  'BESSGuardStalled',
  'BESSPermitLapsed',
  'BESSRestartStorm',
  'BESSOutboxGrowing',
  'BESSEventLoopLag',
  'BESSBrokerDown',
  'BESSAuditBroken',
  'BESSClockNotSynchronised',
];

/** There is nothing to measure. */
const YES_OR_NO = ['BESSEstopLatched', 'BESSAuditBroken'];

test('every alert that was promised has a rule', () => {
  const names = rules().map(({ alert }) => alert);
  assert.equal(
    [...KNOWN, ...OURS].filter((name) => !names.includes(name)),
    [],
  );
  assert.is(new Set(names).size, names.length);
});

test('whoever is woken reads where, how much and since when, and finds the page', () => {
  for (const { alert, annotations } of rules()) {
    const { summary, description, runbook_url } = annotations;
    assert.is(runbook_url, `docs/runbook/${alert}.md`);
    assert.ok(YES_OR_NO.includes(alert) || /\d|\$value/.test(description), `${alert}: a number`);
    assert.ok(summary.length <= 100, `${alert}: the summary fits on a pager`);
  }
});

test('there is a page for each alert, and none for an alert that does not exist', () => {
  assert.equal(
    [...runbook().keys()],
    rules()
      .map(({ alert }) => alert)
      .toSorted(),
  );
});

test('only what cannot be a passing state fires without waiting', () => {
  const atOnce = rules().filter((rule) => rule.for === undefined);
  assert.equal(atOnce.map(({ alert }) => alert).toSorted(), [
    'BESSAuditBroken',
    'BESSHighSafetyBlocks',
    'BESSIDSHighAlertRate',
    'BESSPermitLapsed',
    'BESSRestartStorm',
  ]);
});

test('every rule is shown to fire and not to fire', () => {
  const { tests } = parse(read('deploy/prometheus/bessd.rules.test.yml')) as {
    tests: {
      name: string;
      alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[];
      promql_expr_test?: { expr: string; exp_samples: unknown[] }[];
    }[];
  };
  const restart = tests.at(-1);
  assert.match(restart?.name ?? '', /^a restart of the runtime/);
  for (const { alert } of rules()) {
    const fires = tests.some(({ promql_expr_test = [] }) =>
      promql_expr_test.some(({ expr, exp_samples }) => expr.includes(`"${alert}"`) && exp_samples.length > 0),
    );
    const quiet = tests
      .filter((one) => one !== restart)
      .some(({ alert_rule_test = [] }) => alert_rule_test.some(({ alertname }) => alertname === alert));
    const outlasts = restart?.alert_rule_test?.some(({ alertname }) => alertname === alert) === true;
    assert.equal({ alert, fires, quiet, outlasts }, { alert, fires: true, quiet: true, outlasts: true });
  }
});

test('every alarm of the site for which somebody is woken at once is in the runbook, the others in the list of alarms', () => {
  const page = runbook().get('BESSSiteAlarm') ?? '';
  assert.equal(
    Object.entries(ALARMS)
      .filter(([alarm, { severity }]) => severity === 'P1' && !page.includes(`\`${alarm}\``))
      .map(([alarm]) => alarm),
    [],
  );
  assert.ok(page.includes('(../alarms.md)'));
});

test('the alarms that a rule names are alarms of the site', () => {
  const patterns = rules().flatMap(({ expr }) => [...expr.matchAll(/alarm(?:!|=)?[=~]{1,2}"([^"]+)"/g)]);
  const named = patterns.flatMap(([, pattern = '']) => pattern.split('|'));
  assert.ok(named.length >= 10, named.join(' '));
  assert.equal(
    named.filter((alarm) => alarmRow(alarm) === undefined),
    [],
  );
});

if (promtool) {
  test('promtool takes the rules and the configuration', () => {
    for (const args of [
      ['check', 'rules', 'deploy/prometheus/bessd.rules.yml'],
      ['check', 'config', 'deploy/prometheus/prometheus.yml'],
    ]) {
      const { code, output } = promtool(args);
      assert.is(code, 0, output);
      assert.not.match(output, /FAILED|WARN/);
    }
  });

  test('the alerts fire when they must and not when they must not; a restart and absent series fire nothing', () => {
    const { code, output } = promtool(['test', 'rules', 'deploy/prometheus/bessd.rules.test.yml']);
    assert.is(code, 0, output);
  });
}

test.run();
