/** An image here is a program of this machine. An entry says which repositories it stands for, and how a container of it is run. */
import type { Programs } from '../options.ts';

export interface CatalogueAddition {
  command: string[];
  args?: string[] | undefined;
  env?: Record<string, string> | undefined;
  workingDir?: string | undefined;
  mounts?: string[] | undefined;
}

export interface ImageProgram {
  /** Default command, as ENTRYPOINT; a container's `command` replaces it. */
  entrypoint: string[];
  /** Default arguments, as CMD; a container's `args` replace them. */
  defaultArgs?: string[];
  env?: Record<string, string>;
  workingDir?: string;
  /** Folders of the machine that the container sees read-only at the same path. */
  mounts?: string[];
  /** Runs with an Istio agent of the kubelet beside it when its arguments begin with `proxy`. */
  isProxy?: boolean;
}

export interface Image {
  /** Without registry prefix docker.io/ and without tag. */
  repositories: string[];
  program(programs: Programs, repository: string): ImageProgram;
}

/** The repository of an image reference: without tag, digest and docker.io's implied parts. */
export function repositoryOf(reference: string): string {
  const [withoutDigest = ''] = reference.split('@');
  const slash = withoutDigest.lastIndexOf('/');
  const colon = withoutDigest.indexOf(':', slash + 1);
  const name = colon === -1 ? withoutDigest : withoutDigest.slice(0, colon);
  return name.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
}
