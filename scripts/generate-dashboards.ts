/**
 * Writes the dashboards of Grafana from scripts/dashboards/: `node scripts/generate-dashboards.ts`. With `--check` nothing
 * is written, and a file that differs is named with exit code 1.
 */
import path from 'node:path';
import { DASHBOARDS } from './dashboards/all.ts';
import { grafana } from './dashboards/panels.ts';
import { keepGenerated } from './generated-file.ts';

const FOLDER = path.join(import.meta.dirname, '../deploy/grafana/dashboards');

for (const dashboard of DASHBOARDS) {
  const text = `${JSON.stringify(grafana(dashboard), undefined, 2)}\n`;
  keepGenerated(path.join(FOLDER, `${dashboard.uid}.json`), text, 'scripts/generate-dashboards.ts');
}
