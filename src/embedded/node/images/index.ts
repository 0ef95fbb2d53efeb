/** The catalogue of images. */
import type { Programs } from '../options.ts';
import { type CatalogueAddition, type Image, type ImageProgram, repositoryOf } from './image.ts';
import { pilot, proxy } from './istio.ts';
import { prometheus } from './prometheus.ts';
import { helloworld, pause, userland } from './samples.ts';

const catalogue: Image[] = [pilot, proxy, prometheus, helloworld, userland, pause];

/** The program of an image, or undefined when the catalogue does not have it. Additions win, with or without their tag. */
export function findProgram(
  reference: string,
  additions: Record<string, CatalogueAddition>,
  programs: Programs,
): ImageProgram | undefined {
  const repository = repositoryOf(reference);
  const key =
    Object.keys(additions).find((one) => one === reference) ??
    Object.keys(additions).find((one) => repositoryOf(one) === repository);
  if (key !== undefined) {
    const { command, args, env, workingDir, mounts } = additions[key]!;
    return {
      entrypoint: command,
      ...(args ? { defaultArgs: args } : {}),
      ...(env ? { env } : {}),
      ...(workingDir ? { workingDir } : {}),
      ...(mounts ? { mounts } : {}),
    };
  }
  return catalogue.find((image) => image.repositories.includes(repository))?.program(programs, repository);
}

export { type CatalogueAddition, type ImageProgram, repositoryOf } from './image.ts';
