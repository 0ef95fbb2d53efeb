/** Which version of Istio will run, and whether it is known here. */
import { IsthmusError, messageOf } from '../../errors/index.ts';
import { tryRun } from '../../process/index.ts';
import type { Mesh } from '../../spec/index.ts';

/** The oldest Istio whose profiles and values are known here. */
const oldest = [1, 18] as const;
/** Of charts whose version nobody names: the newest of a repository, or that of the folder. */
export const unstated = 'unstated';
const longestMs = 60_000;

/**
 * The version of Istio that will run: stated in the file, or the installer's own.
 * @throws IsthmusError `istio.*` when the installer is missing, or the version is too old or unknown.
 */
export async function istioVersionOf(mesh: Mesh): Promise<string> {
  const { installer, program, version } = mesh.controlPlane.istio;
  const isIstioctl = installer === 'istioctl';
  const args = isIstioctl ? ['version', '--remote=false', '-o', 'json'] : ['version', '--short'];
  const answer = await tryRun(program, args, { timeoutMs: longestMs }).catch((cause) => {
    throw new IsthmusError({
      code: 'istio.no-installer',
      fault: 'user',
      what: `${installer} cannot be run, and it is needed to install Istio`,
      where: program,
      why: messageOf(cause),
      fix: `put ${installer} into PATH, or name it as spec.controlPlane.program in mesh.yaml`,
      cause,
    });
  });
  const own = isIstioctl ? clientVersion(answer.stdout) : undefined;
  const used = version ?? own ?? (isIstioctl ? undefined : unstated);
  if (used === undefined || answer.code !== 0)
    throw new IsthmusError({
      code: 'istio.no-version',
      fault: 'user',
      what: `${installer} does not say its version`,
      where: program,
      why: (answer.stderr || answer.stdout).trim().slice(0, 200),
      fix: 'name another as spec.controlPlane.program, or write the version as spec.controlPlane.version in mesh.yaml',
    });
  for (const [stated, where] of [
    [used, 'version'],
    [own ?? used, 'program'],
  ] as const)
    if (isTooOld(stated))
      throw new IsthmusError({
        code: 'istio.too-old',
        fault: 'user',
        what: `Istio ${stated} is older than ${oldest.join('.')}`,
        where: `spec.controlPlane.${where}`,
        fix: `use Istio ${oldest.join('.')} or newer`,
      });
  return used;
}

function clientVersion(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text).clientVersion;
    return version && version !== 'unknown' ? version : undefined;
  } catch {
    return undefined;
  }
}

function isTooOld(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return false;
  return Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
}
