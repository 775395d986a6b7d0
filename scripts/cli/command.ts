/**
 * What the commands for a running site have in common: options, issuer, how a value is read and how a run ends.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 usage. Every usage error names option, value and expectation.
 */
import { Command, InvalidArgumentError } from 'commander';
import { userInfo } from 'node:os';
import type { Reply } from '../../contracts/commands.ts';
import { Fault, refusal } from '../../contracts/faults.ts';
import { openLink } from './link.ts';
import type { LinkOptions, SiteLink } from './link.ts';
import { failed, json } from './output.ts';
import { UsageError } from './usage.ts';

export type SiteOptions = LinkOptions & { readonly json?: boolean; readonly issuer: string };

export function siteCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--nats <url>', 'ask over this broker, such as nats://127.0.0.1:4222 (needs --site)', natsUrl)
    .option('--site <id>', 'the site; without it the one that runs on this machine')
    .option('--issuer <name>', 'who asks', userName())
    .option('--json', 'print the reply as JSON');
}

export function withToken(command: Command): Command {
  return command.option('--token <token>', 'your operator token; better in BESSD_TOKEN, which other users cannot see');
}

/** The token of the option or of the environment, as a field of the request. */
export function tokenOf({ token }: { readonly token?: string }): { readonly token?: string } {
  const found = token ?? process.env['BESSD_TOKEN'];
  return found ? { token: found } : {};
}

/** Sends one command and shows its reply. */
export async function ask(
  name: string,
  options: SiteOptions,
  body: object | ((link: SiteLink) => object),
  show: (data: never) => string,
): Promise<void> {
  await using link = await openLink(options);
  const request = typeof body === 'function' ? body(link) : body;
  finish(await link.request(name, request), options, show);
}

/** Prints a reply in the wanted form and sets the exit code. */
export function finish(reply: Reply, { json: asJson }: Pick<SiteOptions, 'json'>, show: (data: never) => string): void {
  if (!reply.ok) process.exitCode = 1;
  if (asJson) return console.log(json(reply));
  if (reply.ok) console.log(show(reply.data as never));
  else console.error(failed(reply));
}

/** Ends a run that threw: what broke outside is an answer, a defect keeps its stack. */
export function endWith(error: unknown, asJson: boolean): void {
  if (error instanceof UsageError) {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  } else if (error instanceof Fault) {
    const reply = refusal(error.code, error.message);
    if (asJson) console.log(json(reply));
    else console.error(failed(reply));
    process.exitCode = error.code === 'CONFIG_INVALID' ? 2 : 1;
  } else {
    throw error;
  }
}

/** A finite number between two bounds, both included. */
export function numberIn(min: number, max: number, unit: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a number of ${unit} from ${min} to ${max}.`);
  };
}

function natsUrl(text: string): string {
  if (/^(nats|tls|wss?):\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Expected a nats:// or tls:// address.');
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'cli'; // a user id without a name, as in some containers
  }
}
