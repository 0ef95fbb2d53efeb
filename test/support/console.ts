/** The console as a browser or a tool asks it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually, isthmus } from './isthmus.ts';

export interface ConsoleClient {
  url: string;
  /** The answer's status and body, parsed where it is JSON. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; body: any; text: string; headers: Headers }>;
  /** The body. Fails on any other status than 200. */
  get<T>(path: string, init?: RequestInit): Promise<T>;
}

export function consoleAt(url: string): ConsoleClient {
  const ask: ConsoleClient['ask'] = async (path, init) => {
    const response = await fetch(url + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text, text, headers: response.headers };
  };
  return {
    url,
    ask,
    async get(path, init) {
      const { status, body, text } = await ask(path, init);
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
      return body;
    },
  };
}

/** The console that `up` has started. */
export async function consoleOf(home: string): Promise<ConsoleClient> {
  const { stdout } = await isthmus(['status', '-o', 'json'], { home });
  const { console: url } = JSON.parse(stdout);
  if (!url) throw new Error(`no console runs: ${stdout}`);
  return consoleAt(url);
}

/** Waits until the topology's link is in a state. @returns the link, and after how many milliseconds */
export async function untilLink(client: ConsoleClient, id: string, state: string, withinMs = 15_000) {
  const begun = performance.now();
  const link = await eventually(
    `link ${id} is ${state}`,
    async () => {
      const found = (await client.get<any>('/api/mesh')).links.find((one: any) => one.id === id);
      return found?.state === state ? { value: found } : { seen: JSON.stringify(found ?? 'none') };
    },
    withinMs,
  );
  return { link, milliseconds: performance.now() - begun };
}

export interface Load extends AsyncDisposable {
  /** Answers that arrived within the last seconds, by what was answered. */
  answers(seconds: number): Map<string, number>;
}

/** Requests at an even rate from the client of a cluster, each answer noted when it arrives. */
export function startLoad(home: string, cluster: string, perSecond: number, seconds: number): Load {
  const url = `http://helloworld.sample:5000/hello?[1-${perSecond * seconds}]`;
  const curl = ['curl', '-s', '--no-buffer', '--rate', `${perSecond}/s`, url];
  const child = spawn(
    'kubectl',
    [
      '--kubeconfig',
      join(home, 'kubeconfig'),
      '--context',
      cluster,
      '-n',
      'sample',
      'exec',
      'deploy/curl',
      '-c',
      'curl',
      '--',
      ...curl,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const seen: { at: number; version: string }[] = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen.push({ at: Date.now(), version: /version: (\w+)/.exec(line)?.[1] ?? 'none' });
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    answers(last) {
      const counts = new Map<string, number>();
      for (const { at, version } of seen)
        if (at >= Date.now() - last * 1000) counts.set(version, (counts.get(version) ?? 0) + 1);
      return counts;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
